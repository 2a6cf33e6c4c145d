"""Slash commands of the console. Each is a function of the context and the command's arguments.

``context``
    The state that they change.
``models``
    The loaded models by their names.
``settings``, ``mixing``, ``navigation``, ``inspection``, ``files``
    The commands, by subject.
``commands``
    Their table, and the function that runs them.
``completion``
    Completions of an incomplete line.
"""

from charlm.cli.console.slash.commands import COMMANDS, run_command
from charlm.cli.console.slash.completion import completions
from charlm.cli.console.slash.context import Context, Outcome
from charlm.cli.console.slash.models import LoadedModels
from charlm.cli.console.slash.settings import MOST_CANDIDATES, parse_setting

__all__ = [
    "COMMANDS",
    "MOST_CANDIDATES",
    "Context",
    "LoadedModels",
    "Outcome",
    "completions",
    "parse_setting",
    "run_command",
]
