"""`guarded_text`: a whole text under a pattern that is not regular, with ways back out of dead ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from charlm.errors import ConstraintError

if TYPE_CHECKING:
    from charlm.generation.constraint.guarded import GuardedWalk
    from charlm.generation.sampling import Position, Sampler

__all__ = ["Drawn", "guarded_text"]

MOST_DEAD_ENDS, PATIENCE = 400, 20


class Drawn(NamedTuple):
    """A symbol that was drawn, with where the text stands behind it and what the model predicted."""

    symbol: int
    position: Position
    logits: Any


def guarded_text(
    sampler: Sampler, walk: GuardedWalk, draw: Callable[[], tuple[int, Any]], length: int, end: int
) -> list[Drawn]:
    """Draw symbols until the text matches and ends; the last of them is the end.

    Parameters
    ----------
    sampler : Sampler
        Moved about; its position afterwards means nothing.
    walk : GuardedWalk
    draw : callable
        Draws a symbol and returns it with the model's logits.
    length : int
        Symbols at most.
    end : int
        The id of the end.

    Raises
    ------
    ConstraintError
        If no text is found.
    """
    from charlm.generation.constraint.guarded import DeadEnd

    walk.guard.begin()
    start, drawn = sampler.position, list[Drawn]()
    dead: list[set[int]] = [set()]  # of each symbol so far, and of the next: what has led nowhere
    ends = 0
    while True:
        sampler.position = drawn[-1].position if drawn else start
        walk.text, walk.dead = "".join(walk.guard.pieces[one.symbol] for one in drawn), dead[-1]
        try:
            if len(drawn) == length:
                symbol, logits = _end_at_length(walk, end)
            else:
                symbol, logits = draw()
        except DeadEnd:
            if not drawn or ends == MOST_DEAD_ENDS:
                raise ConstraintError(
                    f"no text of at most {length} characters was found that matches the pattern; raise `length`, "
                    f"or make the pattern regular"
                ) from None
            # further and further: what went wrong may lie well before the place where it shows
            back = min(2 ** (ends // PATIENCE), len(drawn))
            ends += 1
            dead[-back:] = []
            dead[-1].add(drawn[-back].symbol)
            drawn[-back:] = []
            continue
        drawn.append(Drawn(symbol, sampler.position, logits))
        if symbol == end:
            return drawn
        dead.append(set())


def _end_at_length(walk: GuardedWalk, end: int) -> tuple[int, None]:
    from charlm.generation.constraint.guarded import DeadEnd

    if walk.guard.matches(walk.text):
        return end, None
    raise DeadEnd
