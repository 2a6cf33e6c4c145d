"""Completions of the word at the cursor, from the words before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from charlm.cli.completion.values import Completion, values
from charlm.cli.help.page import first_sentence, is_flag, panels, takes_value, value_name

__all__ = ["candidates"]


def candidates(program: Any, words: Sequence[str], begun: str) -> list[Completion]:
    """Return the completions of a word.

    Parameters
    ----------
    program : Group
        Of click, whose module depends on the version of typer.
    words : sequence of str
        The words before it, without the program's name.
    begun : str
        Its typed beginning.
    """
    return [found for found in _candidates(program, words, begun) if found.value.startswith(begun)]


def _candidates(command: Any, words: Sequence[str], begun: str) -> list[Completion]:
    given: list[Any] = []  # flags so far
    awaiting: Any = None  # a flag that awaits its value
    arguments = 0
    only_arguments = False
    for word in words:
        if awaiting is not None:
            awaiting = None
        elif word == "--" and not only_arguments:
            only_arguments = True
        elif word.startswith("-") and word != "-" and not only_arguments:
            name, joined, _ = word.partition("=")
            flag = _flag(command, name)
            given.append(flag)
            awaiting = flag if flag is not None and takes_value(flag) and not joined else None
        elif hasattr(command, "commands"):
            command = command.commands.get(word)
            if command is None:
                return []
            given = []
        else:
            arguments += 1
    if awaiting is not None:
        return list(values(value_name(awaiting), begun))
    if begun.startswith("-") and not only_arguments:
        name, joined, value = begun.partition("=")
        flag = _flag(command, name) if joined else None
        if joined:
            found = values(value_name(flag), value) if flag is not None and takes_value(flag) else []
            return [Completion(f"{name}={one.value}", one.help) for one in found]
        return _flags(command, given)
    if hasattr(command, "commands"):
        return [Completion(name, first_sentence(summary)) for name, summary in command.commands.summaries().items()]
    return _arguments(command, arguments, begun)


def _flag(command: Any, name: str) -> Any:
    """Return the flag of a name, aliases included; None if there is none."""
    normalize: Callable[[str], str] | None = command.context_settings.get("token_normalize_func")
    wanted = f"--{normalize(name[2:])}" if normalize is not None and name.startswith("--") else name
    return next((p for p in command.params if wanted in p.opts or wanted in p.secondary_opts), None)


def _flags(command: Any, given: Sequence[Any]) -> list[Completion]:
    flags = [p for _, panel in panels(command.params) for p in panel]
    open_flags = [p for p in flags if not p.hidden and (p.multiple or p not in given)]
    names = [(name, p) for p in open_flags for name in (p.opts[0], *p.secondary_opts)]
    return [Completion(name, first_sentence(p.help or "")) for name, p in names] + [
        Completion("--help", "Show this message and exit")
    ]


def _arguments(command: Any, before: int, begun: str) -> list[Completion]:
    """Return the completions of an argument by its place; the last argument may have several values."""
    arguments = [p for p in command.params if not is_flag(p)]
    if not arguments or (before >= len(arguments) and arguments[-1].nargs == 1):
        return []
    return list(values(value_name(arguments[min(before, len(arguments) - 1)]), begun))
