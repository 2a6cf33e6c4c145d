"""Commands that inspect: the next-character distribution, and the surprisal of the text."""

from __future__ import annotations

from charlm.cli.console.slash.context import Context
from charlm.errors import UsageError
from charlm.ui.console import view
from charlm.ui.console.probability_bars import ProbabilityBars, likeliest
from charlm.ui.heat import Heat, legend

__all__ = ["heat", "probs"]

_ROWS = 10
_PIECES = 1000


def probs(context: Context, rest: str) -> None:
    """Show the likeliest next characters with their probabilities."""
    talk = context.conversation
    most = _number(rest, _ROWS, "/probs")
    context.show(ProbabilityBars(likeliest(talk.model.vocabulary, talk.probabilities(), most)))


def heat(context: Context, rest: str) -> None:
    """Show the surprisal of the last characters; or switch the colouring of generated text by it on or off."""
    if rest in ("on", "off"):
        _switch_heat(context, on=rest == "on")
    else:
        found = context.conversation.surprisal(_number(rest, _PIECES, "/heat", "on or off"))
        context.show(Heat(found.pieces, found.bits.tolist()))


def _switch_heat(context: Context, *, on: bool) -> None:
    context.conversation.records_surprisal = on and context.colours
    if context.conversation.records_surprisal:
        context.show(legend())
    elif on:
        context.show(view.note("there is no colour here: the text stays plain; /heat alone shows figures below it"))
    else:
        context.show(view.note("heat off"))


def _number(text: str, default: int, command: str, words: str = "") -> int:
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        more = f", or {words}" * bool(words)
        raise UsageError(f"{command} {text[:40]!r} is no number; give how many to show, at least 1{more}")
    return int(text)
