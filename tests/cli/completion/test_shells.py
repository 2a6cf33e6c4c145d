"""Completion in real shells: whichever there are."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charlm.cli.completion import current_shell, script
from charlm.cli.completion.install import install
from charlm.cli.entry import run
from charlm.errors import DiskError, UsageError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these shells are of POSIX systems")

LINES = {
    "charlm trai": "charlm train",
    "charlm train builtin:ta": "charlm train builtin:tales",
    "charlm train tw": "charlm train two\\ words.txt",
    'charlm train "tw': 'charlm train "two words.txt"',
    "charlm train --model=l": "charlm train --model=lstm",
    "charlm train --model l": "charlm train --model lstm",
    "charlm sample m": "charlm sample my\\ run",
    "charlm train it": "charlm train it\\'s.txt",
    "charlm train su": "charlm train sub/",
    "charlm train ~/ho": "charlm train ~/home.txt",
    "charlm sample > ol": "charlm sample > old.npz",
    "charlm corpus make du": "charlm corpus make du",
}


def needs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_tab_key(shell: str, shell_world: Path, terminal: Callable[..., Any]) -> None:
    needs(shell)
    (shell_world / "home.txt").touch()
    install(shell)
    for name in (".bashrc", ".zshrc"):
        with (shell_world / name).open("a") as file:
            file.write("PS1='$ '\n")  # a system's own start-up files may have set a long one
    start = f"import os; os.execvp({shell!r}, [{shell!r}, '-i'])"
    screen = terminal("-c", start, rows=40, SHELL=shutil.which(shell), fish_greeting="")
    screen.send("echo re''ady\r")
    screen.wait(lambda one: "ready" in one.rows)
    for typed, completed in LINES.items():
        screen.send(f"{typed}\t")
        screen.send("#")  # whatever the shell does, it shows where the line ends
        end = re.compile(rf"{re.escape(completed)} *#")
        screen.wait(lambda one, end=end: any(end.search(row) for row in one.rows))
        screen.send("\x15")  # Ctrl-U
    screen.send("\x15exit\r")
    assert "Traceback" not in screen.text


def test_bash_shows_what_there_is_to_choose_from(shell_world: Path, terminal: Callable[..., Any]) -> None:
    needs("bash")
    install("bash")
    screen = terminal("-c", "import os; os.execvp('bash', ['bash', '-i'])", PS1="$ ")
    screen.send("charlm corpus \t\t")
    screen.wait(lambda one: any(row.split() == ["list", "make", "stats"] for row in one.rows))


def test_fish_explains(shell_world: Path) -> None:
    needs("fish")
    install("fish")
    done = subprocess.run(["fish", "-c", "complete -C 'charlm res'"], capture_output=True, text=True, timeout=60)
    assert done.stdout == "resume\tContinue a run exactly where it stopped\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_of_that_shell(shell: str, tmp_path: Path) -> None:
    needs(shell)
    for started_as in ("charlm", "charlm/__main__.py"):
        (tmp_path / "script").write_text(script(shell, started_as))
        done = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("shell", "file", "reads"),
    [
        ("bash", ".local/share/charlm/completion.bash", ".bashrc"),
        ("zsh", ".local/share/charlm/completion.zsh", ".zshrc"),
        ("fish", ".config/fish/completions/charlm.fish", None),
    ],
)
def test_installing(
    shell: str,
    file: str,
    reads: str | None,
    shell_world: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("charlm.cli.completion.current_shell", lambda: shell)
    if reads:
        (shell_world / reads).write_text("alias ll='ls -l'")  # without a line feed at its end
    for _ in range(2):
        assert run(["--install-completion"]) == 0
        out, err = capsys.readouterr()
        assert out == ""
        assert err == f"completion is in {shell_world / file}; open a new terminal to use it\n"
    assert run(["--show-completion"]) == 0
    assert capsys.readouterr() == ((shell_world / file).read_text(), "")
    if reads:
        assert (shell_world / reads).read_text() == f"alias ll='ls -l'\n. {shell_world / file}\n"


def test_what_cannot_be_installed(shell_world: Path) -> None:
    with pytest.raises(UsageError, match="the shell is none of bash, zsh, fish, powershell"):
        install(None)
    with pytest.raises(UsageError, match=r"add this line to the file that \$PROFILE names"):
        install("powershell")
    (shell_world / ".config").touch()
    with pytest.raises(DiskError, match="put what charlm --show-completion prints into a file that fish reads"):
        install("fish")


def test_which_shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "shellingham", None)
    for path, shell in {"/bin/zsh": "zsh", "/usr/bin/fish": "fish", "/bin/tcsh": None, "": None}.items():
        monkeypatch.setenv("SHELL", path)
        assert current_shell() == shell
    assert run(["--show-completion"]) == 2
    assert capsys.readouterr().err == (
        "charlm: the shell is none of bash, zsh, fish, powershell, which completion is for; use one of them\n"
    )
