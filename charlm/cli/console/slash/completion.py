"""Completions of a line at the console: commands, settings and their values, branches, files."""

from __future__ import annotations

from collections.abc import Iterable

from charlm.cli.completion.values import file_names, model_names
from charlm.cli.console.slash.commands import COMMANDS
from charlm.cli.console.slash.context import FORCE
from charlm.cli.console.slash.models import COUNTS
from charlm.cli.console.slash.settings import SHOWN, setting_name, setting_names
from charlm.config import SampleConfig
from charlm.config.settings import settings_of
from charlm.conversation import Conversation
from charlm.errors import UsageError
from charlm.generation.constraint.named import NAMED

__all__ = ["completions"]

_FILES = ("save", "load", "export")


def completions(line: str, conversation: Conversation) -> list[str]:
    """Return all completions of a line; for a line of text a tab.

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
    if command == "regex":
        return _matching(before, rest, [f"@{name}" for name in NAMED])
    if command == "model":
        return _matching(before, rest, dict.fromkeys(model_names(rest)))
    if command == "mix":
        models = dict.fromkeys(model_names(rest))
        return _matching(
            before, rest, ["off", COUNTS, *(name if name.endswith("/") else f"{name}:" for name in models)]
        )
    if rest.startswith(f"{FORCE} "):
        before, rest = before + f"{FORCE} ", rest.removeprefix(f"{FORCE} ")
    if command in ("return", "branch"):
        return _matching(before, rest, conversation.branches)
    if command in _FILES:
        return _matching(before, rest, file_names(rest))
    return [] if command in COMMANDS else _matching(before, rest, _values(conversation.config, command))


def _matching(before: str, begun: str, choices: Iterable[str]) -> list[str]:
    return [before + choice for choice in choices if choice.startswith(begun)]


def _values(config: SampleConfig, name: str) -> list[str]:
    """Return the choices of a setting; without choices, its current value."""
    try:
        field = setting_name(name)
    except UsageError:
        return []
    choices = settings_of(SampleConfig)[field].choices
    if choices:
        return list(choices)
    value = getattr(config, field)
    if isinstance(value, bool):
        return ["on", "off"]
    return [str(value)] if isinstance(value, int | float) else []
