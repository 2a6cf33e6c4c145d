"""``brackets``: balanced strings of three kinds of brackets, nested up to a fixed depth.

The grammar, with d the depth and e nothing::

    line = group(0) rest(0) newline
    rest(d) = group(d) rest(d)    with probability GO_ON
            | e                   otherwise; always, at depth MAX_DEPTH
    group(d) = one of ( [ {, uniformly; then rest(d + 1); then its closing bracket

The grammar is unambiguous, so the probability of a line is that of its only derivation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from charlm.text.builtin.entropy import Entropy, entropy_of
from charlm.text.builtin.portable_generator import PortableGenerator

__all__ = ["GO_ON", "MAX_DEPTH", "PAIRS", "entropy", "lines"]

PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))
GO_ON = 0.5
MAX_DEPTH = 5


def lines(rng: PortableGenerator) -> Iterator[str]:
    """Yield balanced strings without end, each with its newline."""
    while True:
        yield "".join(_line(rng))


def _line(rng: PortableGenerator) -> Iterator[str]:
    """Yield the characters of a line: each opens the next group or closes the innermost."""
    closers: list[str] = []
    opening = True  # a line has at least one group
    while opening or closers:
        if opening:
            opener, closer = rng.pick(PAIRS)
            closers.append(closer)
            yield opener
        else:
            yield closers.pop()
        opening = len(closers) < MAX_DEPTH and rng.uniform() < GO_ON
    yield "\n"


def entropy() -> Entropy:
    """Return the entropy per character.

    With H(d) the entropy and L(d) the expected length of rest(d), p = `GO_ON`, k kinds and h(p) the
    entropy of the choice to continue, the grammar gives::

        H(d) = h(p) + p·(ln k + H(d+1) + H(d)),    H(MAX_DEPTH) = 0
        L(d) = p·(2 + L(d+1) + L(d)),              L(MAX_DEPTH) = 0

    Each equation is solved for its left side, from the innermost depth outwards.
    """
    kind, go_on = math.log(len(PAIRS)), entropy_of((GO_ON, 1 - GO_ON))
    nats, length, inner_nats, inner_length = 0.0, 0.0, 0.0, 0.0
    for _ in range(MAX_DEPTH):
        inner_nats, inner_length = nats, length
        nats = (go_on + GO_ON * (kind + inner_nats)) / (1 - GO_ON)
        length = GO_ON * (2 + inner_length) / (1 - GO_ON)
    return Entropy(kind + inner_nats + nats, 2 + inner_length + length + len("\n"))
