"""The command line: one plain function a command, each in a file of its own.

A command's module imports only typer, settings and errors; what is heavy is imported where it runs, so that
``--help`` answers at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Annotated, Any

import typer

import charlm
from charlm.cli.aliases import normalizer
from charlm.cli.bench import bench
from charlm.cli.console import console
from charlm.cli.corpus import corpus
from charlm.cli.doctor import doctor
from charlm.cli.evaluate import evaluate
from charlm.cli.gradcheck import gradcheck
from charlm.cli.help import fit_help
from charlm.cli.info import info
from charlm.cli.plot import plot
from charlm.cli.resume import resume
from charlm.cli.sample import sample
from charlm.cli.score import score
from charlm.cli.train import train

__all__ = ["build"]

COMMANDS: dict[str, Callable[..., None]] = {
    "train": train,
    "resume": resume,
    "sample": sample,
    "console": console,
    "eval": evaluate,
    "score": score,
    "info": info,
    "plot": plot,
    "gradcheck": gradcheck,
    "bench": bench,
    "doctor": doctor,
}


def build() -> Any:
    """Return the command line as one callable, a command of click."""
    app = typer.Typer(
        name="charlm",
        help="Train, use and understand character-level language models.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    for name, command in COMMANDS.items():
        app.command(name, context_settings={"token_normalize_func": normalizer(name)})(command)
    app.add_typer(corpus, name="corpus")
    command = typer.main.get_command(app)
    fit_help(command, shutil.get_terminal_size().columns)
    return command


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"charlm {charlm.__version__}")
        raise typer.Exit


def _program(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Train, use and understand character-level language models."""
