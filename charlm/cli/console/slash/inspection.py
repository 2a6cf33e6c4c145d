"""Commands that look closely: what may come next, and what came as a surprise."""

from __future__ import annotations

from charlm.cli.console.slash.desk import Desk, Next
from charlm.errors import UsageError

__all__ = ["heat", "probs"]

_ROWS = 10
_PIECES = 1000


def probs(desk: Desk, rest: str) -> Next:
    """Show how likely each character is to come next."""
    from charlm.ui.console.probability_bars import Bars, chances

    talk = desk.conversation
    desk.show(Bars(chances(talk.model.vocabulary, talk.probabilities(), _number(rest, _ROWS, "/probs"))))
    return "prompt"


def heat(desk: Desk, rest: str) -> Next:
    """Show how much each character surprises the model; or let what comes show it, or no longer."""
    if rest in ("on", "off"):
        return _heat_from_here(desk, on=rest == "on")
    from charlm.conversation.surprisal import surprisal
    from charlm.ui.heat import Heat

    talk = desk.conversation
    most = _number(rest, _PIECES, "/heat", "on or off")
    pieces, bits = surprisal(talk.model, talk.last, talk.config.on_unknown, most)
    desk.show(Heat(pieces, bits))
    return "prompt"


def _heat_from_here(desk: Desk, *, on: bool) -> Next:
    """Let the text be coloured while it is written, where there are colours."""
    from charlm.ui.console import view
    from charlm.ui.heat import legend

    desk.conversation.measures = on and desk.colours
    if desk.conversation.measures:
        desk.show(legend())
    elif on:
        desk.show(view.note("there is no colour here: the text stays plain; /heat alone shows figures below it"))
    else:
        desk.show(view.note("heat off"))
    return "prompt"


def _number(text: str, default: int, command: str, words: str = "") -> int:
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        more = f", or {words}" * bool(words)
        raise UsageError(f"{command} {text[:40]!r} is no number; give how many to show, at least 1{more}")
    return int(text)
