"""The page of ``--help``: usage, purpose, flags in panels, commands and examples, in the width of the terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from charlm.cli.help.examples import EXAMPLES

__all__ = ["NARROW", "first_sentence", "help_page", "is_flag", "panels", "shown_name", "takes_value", "value_name"]

NARROW = 60
"""Columns from which an explanation is beside its term, and not below."""
_WIDEST = 100  # columns; longer rows are hard to read
_TERM = 28  # columns for a term
_INDENT = 2
_PANELS = ("Common", "Model", "Learning", "Text", "Pairs", "Run", "Prompt", "Sampling", "Filters", "Output")
_GLUE = "\u00a0"  # a non-breaking space

_Rows = list[tuple[str, str]]


def help_page(command: Any, context: Any, columns: int) -> str:
    """Return the page of ``--help``.

    Parameters
    ----------
    command : ProgramCommand
        Of click, whose module depends on the version of typer.
    context : Context
    columns : int
        Of the terminal.
    """
    width = max(min(columns, _WIDEST), 20)
    blocks = [_wrapped(_usage(command, context), width, 0, hanging=7)]
    paragraphs = (command.help or "").split("\n\n")
    blocks += [_wrapped(text, width, _INDENT) for text in paragraphs if text.strip()]
    sections = list(_sections(command, context))
    longest = max(len(term) for _, rows in sections for term, _ in rows)
    start = min(longest, _TERM) + 2 * _INDENT if columns >= NARROW else 0
    for title, rows in sections:
        blocks.append("\n".join([f"{title}:", *(_row(term, text, start, width) for term, text in rows)]))
    examples = EXAMPLES.get(context.command_path.partition(" ")[2], ())
    if examples:
        blocks.append("\n".join(["Examples:", *(_example(*example, width) for example in examples)]))
    return "\n\n".join(blocks)


def shown_name(param: Any) -> str:
    """Return a parameter's name for people: the flag, or the argument's word in the usage."""
    return str(param.opts[0]) if is_flag(param) else value_name(param)


def value_name(param: Any) -> str:
    """Return the word for a parameter's value, such as FILE, or its choices, ``rnn|lstm|gru``."""
    return str(param.metavar or "VALUE")


def is_flag(param: Any) -> bool:
    """Return whether a parameter is a flag; the others are arguments."""
    return str(param.opts[0]).startswith("-")


def takes_value(param: Any) -> bool:
    """Return whether a flag is followed by a value."""
    return not (param.is_flag or param.count)


def _sections(command: Any, context: Any) -> Iterator[tuple[str, _Rows]]:
    """Yield the title and the rows of each panel, in the order of the signature."""
    params = [param for param in command.get_params(context) if not getattr(param, "hidden", False)]
    arguments = [param for param in params if not is_flag(param)]
    if arguments:
        yield "Arguments", [(_argument(param), _explanation(param)) for param in arguments]
    if hasattr(command, "commands"):
        summaries = command.commands.summaries()
        yield "Commands", [(name, first_sentence(summary)) for name, summary in summaries.items()]
    for title, flags in panels(params):
        yield title, [(_option(param), _explanation(param)) for param in flags]


def panels(params: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Return each panel's title and its flags, which are in the order of the signature."""
    found: dict[str, list[Any]] = {}
    for param in filter(is_flag, params):
        last = next(reversed(found), "Options")
        found.setdefault(getattr(param, "rich_help_panel", None) or last, []).append(param)
    return sorted(found.items(), key=lambda panel: _PANELS.index(panel[0]) if panel[0] in _PANELS else -1)


def _usage(command: Any, context: Any) -> str:
    arguments = [param for param in command.get_params(context) if not is_flag(param) and not param.hidden]
    rest = ["COMMAND [ARGS]..."] if hasattr(command, "commands") else []
    return " ".join(["Usage:", context.command_path, "[OPTIONS]", *map(_argument, arguments), *rest])


def _argument(param: Any) -> str:
    name: str = value_name(param)
    shown = name if param.required else f"[{name}]"
    return shown if param.nargs == 1 else f"{shown}..."


def _option(param: Any) -> str:
    names = sorted([*param.opts, *param.secondary_opts], key=lambda name: bool(name.startswith("--")))
    return ", ".join(names) + f" {value_name(param)}" * takes_value(param)


def _explanation(param: Any) -> str:
    default = _default(param)
    return str(param.help or "") + (f" [default:{_GLUE}{default.replace(' ', _GLUE)}]" if default else "")


def _default(param: Any) -> str:
    """Return a parameter's default as it would be typed; empty if there is none to show."""
    shown, value = getattr(param, "show_default", False), param.default
    if isinstance(shown, str):
        return shown
    if not shown or isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def first_sentence(text: str) -> str:
    """Return the first sentence of a help text, without its full stop."""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].removesuffix(".")


def _row(term: str, text: str, start: int, width: int) -> str:
    """Write a term and its explanation, from column `start` on or below it."""
    names = _broken(term, width - _INDENT)
    if not start:
        return "\n".join([*names, _wrapped(text, width, 3 * _INDENT)]).rstrip()
    beside = _wrapped(text, width, start)
    if len(names) == 1 and len(names[0]) <= start - _INDENT:
        return (names[0].ljust(start) + beside[start:]).rstrip()
    return "\n".join([*names, beside]).rstrip()


def _broken(term: str, width: int) -> list[str]:
    """Wrap names, and choices after their bars."""
    rows = [" " * _INDENT]
    for piece in re.findall(r"[^ |]+[ |]*", term):
        if rows[-1].strip() and len(rows[-1] + piece.rstrip()) > width:
            rows.append(" " * 2 * _INDENT)
        rows[-1] += piece
    return [row.rstrip() for row in rows]


def _example(line: str, purpose: str, width: int) -> str:
    """Write a call below its purpose; a long one continues in the next row, as in a shell."""
    rows = [" " * _INDENT]
    for word in _words(line):
        if rows[-1].strip() and len(rows[-1]) + len(word) + 2 > width:
            rows[-1] += "\\"
            rows.append(" " * 3 * _INDENT)
        rows[-1] += f"{word} "
    return "\n".join([_wrapped(f"# {purpose}", width, _INDENT, hanging=2), *rows]).replace(" \n", "\n").rstrip()


def _words(line: str) -> Iterable[str]:
    return re.findall(r"(?:\"[^\"]*\"|'[^']*'|\S)+", line)


def _wrapped(text: str, width: int, indent: int, hanging: int = 0) -> str:
    rows = textwrap.fill(
        " ".join(re.split(r"[ \n]+", text)),
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return rows.replace(_GLUE, " ")
