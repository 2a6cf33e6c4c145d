"""The folder of a run, with a lock against a second writing process."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from charlm.checkpoint.atomic import disk_error, remove_temporary_files
from charlm.checkpoint.locate import BEST, RUNS, SHIPPED
from charlm.errors import DiskError, RunLockedError, UsageError

__all__ = ["clear_run_folder", "lock_run_folder", "new_run_folder"]

_LOCK = ".lock"
_LOCKED = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}


def new_run_folder(out: str | Path | None, stem: str, *, root: Path = RUNS, force: bool = False) -> Path:
    """Create the folder of a new run.

    Parameters
    ----------
    out : str or Path, optional
        The given folder; it must not exist unless `force`. None takes ``<root>/<stem>``, or the first of
        ``<stem>-2``, ``<stem>-3`` … that does not exist.
    stem : str
        The text's name, for a folder that is not given.
    root : Path
        The folder of runs.
    force : bool
        Whether `out` may exist. Its files stay until `clear_run_folder`.

    Raises
    ------
    UsageError
        If `out` exists, or is a symbolic link: a run writes only under the named folder.
    DiskError
        If the folder cannot be created.
    """
    if out is None:
        return _next_folder(root, stem)
    folder = Path(out)
    try:
        if folder.is_symlink():
            raise UsageError(f"{str(out)!r} is a symbolic link; give `out` the folder that it points to")
        if folder.exists() and not force:
            raise UsageError(f"{str(out)!r} exists; give another `out`, or `force=True` to replace it")
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{str(out)!r} is a file; give `out` a folder")
        folder.mkdir(parents=True, exist_ok=force)
    except OSError as error:
        raise disk_error(folder, error) from error
    return folder


def clear_run_folder(folder: Path) -> None:
    """Remove an older run's files beside ``last.npz``, once a run that replaces it has written its own.

    Raises
    ------
    DiskError
        If the system refuses.
    """
    for name in (BEST, "log.jsonl", "config.json"):
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(folder / name, error) from error


@contextlib.contextmanager
def lock_run_folder(folder: Path) -> Iterator[None]:
    """Lock a run folder against other processes during the ``with`` block.

    The lock belongs to the open file ``.lock``, so the system releases it however the process ends. The file stays:
    after a removal, two processes could lock two files of the same name. Temporary files of killed processes are
    removed.

    Raises
    ------
    RunLockedError
        If another process has the lock.
    DiskError
        If the file cannot be created, or the file system has no locks.
    """
    path = folder / _LOCK
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        raise disk_error(path, error) from error
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno in _LOCKED:
                raise RunLockedError(
                    f"run folder {str(folder)!r} is in use by another process; "
                    f"wait until that ends, or give another `out`"
                ) from error
            raise DiskError(
                f"cannot lock {str(path)!r}: {error.strerror}; choose a folder on a file system with locks"
            ) from error
        remove_temporary_files(folder)
        yield
    finally:
        os.close(descriptor)  # releases the lock


def _next_folder(root: Path, stem: str) -> Path:
    if Path(stem).name != stem or stem in ("", ".", ".."):
        raise UsageError(f"{stem!r} cannot name a folder; give `out`")
    number, folder = 1, root / stem
    while True:
        try:
            if folder.name != SHIPPED:
                root.mkdir(parents=True, exist_ok=True)
                folder.mkdir()  # fails if it exists, so two simultaneous runs get two folders
                return folder
        except FileExistsError as error:
            if not root.is_dir():
                raise disk_error(root, error) from error
        except OSError as error:
            raise disk_error(folder, error) from error
        number += 1
        folder = root / f"{stem}-{number}"


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # a byte after the file's end, whose lock does not block readers of the file

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
