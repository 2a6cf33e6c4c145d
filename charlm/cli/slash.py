"""The console's slash commands: each is a method here, found by its name in `COMMANDS`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

from rich.console import RenderableType

from charlm.cli.conversation import Conversation
from charlm.config import SampleConfig
from charlm.errors import UsageError
from charlm.model import CharModel
from charlm.ui import console_view as view

__all__ = ["COMMANDS", "Next", "Slash", "parse_setting"]

Next: TypeAlias = Literal["prompt", "answer", "leave"]
"""What comes after a command: the next line, the model, or the end of the session."""


class Slash:
    """Carries out slash commands on a conversation.

    Parameters
    ----------
    conversation : Conversation
    show : callable
        Takes what there is to see.
    load : callable
        Finds and reads a model.
    """

    def __init__(
        self,
        conversation: Conversation,
        *,
        show: Callable[[RenderableType], None],
        load: Callable[[str], CharModel],
    ) -> None:
        self._conversation = conversation
        self._show = show
        self._load = load

    def run(self, line: str) -> Next:
        """Carry out a line that begins with a slash.

        Raises
        ------
        CharlmError
            If there is no such command, or it cannot be done; nothing has changed then.
        """
        name, _, rest = line[1:].partition(" ")
        command = COMMANDS.get(name)
        if command is None:
            raise UsageError(f"there is no command {'/' + name!r}; /help lists them, // begins a text with a slash")
        return command.action(self, rest.strip())

    def help(self, _rest: str) -> Next:
        """List the commands."""
        lines = {f"/{name} {command.arguments}".rstrip(): command.summary for name, command in COMMANDS.items()}
        self._show(view.commands({"a line": "is appended to the text, and the model goes on"} | lines))
        return "prompt"

    def set(self, rest: str) -> Next:
        """Change a setting, or show all."""
        if rest:
            name, _, value = rest.partition(" ")
            self._conversation.configure(parse_setting(self._conversation.config, name, value))
        return self.show("settings")

    def show(self, rest: str) -> Next:
        """Show the settings, the model or its vocabulary."""
        talk = self._conversation
        match rest or "settings":
            case "settings":
                self._show(view.settings(talk.config, talk.seed))
            case "model":
                model = talk.model
                self._show(view.model_card(model.config, len(model.vocabulary), model.params.value.size))
            case "vocab":
                self._show(view.vocabulary(talk.model.vocabulary))
            case _:
                raise UsageError(f"/show {rest!r} shows nothing; give settings, model or vocab")
        return "prompt"

    def model(self, rest: str) -> Next:
        """Let another model go on with the text."""
        if rest:
            self._conversation.switch(self._load(rest))
        return self.show("model")

    def seed(self, rest: str) -> Next:
        """Start the random stream anew, or show the seed."""
        if rest:
            if not rest.isdecimal():
                raise UsageError(f"seed is {rest!r}; it must be a whole number, at least 0")
            self._conversation.reseed(int(rest))
        self._show(view.note(f"seed {self._conversation.seed}"))
        return "prompt"

    def undo(self, _rest: str) -> Next:
        """Go back one turn."""
        self._conversation.undo()
        self._show(view.tail(self._conversation.text))
        return "prompt"

    def retry(self, _rest: str) -> Next:
        """Take the last answer back and let the model try again."""
        self._conversation.retry()
        return "answer"

    def clear(self, _rest: str) -> Next:
        """Begin a new text."""
        self._conversation.clear()
        self._show(view.tail(self._conversation.text))
        return "prompt"

    def bye(self, _rest: str) -> Next:
        """End the session."""
        return "leave"


class Command(NamedTuple):
    """How a command is typed, what it does, and the method that does it."""

    arguments: str
    summary: str
    action: Callable[[Slash, str], Next]


COMMANDS = {
    "help": Command("", "this list", Slash.help),
    "set": Command("NAME VALUE", "change a setting; alone, show all", Slash.set),
    "show": Command("WHAT", "show the settings, the model or its vocab", Slash.show),
    "model": Command("FILE", "let another model go on; alone, show it", Slash.model),
    "seed": Command("N", "start the random stream anew; alone, show its seed", Slash.seed),
    "undo": Command("", "go back to before the last turn", Slash.undo),
    "retry": Command("", "let the model answer the last line anew", Slash.retry),
    "clear": Command("", "begin a new text", Slash.clear),
    "bye": Command("", "leave; so does Ctrl-D. Ctrl-C stops the model", Slash.bye),
}


def parse_setting(config: SampleConfig, name: str, value: str) -> SampleConfig:
    r"""Change one setting, given as a person types it.

    Names are those of the flags. In a stop text ``\n`` and ``\t`` stand for line feed and tab, and an empty one
    removes the stop texts.

    Raises
    ------
    UsageError
        For an unknown name or a value out of range.

    Examples
    --------
    >>> parse_setting(SampleConfig(), "temp", "0.5").temperature
    0.5
    >>> parse_setting(SampleConfig(), "top-k", "many")
    Traceback (most recent call last):
    charlm.errors.UsageError: top-k is 'many'; it must be a whole number
    """
    field = {"temp": "temperature"}.get(name, name.replace("-", "_"))
    settings: dict[str, Any] = dataclasses.asdict(SampleConfig())  # each of its type
    if field not in settings:
        names = ", ".join(known.replace("_", "-") for known in settings)
        raise UsageError(f"there is no setting {name!r}; there are {names}")
    parsed: Any = value.strip()
    match settings[field]:
        case tuple():
            text = value.replace("\\n", "\n").replace("\\t", "\t")
            parsed = (text,) if text else ()
        case int():
            parsed = _parse(int, "a whole number", name, value)
        case float():
            parsed = _parse(float, "a number", name, value)
    return dataclasses.replace(config, **{field: parsed})


def _parse(kind: Callable[[str], float], expected: str, name: str, value: str) -> float:
    try:
        return kind(value)
    except ValueError:
        raise UsageError(f"{name} is {value!r}; it must be {expected}") from None
