"""The console's history of typed lines over all sessions, in a file that only its user can read.

The file has one entry a line, as JSON, so that a text of several lines stays one entry. Errors are ignored: an
unreadable file is an empty history, and damaged entries are left out.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from charlm.checkpoint import atomic_file
from charlm.errors import CharlmError
from charlm.ui.sanitize import visible

__all__ = ["InputHistory", "history_file"]

SWITCH = "CHARLM_HISTORY"
OFF = ("off", "0", "no", "false")
MOST = 1000
LONGEST = 10_000
_LARGEST_BYTES = 1_000_000
_OWN = 0o600
_FLAGS = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def history_file(environment: Mapping[str, str], platform: str) -> Path | None:
    """Return the file of a user's history; None if it is switched off or the system has no place for it.

    Parameters
    ----------
    environment : mapping
        ``CHARLM_HISTORY=off`` switches it off; ``XDG_STATE_HOME`` and ``LOCALAPPDATA`` name the folder.
    platform : str
        As `sys.platform`.
    """
    if environment.get(SWITCH, "on").lower() in OFF:
        return None
    variable = {"win32": "LOCALAPPDATA", "darwin": ""}.get(platform, "XDG_STATE_HOME")
    folder = Path(environment.get(variable, ""))
    if not folder.is_absolute():  # nor is an empty one
        usual = {"win32": "AppData/Local", "darwin": "Library/Application Support"}
        try:
            folder = Path.home() / usual.get(platform, ".local/state")
        except RuntimeError:
            return None
    return folder / "charlm" / "console_history.jsonl"


class InputHistory:
    """The latest entries, of all sessions.

    Parameters
    ----------
    path : Path, optional
        Of the file, which need not exist; None stores nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def read(self) -> list[str]:
        """Return the latest entries, the latest last; shorten the file if it has become long."""
        if self._path is None:
            return []
        try:
            with os.fdopen(os.open(self._path, os.O_RDONLY | _FLAGS), "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    return []
                file.seek(max(0, found.st_size - _LARGEST_BYTES))
                lines = file.read(_LARGEST_BYTES).splitlines()
        except OSError:
            return []
        entries = [entry for line in lines if (entry := _entry(line)) is not None]
        if len(lines) > 2 * MOST or found.st_size > _LARGEST_BYTES:
            self._shorten(entries[-MOST:])
        return entries[-MOST:]

    def add(self, entry: str) -> None:
        """Append an entry, unless it is blank, very long, or has characters that could control a terminal."""
        if self._path is None or not _is_kept(entry):
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _FLAGS
            descriptor = os.open(self._path, flags, _OWN)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                if stat.S_ISREG(os.fstat(descriptor).st_mode):
                    _keep_to_owner(descriptor)
                    file.write(_line(entry))  # in one write, since another session may write too

    def _shorten(self, entries: list[str]) -> None:
        if self._path is None:
            return
        with contextlib.suppress(CharlmError), atomic_file(self._path) as file:
            _keep_to_owner(file.fileno())
            file.write(b"".join(map(_line, entries)))


def _keep_to_owner(descriptor: int) -> None:
    if hasattr(os, "fchmod"):  # on Windows a user's folder is private already
        os.fchmod(descriptor, _OWN)


def _line(entry: str) -> bytes:
    return json.dumps(entry).encode("ascii") + b"\n"


def _entry(line: bytes) -> str | None:
    """Return the entry of a line of the file; None if it is invalid."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, str) and _is_kept(entry) else None


def _is_kept(entry: str) -> bool:
    return bool(entry.strip()) and len(entry) <= LONGEST and visible(entry) == entry
