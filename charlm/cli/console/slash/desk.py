"""What the slash commands work on, and how they are described."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from rich.console import RenderableType

from charlm.conversation.conversation import Conversation
from charlm.conversation.turns import end_of, length
from charlm.models.language_model import CharModel
from charlm.ui.console import view

__all__ = ["FORCE", "Command", "Desk", "Next", "without_force"]

Next: TypeAlias = Literal["prompt", "answer", "step", "leave"]
"""What comes after a command: the next line, the model, step mode or its end, the end of the session."""

FORCE = "--force"


@dataclass
class Desk:
    """A conversation and its surroundings.

    Parameters
    ----------
    conversation : Conversation
    show : callable
        Takes what there is to see.
    load : callable
        Finds and reads a model.
    count : int
        Answers that are written side by side.
    beam : int
        How many texts a search follows; 0 draws.
    colours : bool
        Whether the text that is written can be coloured.
    """

    conversation: Conversation
    show: Callable[[RenderableType], None]
    load: Callable[[str], CharModel]
    count: int = 1
    beam: int = 0
    colours: bool = False

    def show_end(self) -> Next:
        """Show how the text ends, after a change of place."""
        last = self.conversation.last
        self.show(view.tail(end_of(last, view.TAIL), length=length(last)))
        return "prompt"


class Command(NamedTuple):
    """How a command is typed, what it does, and the function that does it.

    Parameters
    ----------
    arguments, summary : str
    action : callable
        Takes the desk and what follows the name, blanks at both ends removed.
    """

    arguments: str
    summary: str
    action: Callable[[Desk, str], Next]


def without_force(rest: str) -> tuple[str, bool]:
    """Take ``--force`` away from either end of a command's arguments; return them, and whether it was there.

    Examples
    --------
    >>> without_force("--force a talk.npz"), without_force("--forceful")
    (('a talk.npz', True), ('--forceful', False))
    """
    words = rest.split(" ")
    for place in (0, -1):
        if words[place] == FORCE:
            del words[place]
            return " ".join(words).strip(), True
    return rest, False
