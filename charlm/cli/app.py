"""The command line: the program's flags, and its table of commands for click."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any

import typer

import charlm
from charlm.cli.aliases import normalizer
from charlm.cli.commands import COMMANDS, CommandEntry
from charlm.cli.parsing import ProgramCommand, ProgramGroup
from charlm.cli.setting_flags import with_setting_flags
from charlm.errors import UsageError

__all__ = ["build"]

_HELP = {"help_option_names": ["-h", "--help"]}


def build() -> Any:
    """Return the command line as one callable, a command of click."""
    return _group("charlm", "Train, use and understand character-level language models.", COMMANDS, _program)


class _Commands(Mapping[str, Any]):
    """The commands of a table by name, each imported and declared at its first use."""

    def __init__(self, table: Mapping[str, CommandEntry]) -> None:
        self._table = table
        self._declared: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._declared:
            entry = self._table[name]
            self._declared[name] = (
                _group(name, entry.summary, entry.commands) if entry.commands else _command(name, entry.function)
            )
        return self._declared[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, name: object) -> bool:
        return name in self._table

    def summaries(self) -> dict[str, str]:
        """Return the summary of each command without importing it."""
        return {name: entry.summary for name, entry in self._table.items()}


def _typer(**settings: Any) -> typer.Typer:
    """Return an application without typer's screens and completion, which charlm replaces."""
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, **settings)


def _group(name: str, summary: str, table: Mapping[str, CommandEntry], flags: Any = lambda: None) -> Any:
    app = _typer(name=name, cls=ProgramGroup, help=summary, context_settings=_HELP)
    app.callback()(flags)
    group: Any = typer.main.get_command(app)
    group.commands = _Commands(table)
    return group


def _command(name: str, path: str) -> Any:
    module, _, function = path.partition(".")
    app = _typer()
    settings = _HELP | {"token_normalize_func": normalizer(name)}
    declared = getattr(import_module(f"charlm.cli.commands.{module}"), function)
    app.command(name, cls=ProgramCommand, context_settings=settings)(with_setting_flags(declared))
    return typer.main.get_command(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"charlm {charlm.__version__}")
        raise typer.Exit


def _show_completion(wanted: bool) -> None:
    if wanted:
        from charlm.cli.completion import SCRIPTS, current_shell, script

        shell = current_shell()
        if shell is None:
            raise UsageError(f"the shell is none of {', '.join(SCRIPTS)}, which completion is for; use one of them")
        typer.echo(script(shell, sys.argv[0]), nl=False)
        raise typer.Exit


def _install_completion(wanted: bool) -> None:
    if wanted:
        from charlm.cli.completion import current_shell
        from charlm.cli.completion.install import install
        from charlm.ui.sanitize import visible_line

        path = install(current_shell(), sys.argv[0])
        typer.echo(f"completion is in {visible_line(str(path))}; open a new terminal to use it", err=True)
        raise typer.Exit


def _program(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
    install_completion: Annotated[
        bool,
        typer.Option(
            "--install-completion",
            help="Let the shell complete commands, flags, runs and files with the tab key.",
            is_eager=True,
            callback=_install_completion,
        ),
    ] = False,
    show_completion: Annotated[
        bool,
        typer.Option(
            "--show-completion",
            help="Show the script that does it, to install it by hand.",
            is_eager=True,
            callback=_show_completion,
        ),
    ] = False,
) -> None:
    """Train, use and understand character-level language models."""
