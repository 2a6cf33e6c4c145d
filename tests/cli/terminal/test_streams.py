"""Streams of Python without a buffer, as in many containers, leave some work to the program."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from charlm.cli.terminal.streams import print_lines
from tests.cli.console.world import decided, saved
from tests.interruption import interrupt_write

STREAMS = pytest.mark.parametrize("unbuffered", ["", "1"])


@STREAMS
def test_an_interrupted_write_loses_nothing(tmp_path: Path, unbuffered: str) -> None:
    text = tmp_path / "t.txt"
    text.write_text("αβγδε" * 2000, "utf-8")
    command = [sys.executable, "-m", "charlm", "score", saved(tmp_path, decided()), text, "--json"]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    expected = subprocess.run(command, capture_output=True, env=environment).stdout.decode()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    interrupt_write(child)
    assert child.communicate()[0].decode() == expected
    assert child.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit of POSIX")
@STREAMS
def test_a_disk_that_is_full_in_the_middle_of_a_write(tmp_path: Path, unbuffered: str) -> None:
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (99, 99)); from charlm.cli.entry import main"
    )
    with Path(tmp_path, "out").open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", f"{limited}; main()", "corpus", "list", "--json"],
            stdout=out,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert done.returncode == 5
    assert done.stderr.startswith(b"charlm: cannot write 'standard output': File too large; ")


def test_what_is_asked_to_be_out_at_once_is_so() -> None:
    program = "from charlm.cli.terminal.streams import prepare_streams; prepare_streams(); print('a'); input()"
    command = [sys.executable, "-u", "-c", program]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"a\n"  # while it waits for input
    assert child.communicate(b"\n")[0] == b""


def test_a_terminal_gets_lines_broken_between_words_and_a_file_whole_ones() -> None:
    line = "a larger total continues one, as in charlm resume poems --steps 120"
    for terminal, expected in ((True, 20), (False, len(line))):
        file = io.StringIO()
        print_lines(Console(file=file, width=20, force_terminal=terminal, color_system=None), line)
        rows = file.getvalue().splitlines()
        assert max(map(len, rows)) <= expected
        assert " ".join(row.strip() for row in rows) == line
