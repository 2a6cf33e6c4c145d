"""The console's slash commands, each a function of the desk and of what follows its name.

``desk``
    What they work on.
``settings``, ``navigation``, ``inspection``, ``files``
    The commands: how text is sampled, moving in the conversation, inspecting it, files.
``commands``
    All of them by name, and what carries them out.
``completion``
    What a line may become.
"""

from charlm.cli.console.slash.commands import COMMANDS, Slash
from charlm.cli.console.slash.completion import completions
from charlm.cli.console.slash.desk import Desk, Next
from charlm.cli.console.slash.settings import MOST_ANSWERS, parse_setting

__all__ = ["COMMANDS", "MOST_ANSWERS", "Desk", "Next", "Slash", "completions", "parse_setting"]
