"""The generator of tales: choose a cast and a plot, fill in the templates, break the lines.

In a template ``{name}`` stands for a fact of this tale (who, where, when: chosen once) or else for a rule
(a choice made again each time); ``{Name}`` is the same with a capital. What is filled in is a template itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from charlm.text.builtin.line_breaking import break_lines
from charlm.text.builtin.portable_generator import PortableGenerator
from charlm.text.builtin.tales.cast import choose_cast
from charlm.text.builtin.tales.plot import Plot
from charlm.text.builtin.tales.plots import PLOTS
from charlm.text.builtin.tales.rules import RULES

__all__ = ["lines"]

_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa]) (?=[AEIOUaeiou])")


def lines(rng: PortableGenerator) -> Iterator[str]:
    """Yield tales without end: a title in capitals, paragraphs, and two empty lines."""
    for plot in rng.rounds(PLOTS):
        yield _tale(plot, rng)


def _tale(plot: Plot, rng: PortableGenerator) -> str:
    facts = choose_cast(rng, rng.pick(plot.cases))
    title = _tell(rng.pick(plot.titles), facts, rng).upper()
    story = "\n\n".join(_tell(rng.pick(beat), facts, rng) for beat in plot.beats)
    paragraphs = _ARTICLE.sub(r"\1n ", story).split("\n\n")
    return "\n\n".join((_ARTICLE.sub(r"\1N ", title), *map(break_lines, paragraphs))) + "\n\n\n"


def _tell(template: str, facts: Mapping[str, str], rng: PortableGenerator) -> str:
    pieces = _pieces(template)
    told = [pieces[0]]
    for slot, text in zip(pieces[1::2], pieces[2::2], strict=True):
        name = slot[0].lower() + slot[1:]
        filled = _tell(facts[name] if name in facts else rng.pick(RULES[name]), facts, rng)
        told += (filled if slot == name else filled[:1].upper() + filled[1:], text)
    return "".join(told)


@cache
def _pieces(template: str) -> tuple[str, ...]:
    """Cut a template into text, slot, text, slot, …, text."""
    return tuple(_SLOT.split(template))
