"""What a line at the console may become: commands, settings and their values, branches, files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import get_args, get_type_hints

from charlm.cli.conversation import Conversation
from charlm.cli.slash.commands import COMMANDS
from charlm.cli.slash.settings import SHOWN, setting_name, setting_names
from charlm.config import SampleConfig
from charlm.errors import UsageError
from charlm.ui.sanitize import visible_line

__all__ = ["completions"]

_FILES = ("model", "save", "load", "export")


def completions(line: str, conversation: Conversation) -> list[str]:
    """Return all lines that a line may become; one that is no command gets a tab.

    Parameters
    ----------
    line : str
        Up to the cursor.
    conversation : Conversation
    """
    if not line.startswith("/") or line.startswith("//"):
        return [line + "\t"]
    command, blank, rest = line[1:].partition(" ")
    if not blank:
        names = [f"{name} " if COMMANDS[name].arguments else name for name in COMMANDS]
        return _matching("/", command, names + [f"{name} " for name in setting_names() if name not in COMMANDS])
    before = line[: len(line) - len(rest)]
    if command == "set":
        name, blank, value = rest.partition(" ")
        if not blank:
            return _matching(before, name, [f"{entry} " for entry in setting_names()])
        return _matching(f"{before}{name} ", value, _values(conversation.config, name))
    if command == "show":
        return _matching(before, rest, SHOWN)
    if command == "heat":
        return _matching(before, rest, ("on", "off"))
    if command in ("return", "branch"):
        return _matching(before, rest, conversation.branches)
    if command in _FILES:
        return _matching(before, rest, _files(rest))
    return [] if command in COMMANDS else _matching(before, rest, _values(conversation.config, command))


def _matching(before: str, begun: str, choices: Iterable[str]) -> list[str]:
    return [before + choice for choice in choices if choice.startswith(begun)]


def _values(config: SampleConfig, name: str) -> list[str]:
    """Return the choices of a setting; where it has none, the value that it has."""
    try:
        field = setting_name(name)
    except UsageError:
        return []
    choices = get_args(get_type_hints(SampleConfig)[field])
    if choices and all(isinstance(choice, str) for choice in choices):
        return list(choices)
    value = getattr(config, field)
    return [str(value)] if isinstance(value, int | float) else []


def _files(begun: str) -> list[str]:
    """Return files and folders whose names go on so; names that could control the terminal are left out."""
    folder, _, _ = begun.rpartition("/")
    folder += "/" * ("/" in begun)
    try:
        found = sorted(os.scandir(Path(os.path.expanduser(folder) or ".")), key=lambda entry: entry.name)  # noqa: PTH111
        names = [folder + entry.name + "/" * entry.is_dir() for entry in found]
    except (OSError, ValueError):
        return []
    hidden = begun.rpartition("/")[2].startswith(".")
    return [
        name
        for name in names
        if visible_line(name) == name and (hidden or not name.removeprefix(folder).startswith("."))
    ]
