"""The table of slash commands, and the function that runs them."""

from __future__ import annotations

from difflib import get_close_matches

from charlm.cli.console.slash import files, inspection, mixing, navigation, settings
from charlm.cli.console.slash.context import Command, Context, Outcome
from charlm.errors import UsageError
from charlm.ui.console import view

__all__ = ["COMMANDS", "run_command"]

_TYPED = {
    "a line": "is appended to the text, and the model continues it",
    "a line\\": "continues in the next line",
    '"""': 'begins a text of any lines, up to the next """; // begins a text with a slash',
}


def run_command(line: str, context: Context) -> Outcome:
    """Run a line that begins with a slash.

    Raises
    ------
    CharlmError
        If there is no such command, or it fails; nothing is then changed.
    """
    name, _, rest = line[1:].partition(" ")
    command = COMMANDS.get(OTHER_NAMES.get(name, name))
    if command is not None:
        return command.action(context, rest.strip())
    if settings.is_setting(name):
        settings.change(context, f"{name} {rest}")
        return None
    near = get_close_matches(name[:60], [*COMMANDS, *settings.ALIASES, *settings.setting_names()], 1)
    meant = f"did you mean /{near[0]}? " if near else ""
    raise UsageError(
        f"there is no command {'/' + name[:60]!r}; {meant}/help lists them, // begins a text with a slash"
    )


def _help(context: Context, _rest: str) -> None:
    lines = {f"/{name} {command.arguments}".rstrip(): command.summary for name, command in COMMANDS.items()}
    by_name = {"/temp 0.5": f"each setting by its name: {', '.join(settings.setting_names())}"}
    context.show(view.commands(_TYPED | lines | by_name))


def _step(_context: Context, _rest: str) -> Outcome:
    return "step"


def _bye(_context: Context, _rest: str) -> Outcome:
    return "leave"


COMMANDS = {
    "help": Command("", "this list", _help),
    "set": Command("NAME VALUE", "change a setting; without VALUE show it, alone show all", settings.change),
    "show": Command("WHAT", "show the settings, the model or its vocab", settings.show),
    "model": Command("FILE", "let another model continue; alone, show it", settings.model),
    "mix": Command("MODEL:W", "blend in a model, weight W; counts: n-grams; off: no mixture", mixing.mix),
    "seed": Command("N", "restart the random generator; alone, show its seed", settings.seed),
    "stop": Command("TEXT…", 'end before one of these; "two words", \\n; off: none', settings.stop),
    "regex": Command("PATTERN", "let each continuation match this; @date by name; off: any", settings.regex),
    "count": Command("N", "sample N candidates side by side, to pick one", settings.count),
    "beam": Command("N", "search for the likeliest text, N at once; off: sample", settings.beam),
    "step": Command("", "continue by single characters; again: end that", _step),
    "probs": Command("N", "the N likeliest next characters", inspection.probs),
    "heat": Command("N", "surprisal of the last N characters; on, off: of what follows", inspection.heat),
    "undo": Command("", "go back to before the last turn", navigation.undo),
    "retry": Command("", "replace the last continuation by another", navigation.retry),
    "branch": Command("NAME", "name this position; --force moves a name here", navigation.branch),
    "branches": Command("", "list the branches", navigation.branches),
    "return": Command("NAME", "go to a branch; alone, back again", navigation.return_to),
    "clear": Command("", "begin a new text", navigation.clear),
    "save": Command("FILE", "write the conversation; --force replaces", files.save),
    "load": Command("FILE", "continue a conversation from a file", files.load),
    "export": Command("FILE", "write the text as .html, .svg or .txt", files.export),
    "bye": Command("", "leave; so do /quit, /exit, Ctrl-D. Ctrl-C stops the text", _bye),
}
OTHER_NAMES = {"?": "help", "quit": "bye", "exit": "bye"}
