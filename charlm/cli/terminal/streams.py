"""The standard streams: stdout for text and JSON, stderr for messages."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from charlm.ui.wrapping import Wrapping

__all__ = [
    "Lasting",
    "is_file",
    "lasting_stderr",
    "lines_at_once",
    "prepare_streams",
    "print_lines",
    "silence",
    "silence_stdout",
    "stderr_console",
    "stdin_bytes",
    "stdin_is_terminal",
    "stdout_console",
    "word_wrapping",
]

_CHUNK_BYTES = 65536


def prepare_streams() -> None:
    """Set both streams to UTF-8 without newline translation, on every system.

    An unbuffered stream (``python -u``, ``PYTHONUNBUFFERED``) gets a line buffer: without a buffer, Python drops
    the rest of a write that a signal or a full disk interrupts.

    Output to a stream that was closed before the program began, as by ``>&-``, is dropped.
    """
    for number in range(3):  # else a file that is opened later, such as a checkpoint, would get its number
        try:
            os.fstat(number)
        except OSError:
            nothing = os.open(os.devnull, os.O_RDWR)  # the lowest free number
            if nothing == number:
                os.set_inheritable(number, True)
            else:
                os.close(nothing)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            if isinstance(stream.buffer, io.RawIOBase):
                setattr(sys, name, stream := open(stream.fileno(), "w", 1, closefd=False))  # noqa: SIM115
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def stdin_bytes() -> BinaryIO | None:
    """Return standard input; None if it was closed before the start, as by ``<&-``."""
    return None if sys.stdin is None else sys.stdin.buffer


def lines_at_once(stream: BinaryIO, most: int) -> Iterator[list[bytes]]:
    r"""Yield the lines of a stream without their ends, in batches of lines that arrive together.

    So a single line is processed on arrival, and many lines in batches.

    Parameters
    ----------
    stream : BinaryIO
        With ``read1``, such as ``sys.stdin.buffer``.
    most : int
        Lines at once.

    Examples
    --------
    >>> list(lines_at_once(io.BytesIO(b"one\ntwo\r\n\nfour"), 2))
    [[b'one', b'two'], [b''], [b'four']]
    """
    begun: list[bytes] = []  # pieces of an incomplete line
    while chunk := cast("io.BufferedReader", stream).read1(_CHUNK_BYTES):
        *whole, rest = chunk.split(b"\n")
        if whole:
            whole[0] = b"".join([*begun, whole[0]])
            begun = []
            for k in range(0, len(whole), most):
                yield [line.removesuffix(b"\r") for line in whole[k : k + most]]
        begun.append(rest)
    if last := b"".join(begun):
        yield [last]


def stdin_is_terminal() -> bool:
    """Return whether standard input is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def is_file(stream: TextIO) -> bool:
    """Return whether a stream is a regular file, which nobody reads at the same time."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # closed, or without a file descriptor
        return False


def stderr_console(no_color: bool = False) -> Console:
    """Return a console on stderr; ``NO_COLOR`` and ``TERM=dumb`` are honoured by rich."""
    return _console(stderr=True, no_color=no_color)


def stdout_console(no_color: bool = False) -> Console:
    """Return a console on stdout, for requested tables."""
    return _console(stderr=False, no_color=no_color)


def print_lines(console: Console, *lines: str | Text) -> None:
    """Print lines: a terminal gets them broken between words, anything else each in one piece."""
    for line in lines:
        console.print(line, soft_wrap=not console.is_terminal)


def _console(*, stderr: bool, no_color: bool) -> Console:
    from rich.console import Console, ConsoleDimensions  # here, since --help and completion do not need it

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            """Let the program end as for any closed pipe, where rich would end it with code 1."""
            raise BrokenPipeError

    console = Screen(stderr=stderr, highlight=False, markup=False, emoji=False, no_color=no_color or None)
    if console.is_dumb_terminal:  # for which rich assumes 80 columns
        with contextlib.suppress(OSError):
            console.size = ConsoleDimensions(*os.get_terminal_size(console.file.fileno()))
    return console


def word_wrapping(stream: TextIO) -> Wrapping | None:
    """Return line breaking between words for a terminal; None without one, or if it cannot move its cursor."""
    if not stream.isatty() or os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        return None
    if sys.platform == "win32":
        from rich.console import Console

        if Console(file=stream).legacy_windows:
            return None
    from charlm.ui.wrapping import Wrapping

    return Wrapping(lambda: _columns(stream))


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def silence_stdout() -> None:
    """Redirect stdout to the null device, so that the flush at exit does not fail at the closed pipe again."""
    silence(sys.stdout)


def silence(stream: TextIO) -> None:
    """Redirect a stream to the null device: its buffer and later output are dropped."""
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), stream.fileno())


class Lasting:
    """A stream for messages that never fails: output is dropped once its other end is closed.

    Writing fails with EIO at a closed terminal, and with EPIPE at a closed pipe.

    Parameters
    ----------
    stream : TextIO
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, unless the other end is closed."""
        try:
            return self._stream.write(text)
        except OSError:
            silence(self._stream)
            return len(text)

    def flush(self) -> None:
        """Flush, unless the other end is closed."""
        try:
            self._stream.flush()
        except OSError:
            silence(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def lasting_stderr() -> Iterator[None]:
    """Make standard error `Lasting` while the ``with`` block runs."""
    if sys.stderr is None:  # closed before the program began, which rich allows
        yield
        return
    with contextlib.redirect_stderr(cast(TextIO, Lasting(sys.stderr))):
        yield
