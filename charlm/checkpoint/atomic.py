"""The one writer of files: a file is there whole, the old or the new, whenever the power goes.

::

    temporary file in the same folder → fsync → rename → fsync of the folder

Renaming inside a folder is atomic; the first fsync sees to it that the new name never stands for missing
bytes, the second that the new name itself lasts. [1]_

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

__all__ = ["atomic_file", "disk_error", "remove_leftovers", "write_json"]

_PREFIX, _SUFFIX = ".charlm-", ".tmp"

# exclusive creation never opens what somebody else put there, a symbolic link included
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

# a folder's own fsync is refused by some file systems, and where the folder may be entered but not read
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM}

# Windows refuses to replace a file that another program, a virus scanner say, has open at the moment
_WINDOWS_PAUSES_S = (0.01, 0.05, 0.2, 1.0)


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when the ``with`` block ends well.

    Whatever goes wrong, `path` stays as it was and the temporary file is removed. A symbolic link at `path`
    is replaced, not followed.

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
            with contextlib.suppress(OSError):  # gone already after a rename; what failed is told below
                temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise disk_error(path, error) from error


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object as JSON, atomically.

    Everything outside ASCII is escaped, so a stranger's file name in it cannot control a terminal.

    Raises
    ------
    DiskError
        If the system refuses to write.
    """
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
    with atomic_file(path) as file:
        file.write(text.encode("ascii"))


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed processes left behind; call it only with the folder's lock."""
    with contextlib.suppress(OSError):  # they do no harm but take space
        for leftover in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            leftover.unlink(missing_ok=True)


def disk_error(path: Path, error: OSError) -> DiskError:
    """Say in one line which file could not be written, why, and what to do."""
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
    if os.name == "nt":  # a folder cannot be opened there; NTFS journals the rename
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
