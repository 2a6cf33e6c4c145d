"""Candidates that a shell's script is given, through the program itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from charlm.cli.completion import SCRIPTS, VARIABLE, script
from charlm.cli.completion.bash import inserted, read_line
from charlm.cli.completion.values import Completion
from charlm.cli.entry import COMPLETION, run

BREAKS = " \t\n\"'@><=;|&(:"


@pytest.fixture
def ask(here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    def ask(shell: str, *words: str) -> str:
        monkeypatch.setenv(VARIABLE, shell)
        assert run(words) == 0
        sys.stdout.flush()
        out, err = capfd.readouterr()
        assert err == ""
        return out

    return ask


def test_the_variable_has_one_name() -> None:
    assert COMPLETION == VARIABLE
    assert all(f"{VARIABLE}" in text for text in SCRIPTS.values())


def test_forms(ask) -> None:
    assert ask("fish", "sample", "po") == "poems\n"
    assert ask("fish", "res") == "resume\tContinue a run exactly where it stopped\n"
    assert ask("fish", "train", "two\\ w") == "two words.txt\n"
    assert ask("zsh", "train", "builtin:ta") == " builtin\\:tales:little stories from a grammar\n"
    assert ask("zsh", "train", "su") == "+sub/\n"
    assert ask("powershell", "corpus", "make", "=ta") == "tales\tlittle stories from a grammar\n"
    assert ask("bash", "charlm trai", BREAKS) == "train \n"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("charlm train builtin:ta", "tales "),
        ("charlm train --model=l", "lstm "),
        ("charlm train --model='l", "--model=lstm"[8:]),
        ("charlm train tw", "two\\ words.txt "),
        ("charlm train 'tw", "two words.txt"),
        ('charlm train "a', "a\\$b.txt"),
        ("charlm train a", "a\\$b.txt "),
        ("charlm train two\\ w", "two\\ words.txt "),
        ("charlm train it", "it\\'s.txt "),
        ("charlm train su", "sub/"),
        ("charlm   corpus  make   ta", "tales "),
        ("charlm sample > ol", "old.npz "),
        ("charlm train 'two words.txt' --dr", "--dry-run |--dropout "),
    ],
)
def test_what_bash_puts_into_its_line(ask, line: str, reply: str) -> None:
    assert ask("bash", line, BREAKS) == "".join(f"{row}\n" for row in reply.split("|"))


def test_bash_without_word_breaks_gets_whole_words() -> None:
    line = read_line("charlm train builtin:ta")
    assert inserted(Completion("builtin:tales"), line, " ") == "builtin:tales "


@pytest.mark.parametrize(
    ("shell", "words"),
    [("", []), ("complete_bash", ["x"]), ("bash", []), ("bash", ["", ""]), ("zsh", []), ("fish", ["\udcff"])],
)
def test_nothing_is_said_that_was_not_asked_for(ask, shell: str, words: list[str]) -> None:
    out = ask(shell, *words)
    assert out == "" or out.startswith((" train", "train\t"))


def test_a_fault_is_silent(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charlm.cli.app.build", lambda: 1 / 0)
    assert ask("fish", "tr") == ""


def test_numpy_is_not_imported(here: Path) -> None:
    code = "import sys\nfrom charlm.cli.entry import run\nrun(sys.argv[1:])\nassert 'numpy' not in sys.modules"
    for words in (["sample", ""], ["train", ""], ["train", "--preset", ""], ["train", "--"]):
        environment = {**os.environ, VARIABLE: "fish"}
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            env=environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout


def test_the_module_has_scripts_of_its_own() -> None:
    for shell in SCRIPTS:
        assert f'"{sys.executable}" -m charlm' in script(shell, "/somewhere/charlm/__main__.py")
        assert sys.executable not in script(shell, "/somewhere/pytest/__main__.py")
