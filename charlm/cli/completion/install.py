"""Installation of a shell's completion script."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from charlm import checkpoint
from charlm.cli.completion.shells import SCRIPTS, script
from charlm.errors import DiskError, UsageError

__all__ = ["install"]


def install(shell: str | None, started_as: str = "charlm") -> Path:
    """Write the script of a shell, and let the shell read it; existing lines of its start-up file stay unchanged.

    Parameters
    ----------
    shell : str or None
        One of `SCRIPTS`.
    started_as : str
        As for `script`.

    Returns
    -------
    Path
        The script.

    Raises
    ------
    UsageError
        For an unknown shell, or one without a fixed start-up file.
    DiskError
        If a file cannot be written.
    """
    if shell is None:
        raise UsageError(
            f"the shell is none of {', '.join(SCRIPTS)}, which completion is for; start charlm from one"
        )
    if shell == "powershell":
        raise UsageError(
            "PowerShell's profile is yours to edit; add this line to the file that $PROFILE names: "
            "charlm --show-completion | Out-String | Invoke-Expression"
        )
    home = Path.home()
    if shell == "fish":
        path = _folder("XDG_CONFIG_HOME", home / ".config") / "fish" / "completions" / "charlm.fish"
        reads = None
    else:
        path = _folder("XDG_DATA_HOME", home / ".local" / "share") / "charlm" / f"completion.{shell}"
        reads = home / ".bashrc" if shell == "bash" else _folder("ZDOTDIR", home) / ".zshrc"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with checkpoint.atomic_file(path) as file:
            file.write(script(shell, started_as).encode("utf-8"))
        if reads is not None:
            _let_read(reads, f". {shlex.quote(str(path))}")
    except OSError as error:
        raise DiskError(
            f"completion cannot be installed in {str(path)!r}: {error.strerror}; "
            f"put what charlm --show-completion prints into a file that {shell} reads"
        ) from error
    return path


def _folder(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default)


def _let_read(file: Path, line: str) -> None:
    """Append a line to a start-up file that does not have it."""
    before = file.read_text("utf-8", errors="replace") if file.exists() else ""
    if line not in before.split("\n"):
        with file.open("a", encoding="utf-8") as stream:
            stream.write(("" if not before or before.endswith("\n") else "\n") + line + "\n")
