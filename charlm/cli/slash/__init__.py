"""The console's slash commands, each a function of the desk and of what follows its name.

``desk``
    What they work on.
``settings``, ``places``, ``looks``, ``files``
    The commands: how the model goes on, going back and forth, looking closely, files.
``commands``
    All of them by name, and what carries them out.
``completion``
    What a line may become.
"""

from charlm.cli.slash.commands import COMMANDS, Slash
from charlm.cli.slash.completion import completions
from charlm.cli.slash.desk import Desk, Next
from charlm.cli.slash.settings import MOST_ANSWERS, parse_setting

__all__ = ["COMMANDS", "MOST_ANSWERS", "Desk", "Next", "Slash", "completions", "parse_setting"]
