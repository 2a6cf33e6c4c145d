from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from charlm.cli.writing.files import open_text, refuse_existing, refuse_raw_terminal
from charlm.cli.writing.text_writer import TextWriter, frames
from charlm.errors import DiskError, UsageError
from charlm.ui.ink import Ink


class Stream(io.StringIO):
    """Remembers what had been flushed."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__()
        self.flushed: list[str] = []
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def flush(self) -> None:
        self.flushed.append(self.getvalue())


def test_the_first_piece_is_out_at_once_and_later_ones_together():
    times = iter([0.0, 0.001, 0.002, 0.05])
    stream = Stream()
    with TextWriter(stream, clean=str, clock=lambda: next(times)) as out:
        for piece in "abcd":
            out.write(piece)
        assert stream.flushed == ["a", "abcd"]


def test_an_exception_loses_nothing():
    stream = Stream()

    def interrupted() -> None:
        with TextWriter(stream, clean=str, clock=lambda: 0.0) as out:
            out.write("a")
            out.write("b")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert stream.flushed[-1] == "ab"


@pytest.mark.parametrize(
    ("pieces", "terminal", "expected"),
    [
        (["a"], True, "a\n"),
        (["a", "\n"], True, "a\n"),
        ([], True, ""),
        (["a", ""], True, "a\n"),
        (["a"], False, "a"),
    ],
)
def test_only_on_a_terminal_the_last_row_is_ended(pieces, terminal, expected):
    stream = Stream(terminal=terminal)
    with TextWriter(stream, clean=str, clock=lambda: 0.0) as out:
        for piece in pieces:
            out.write(piece)
    assert stream.getvalue() == expected


def test_what_goes_out_is_clean():
    stream = Stream()
    with TextWriter(stream, clean=str.upper) as out:
        out.write("a")
    assert stream.getvalue() == "A"


def test_a_file_that_cannot_be_written(tmp_path: Path):
    with pytest.raises(DiskError, match="create the folder"), open_text(tmp_path / "missing" / "file"):
        pass


def test_line_ends_stay_as_they_are(tmp_path: Path):
    with open_text(tmp_path / "file") as file:
        file.write("a\r\nb\n")
    assert (tmp_path / "file").read_bytes() == b"a\r\nb\n"


def test_a_file_is_replaced_on_request_only(tmp_path: Path):
    file, other = tmp_path / "file", tmp_path / "other"
    file.touch()
    with pytest.raises(UsageError, match=r"file' exists; choose another --html, or replace it with --force$"):
        refuse_existing({"--svg": other, "--png": None, "--html": file}, force=False)
    refuse_existing({"--html": file}, force=True)
    refuse_existing({"--svg": other, "--html": None, "--png": Path(os.devnull)}, force=False)


def test_what_is_raw_is_refused_on_a_terminal_alone() -> None:
    refuse_raw_terminal(Stream())
    with pytest.raises(UsageError, match=r"^--raw on a terminal would let the text control it; redirect"):
        refuse_raw_terminal(Stream(terminal=True))


def test_pieces_are_joined_within_a_frame():
    times = iter([0.0, 0.001, 0.002, 0.03, 0.031])
    assert list(frames(iter("abcde"), clock=lambda: next(times))) == ["a", "bcd", "e"]


def test_an_exception_comes_behind_what_was_there():
    def broken():
        yield from "abc"
        raise KeyboardInterrupt

    joined = frames(broken(), clock=lambda: 0.0)
    assert [next(joined), next(joined)] == ["a", "bc"]
    with pytest.raises(KeyboardInterrupt):
        next(joined)


def test_styles_reach_a_terminal_in_runs():
    stream = Stream(terminal=True)
    screen = Console(file=stream, force_terminal=True, color_system="truecolor", width=80)
    with TextWriter(stream, clean=str.upper, ink=Ink(screen), clock=lambda: 0.0) as out:
        out.write("x")
        for piece in "abc":
            out.write(piece, "black on red")
        out.write("d")
    assert stream.getvalue() == "X\x1b[30;41mABC\x1b[0mD\n"
