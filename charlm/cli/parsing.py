"""Commands and groups of the command line: parsing of their arguments, and messages for invalid ones.

Typer declares the arguments and click parses them. The version of typer determines the click, installed or bundled,
and its messages. So types are `Any` here, and the messages are charlm's.
"""

from __future__ import annotations

import difflib
import inspect
import shutil
import typing
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from charlm.cli.help.page import help_page, shown_name
from charlm.errors import UsageError
from charlm.ui.flags import as_flags

__all__ = ["ProgramCommand", "ProgramGroup", "click_usage_error", "usage_message"]

click_usage_error: Any = typer.BadParameter.__mro__[1]  # UsageError: where it lives depends on the typer
_NEAR = 0.75  # similar enough for a typing error; click would take --steps for --seed


class ProgramCommand(TyperCommand):
    """A command."""

    def get_help(self, ctx: Any) -> str:
        """Return the page of ``--help``."""
        return help_page(self, ctx, shutil.get_terminal_size().columns)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises
        ------
        UsageError of click
            With the flag, its value, and what it should be.
        """
        return _parse(self, super().parse_args, ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises
        ------
        UsageError
            For an invalid setting: with its flag, and the command whose help explains it.
        """
        try:
            return super().invoke(ctx)
        except UsageError as error:
            message = as_flags(str(error))
            flag, found, _ = message.partition(" is ")
            if found and any(flag in param.opts for param in self.params):
                raise UsageError(f"{message}; see {ctx.command_path} --help") from error
            raise


class ProgramGroup(TyperGroup):
    """A command with subcommands; without one it shows its help."""

    def get_help(self, ctx: Any) -> str:
        """Return the page of ``--help``."""
        return help_page(self, ctx, shutil.get_terminal_size().columns)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments of the group."""
        return _parse(self, super().parse_args, ctx, args or ["--help"])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command of the first argument.

        Raises
        ------
        UsageError of click
            If there is no such command.
        """
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.commands, 1)
            remedy = f"perhaps {near[0]} is meant" if near else f"choose one of {', '.join(self.commands)}"
            ctx.fail(f"there is no command {name!r}; {remedy}")
        return super().resolve_command(ctx, args)


def usage_message(error: Any) -> str:
    """Return the line of a usage error of click, with the command whose help explains more."""
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{message}; see {context.command_path if context else 'charlm'} --help" if message else ""


def _parse(command: Any, parse: Any, context: Any, args: Sequence[str]) -> list[str]:
    try:
        return list(parse(context, list(args)))
    except click_usage_error as error:
        context.fail(_explained(error, command, context, args))
        raise


def _explained(error: Any, command: Any, context: Any, args: Sequence[str]) -> str:
    """Return the message: flag, value and expectation."""
    if hasattr(error, "possibilities"):
        flags = [flag for param in command.params for flag in (*param.opts, *param.secondary_opts)]
        found = difflib.get_close_matches(error.option_name, flags, 1, _NEAR)
        near = f"; perhaps {found[0]} is meant" if found else ""
        return f"there is no flag {error.option_name}{near}"
    param = getattr(error, "param", None)
    if param is None:
        return str(error.format_message())
    if type(error).__name__ == "MissingParameter":
        return f"{shown_name(param)} is missing"
    expected = _expected(command, param)
    if not expected:
        return str(error.format_message())
    given, _, _ = command.make_parser(context).parse_args(list(args))
    return f"{shown_name(param)} is {given.get(param.name)!r}; it must be {expected}"


def _expected(command: Any, param: Any) -> str:
    """Return the values that a parameter takes, by the annotation in the command's signature."""
    hint = typing.get_type_hints(inspect.unwrap(command.callback)).get(param.name)
    kinds = {hint, *typing.get_args(hint)}
    return "a whole number" if int in kinds else "a number" if float in kinds else ""
