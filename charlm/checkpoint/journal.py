"""`Journal`: an append-only file of lines, synced to the disk; a damaged end is truncated."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from charlm.checkpoint.atomic import disk_error

__all__ = ["Journal"]

_FLAGS = (
    os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


class Journal:
    """An append-only file of ASCII lines, created at the first append. A symbolic link in its place is an error.

    Parameters
    ----------
    path : Path
        In a folder that exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def size(self) -> int:
        """Bytes in the file; 0 without a file."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def append(self, lines: Sequence[str]) -> None:
        """Append lines, each with its line end, and sync them to the disk.

        Raises
        ------
        DiskError
            If the system refuses; the file is then unchanged.
        """
        if not lines:
            return
        descriptor = self._open()
        try:
            before = os.lseek(descriptor, 0, os.SEEK_END)
            with contextlib.ExitStack() as undo:
                undo.callback(_shorten, descriptor, before)
                _write(descriptor, "".join(lines).encode("ascii"))
                os.fsync(descriptor)
                undo.pop_all()
        except OSError as error:
            raise disk_error(self.path, error) from error
        finally:
            os.close(descriptor)

    def truncate(self, size: int, keep: Callable[[bytes], bool]) -> None:
        """Truncate the file to `size` bytes, but keep some complete lines after them.

        Parameters
        ----------
        size : int
        keep : callable
            Takes a line after the first `size` bytes and returns whether it stays. Partial lines never stay.

        Raises
        ------
        DiskError
            If the system refuses.
        """
        if not self.size:
            return
        descriptor = self._open()
        try:
            data = _read(descriptor)
            head = data[: data[:size].rfind(b"\n") + 1]
            lines = data[len(head) :].splitlines(keepends=True)
            tail = [line for line in lines if line.endswith(b"\n") and keep(line)]
            if data != (whole := head + b"".join(tail)):
                os.lseek(descriptor, len(head), os.SEEK_SET)
                _write(descriptor, whole[len(head) :])
                os.ftruncate(descriptor, len(whole))
                os.fsync(descriptor)
        except OSError as error:
            raise disk_error(self.path, error) from error
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        try:
            if self.path.is_symlink():  # for systems without O_NOFOLLOW
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            return os.open(self.path, _FLAGS, 0o666)
        except OSError as error:
            raise disk_error(self.path, error) from error


def _shorten(descriptor: int, size: int) -> None:
    with contextlib.suppress(OSError):  # a partial line is removed later in any case
        os.ftruncate(descriptor, size)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _read(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)
