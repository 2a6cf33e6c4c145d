"""`Context`: the state that slash commands change; `Command`: their description."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from rich.console import RenderableType

from charlm.cli.console.slash.models import LoadedModels
from charlm.conversation import Conversation
from charlm.conversation.turns import text_end, text_length
from charlm.ui.console import view

__all__ = ["FORCE", "Command", "Context", "Outcome", "without_force"]

Outcome: TypeAlias = Literal["generate", "step", "leave"] | None
"""Effect of a command: the model continues, step mode begins or ends, the session ends; None: the next input."""

FORCE = "--force"


@dataclass
class Context:
    """A conversation, and the settings of a session.

    Parameters
    ----------
    conversation : Conversation
    show : callable
        Prints a renderable.
    models : LoadedModels
        The models by their names.
    count : int
        Number of candidates.
    beam : int
        Width of a beam search; 0 samples.
    colours : bool
        Whether the text can be coloured.
    """

    conversation: Conversation
    show: Callable[[RenderableType], None]
    models: LoadedModels
    count: int = 1
    beam: int = 0
    colours: bool = False

    def show_end(self) -> None:
        """Show the end of the text after a change."""
        last = self.conversation.last
        self.show(view.tail(text_end(last, view.TAIL), length=text_length(last)))


class Command(NamedTuple):
    """A command: arguments, summary, function.

    Parameters
    ----------
    arguments, summary : str
    action : callable
        Takes the context and the stripped arguments.
    """

    arguments: str
    summary: str
    action: Callable[[Context, str], Outcome]


def without_force(rest: str) -> tuple[str, bool]:
    """Remove ``--force`` from either end of a command's arguments; return them, and whether it was given.

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
