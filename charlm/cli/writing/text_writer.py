"""`TextWriter`: streaming output of generated text, sanitised and buffered."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from charlm.ui.ink import Ink
    from charlm.ui.wrapping import Wrapping

__all__ = ["TextWriter", "frames"]

FLUSH_EVERY_S = 0.02


class TextWriter:
    """Writer of a text in small pieces; all of it is written when the ``with`` block ends, also after an error.

    Pieces are written together, as often as a person notices, and seldom enough not to slow a model down.

    Parameters
    ----------
    stream : TextIO
    clean : callable
        Sanitises a text.
    ink : Ink, optional
        Applies styles; without it all is plain, until `write_styled` is called.
    wrapping : Wrapping, optional
        Breaks plain text between words, on a terminal.
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
        """Write the next piece."""
        if not piece:
            return
        self._pieces.append((piece, style))
        now_s = self._clock()
        if now_s - self._flushed_s >= FLUSH_EVERY_S:
            self.flush()
            self._flushed_s = now_s

    def write_styled(self, piece: str, style: str) -> None:
        """Take the next piece, with a style of its own on a terminal."""
        if self._ink is None and self._stream.isatty():
            from rich.console import Console

            from charlm.ui.ink import Ink

            screen = Console(file=self._stream, highlight=False, markup=False, emoji=False)
            self._ink = Ink(screen, self._wrapping)
        self.write(piece, style)

    def flush(self) -> None:
        """Write all pieces so far."""
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
        """Write the rest; on a terminal, the shell's prompt gets a line of its own."""
        last = self._pieces[-1][0][-1] if self._pieces else self._last
        if self._stream.isatty() and last != "\n":
            self._pieces.append(("\n", ""))
        self.flush()


def frames(pieces: Iterable[str], *, clock: Callable[[], float] = time.monotonic) -> Iterator[str]:
    """Join the pieces that arrive within a frame of the screen; the first is passed on at once.

    Pieces before an exception are passed on before it.

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
