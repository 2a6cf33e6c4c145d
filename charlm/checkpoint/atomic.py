"""Atomic writing of files: after a crash or a power failure a file is complete, the old one or the new one.

::

    temporary file in the same folder → fsync → rename → fsync of the folder

Renaming inside a folder is atomic. The first fsync ensures that the new name never refers to missing bytes, the
second that the new name itself is on the disk. [1]_

References
----------
.. [1] Pillai et al. (2014), "All File Systems Are Not Created Equal", OSDI.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from charlm.errors import DiskError

__all__ = ["atomic_file", "disk_error", "remove_temporary_files", "write_json"]

_PREFIX, _SUFFIX = ".charlm-", ".tmp"

# exclusive creation never opens an existing file or symbolic link
_CREATE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

_REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    errno.EROFS: "choose a writable folder",
    errno.EACCES: "choose a writable folder",
    errno.EPERM: "choose a writable folder",
    errno.ENOENT: "create the folder first",
    errno.ENOTDIR: "create the folder first",
    errno.EIO: "check the disk",
    errno.ELOOP: "remove the symbolic link",
}

# fsync of a folder fails on some file systems, and in a folder without read permission
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM}

# Windows cannot replace a file that another program, such as a virus scanner, has open
_WINDOWS_PAUSES_S = (0.01, 0.05, 0.2, 1.0)


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that replaces `path` at the end of the ``with`` block.

    After an error, `path` is unchanged and the temporary file is removed. A symbolic link at `path` is replaced,
    not followed.

    Parameters
    ----------
    path : Path
        Its folder must exist.

    Yields
    ------
    BinaryIO
        Open for writing, and seekable.

    Raises
    ------
    DiskError
        If the system refuses to write.
    """
    temporary = path.parent / f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
    try:
        try:
            with os.fdopen(os.open(temporary, _CREATE, 0o666), "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            _replace(temporary, path)
        finally:
            with contextlib.suppress(OSError):  # it does not exist after the rename
                temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise disk_error(path, error) from error


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object as JSON, atomically.

    Non-ASCII characters are escaped, so an untrusted file name in it cannot control a terminal.

    Raises
    ------
    DiskError
        If the system refuses to write.
    """
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
    with atomic_file(path) as file:
        file.write(text.encode("ascii"))


def remove_temporary_files(folder: Path) -> None:
    """Remove the temporary files of killed processes; the caller holds the folder's lock."""
    with contextlib.suppress(OSError):  # harmless but for their space
        for leftover in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            leftover.unlink(missing_ok=True)


def disk_error(path: Path, error: OSError) -> DiskError:
    """Return the error of a file that could not be written, with cause and remedy."""
    code = error.errno or 0
    reason = os.strerror(code) if code else str(error)
    remedy = _REMEDIES.get(code, "check the folder, or choose another one")
    return DiskError(f"cannot write {str(path)!r}: {reason}; {remedy}")


def _replace(temporary: Path, path: Path) -> None:
    for pause_s in _WINDOWS_PAUSES_S if os.name == "nt" else ():
        with contextlib.suppress(PermissionError):
            temporary.replace(path)
            return
        time.sleep(pause_s)
    temporary.replace(path)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder; NTFS journals the rename
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
