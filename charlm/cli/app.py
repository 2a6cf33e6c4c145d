"""The command line: one plain function a command, each in a file of its own.

A command's module imports only typer, settings and errors; what is heavy is imported where it runs, so that
``--help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

import charlm
from charlm.cli.aliases import normalizer
from charlm.cli.commands import corpus
from charlm.cli.commands.bench import bench
from charlm.cli.commands.console import console
from charlm.cli.commands.doctor import doctor
from charlm.cli.commands.evaluate import evaluate
from charlm.cli.commands.gradcheck import gradcheck
from charlm.cli.commands.info import info
from charlm.cli.commands.plot import plot
from charlm.cli.commands.resume import resume
from charlm.cli.commands.sample import sample
from charlm.cli.commands.score import score
from charlm.cli.commands.train import train
from charlm.cli.commands.transduce import transduce
from charlm.cli.parsing import Command, Group
from charlm.errors import UsageError

__all__ = ["build"]

COMMANDS: dict[str, Callable[..., None]] = {
    "train": train,
    "resume": resume,
    "sample": sample,
    "console": console,
    "eval": evaluate,
    "score": score,
    "transduce": transduce,
    "info": info,
    "plot": plot,
    "gradcheck": gradcheck,
    "bench": bench,
    "doctor": doctor,
}


GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {"corpus": (corpus.SUMMARY, corpus.COMMANDS)}


def build() -> Any:
    """Return the command line as one callable, a command of click."""
    app = _group("charlm", "Train, use and understand character-level language models.", COMMANDS)
    app.callback()(_program)
    for name, (summary, commands) in GROUPS.items():
        app.add_typer(_group(name, summary, commands))
    return typer.main.get_command(app)


def _group(name: str, summary: str, commands: dict[str, Callable[..., None]]) -> typer.Typer:
    names: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
    group = typer.Typer(
        name=name,
        cls=Group,
        help=summary,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,  # charlm has its own
        context_settings=names,
    )
    for inner, command in commands.items():
        settings = names | {"token_normalize_func": normalizer(inner)}
        group.command(inner, cls=Command, context_settings=settings)(command)
    return group


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
