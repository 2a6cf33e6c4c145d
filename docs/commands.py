"""Write ``docs/commands.md``, the reference of commands, from the program: ``python docs/commands.py``."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from charlm.cli.app import build
from charlm.cli.console.slash.commands import run_command
from charlm.cli.console.slash.context import Context
from charlm.cli.help.page import help_page
from charlm.generation.constraint.named import NAMED

PAGE = Path(__file__).with_name("commands.md")
COLUMNS = 88


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


def page() -> str:
    """Return the page in Markdown."""
    sections = list(_commands(build(), "charlm"))
    sections += [("Commands of the console", _slash_commands())]
    sections += [("Named patterns", "\n".join(f"@{name:<14}{pattern}" for name, pattern in NAMED.items()))]
    return _HEAD + "".join(f"\n## {title}\n\n```text\n{text}\n```\n" for title, text in sections)


_HEAD = """\
<!-- Written by `python docs/commands.py`, which asks the program. -->

# Commands

Each section of a command is its `--help`.
"""


def _commands(command: Any, path: str, parent: Any = None) -> Iterator[tuple[str, str]]:
    """Yield a command's path and its help, then those of the commands in it."""
    context = command.context_class(
        command, info_name=path.rpartition(" ")[2], parent=parent, **command.context_settings
    )
    yield path, help_page(command, context, COLUMNS)
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, f"{path} {name}", context)


def _slash_commands() -> str:
    """Return what ``/help`` shows in the console."""
    nothing: Any = None
    console = Console(file=io.StringIO(), width=COLUMNS, record=True)
    run_command("/help", Context(nothing, show=console.print, models=nothing))
    return "\n".join(line.rstrip() for line in console.export_text().splitlines())


if __name__ == "__main__":
    main()
