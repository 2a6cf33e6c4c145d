"""Commands whose streams were closed before they began, as by ``<&-``: Python has none then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import charlm
from charlm.cli.entry import run

COMMANDS = [
    ["eval", "m.npz", "t.txt"],
    ["score", "m.npz", "t.txt"],
    ["corpus", "stats", "t.txt"],
    ["sample", "m.npz", "--length", "5"],
    ["console", "m.npz"],
    ["console", "m.npz", "--prompt", "ab", "--length", "5"],
    ["transduce", "p.npz"],
    ["transduce", "p.npz", "ab"],
    ["info"],
    ["resume"],
    ["train", "t.txt", "--steps", "1", "--hidden-size", "3", "--out", "r"],
]
WRITING = [["info"], ["info", "--json"], ["--help"]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.txt").write_text("abc " * 50, "utf-8")
    charlm.save(charlm.CharModel(charlm.ModelConfig(hidden_size=3), charlm.Vocabulary.from_text("abc ")), "m.npz")
    tags = charlm.TransducerConfig(output="tags", hidden_size=4)
    charlm.save(charlm.Transducer(tags, *[charlm.Vocabulary.from_text("ab")] * 2), "p.npz")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
@pytest.mark.parametrize(
    "words", [["sample", "m.npz", "--length", "5"], ["transduce", "p.npz", "ab"], ["eval", "m.npz", "t.txt"]]
)
def test_standard_output_that_is_full(words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        child = subprocess.run(
            [sys.executable, "-m", "charlm", *words], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE
        )
    said = [line for line in child.stderr.decode().splitlines() if not line.startswith("seed ")]
    assert child.returncode == 5
    assert len(said) == 1
    assert "'standard output'" in said[0]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_needs_none_does_without(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(words) == (4 if words == ["resume"] else 0)
    assert "AttributeError" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["eval", "m.npz", "-"],
        ["score", "m.npz", "-"],
        ["inspect", "m.npz", "-"],
        ["sample", "m.npz", "--prompt-file", "-"],
        ["corpus", "stats", "-"],
        ["train", "-"],
        ["train", "t.txt", "--val-file", "-"],
        ["train", "--pairs", "-"],
    ],
    ids=" ".join,
)
def test_what_needs_it_says_so(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(words) == 2
    assert capsys.readouterr().err == "charlm: there is no standard input to read here; give a file\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes it")
def test_a_shell_that_closes_it() -> None:
    command = f'"{sys.executable}" -m charlm eval m.npz t.txt --json <&-'
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes them")
@pytest.mark.parametrize(
    ("words", "closed"),
    [
        *((words, "<&- >&- 2>&-") for words in (*COMMANDS[:5], *WRITING, ["bench", "--seconds", "0.01"])),
        *((words, one) for words in (COMMANDS[0], COMMANDS[3], WRITING[2]) for one in (">&-", "2>&-")),
    ],
    ids=str,
)
def test_a_shell_that_closes_what_is_written_to(words: list[str], closed: str) -> None:
    command = f'"{sys.executable}" -m charlm {" ".join(words)} {closed}'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert "Error" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes them")
def test_no_file_takes_the_place_of_a_closed_stream() -> None:
    program = "import sys; from charlm.cli.entry import run; run(['--version']); f = open('t.txt')"
    command = f'"{sys.executable}" -c "{program}; sys.exit(f.fileno() < 3)" <&- >&- 2>&-'
    assert subprocess.run(command, shell=True).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", [COMMANDS[0], *WRITING], ids=" ".join)
def test_a_stream_that_cannot_be_written(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "charlm", *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    message = "charlm: cannot write 'standard output': No space left on device; free some space\n"
    assert (done.returncode, done.stderr) == (5, message)
