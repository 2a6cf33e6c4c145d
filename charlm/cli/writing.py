"""Text that leaves the program: to standard output or a file, sanitised, at the pace at which it is read."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, TextIO

import typer

from charlm.cli.streams import silence_stdout
from charlm.errors import UsageError

if TYPE_CHECKING:
    from charlm.ui.ink import Ink
    from charlm.ui.wrapping import Wrapping

__all__ = ["TextWriter", "frames", "open_bytes", "open_text", "refuse_existing", "refuse_raw_terminal"]

FLUSH_EVERY_S = 0.02


class TextWriter:
    """Writes a text that comes in small pieces; all of it is out when the ``with`` block ends, however it ends.

    Pieces go out together, often enough for the eye and seldom enough not to slow a model down.

    Parameters
    ----------
    stream : TextIO
    clean : callable
        Makes a text harmless.
    ink : Ink, optional
        Paints what has a style; without it all is plain, unless a piece comes by `write_styled`.
    wrapping : Wrapping, optional
        Breaks what is plain between words, on a terminal.
    clock : callable
        Seconds from any origin.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        clean: Callable[[str], str],
        ink: Ink | None = None,
        wrapping: Wrapping | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._clean = clean
        self._ink = ink
        self._wrapping = wrapping
        self._clock = clock
        self._pieces: list[tuple[str, str]] = []
        self._flushed_s = -math.inf
        self._last = "\n"

    def write(self, piece: str, style: str = "") -> None:
        """Take the next piece."""
        if not piece:
            return
        self._pieces.append((piece, style))
        now_s = self._clock()
        if now_s - self._flushed_s >= FLUSH_EVERY_S:
            self.flush()
            self._flushed_s = now_s

    def write_styled(self, piece: str, style: str) -> None:
        """Take the next piece, set off from the others on a terminal."""
        if self._ink is None and self._stream.isatty():
            from rich.console import Console

            from charlm.ui.ink import Ink

            screen = Console(file=self._stream, highlight=False, markup=False, emoji=False)
            self._ink = Ink(screen, self._wrapping)
        self.write(piece, style)

    def flush(self) -> None:
        """Write all that has come in."""
        pieces, self._pieces = self._pieces, []
        if pieces:
            self._last = pieces[-1][0][-1]
        if self._ink is None:
            text = self._clean("".join(piece for piece, _ in pieces))
            self._stream.write(text if self._wrapping is None else self._wrapping.write(text))
        else:
            runs = groupby(pieces, key=itemgetter(1))
            self._stream.write(
                self._ink.paint((self._clean("".join(piece for piece, _ in run)), style) for style, run in runs)
            )
        self._stream.flush()

    def __enter__(self) -> TextWriter:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left; on a terminal, the shell's prompt gets a line of its own."""
        last = self._pieces[-1][0][-1] if self._pieces else self._last
        if self._stream.isatty() and last != "\n":
            self._pieces.append(("\n", ""))
        self.flush()


def frames(pieces: Iterable[str], *, clock: Callable[[], float] = time.monotonic) -> Iterator[str]:
    """Join the pieces that come between two looks of the eye; the first is passed on at once.

    What has come before an exception is passed on before it.

    Parameters
    ----------
    pieces : iterable of str
    clock : callable
        Seconds from any origin.
    """
    held: list[str] = []
    passed_s = -math.inf
    try:
        for piece in pieces:
            held.append(piece)
            if (now_s := clock()) - passed_s >= FLUSH_EVERY_S:
                text, held, passed_s = "".join(held), [], now_s
                yield text
    except GeneratorExit:
        raise
    except BaseException:
        if held:
            yield "".join(held)
        raise
    if held:
        yield "".join(held)


@contextlib.contextmanager
def open_text(path: Path | None) -> Iterator[TextIO]:
    """Open a file to write text to as it comes; None is standard output, which stays open.

    Where a pipe's reader has gone, the program ends well.

    Raises
    ------
    DiskError
        If the system refuses to write.
    """
    from charlm.checkpoint.atomic import disk_error

    try:
        if path is None:
            yield sys.stdout
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                yield file
    except BrokenPipeError:  # `charlm sample | head`: the reader has enough; click would call it a failure
        silence_stdout()
        raise typer.Exit from None
    except OSError as error:
        if path is None:
            silence_stdout()  # what it still holds would fail again at exit
        raise disk_error(path or Path("standard output"), error) from error


@contextlib.contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write bytes to.

    Raises
    ------
    DiskError
        If the system refuses to write.
    """
    from charlm.checkpoint.atomic import disk_error

    try:
        with path.open("wb") as file:
            yield file
    except OSError as error:
        raise disk_error(path, error) from error


def refuse_existing(files: Mapping[str, Path | None], *, force: bool) -> None:
    """Raise a `UsageError` if a file that is to be written exists, unless it is to be replaced.

    Parameters
    ----------
    files : mapping of str to Path
        By the flags that name them; None where a flag was not given. A device or a pipe is there to be written to.
    force : bool
        Whether ``--force`` was given.
    """
    for flag, path in files.items():
        if path is not None and path.is_file() and not force:
            raise UsageError(f"{str(path)!r} exists; choose another {flag}, or replace it with --force")


def refuse_raw_terminal(stream: TextIO) -> None:
    """Raise a `UsageError` if a text that is not sanitised would reach a terminal."""
    if stream.isatty():
        raise UsageError("--raw on a terminal would let the text control it; redirect the output, or leave it out")
