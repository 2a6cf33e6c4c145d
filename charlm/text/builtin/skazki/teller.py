"""The generator of tales: choose a cast and a plot, fill in the templates, break the lines.

A template holds slots in braces. A role is a noun with its adjective:

=================  ==================================================  ==================
``{beast.gen}``    the noun in a case; without one, the nominative     лисы
``{+beast.gen}``   the same with its adjective                         рыжей лисы
``{beast:пошёл}``  the word, written as for a man, in the role's gender  пошла
=================  ==================================================  ==================

Every other slot is a fact of this tale, chosen once, or else a rule, chosen again each time; what is filled in is
a template itself. A capital in the name makes one in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from charlm.text.builtin.line_breaking import break_lines
from charlm.text.builtin.portable_generator import PortableGenerator
from charlm.text.builtin.skazki.cast import Role, choose_cast
from charlm.text.builtin.skazki.grammar import agree, decline
from charlm.text.builtin.skazki.plots import PLOTS
from charlm.text.builtin.skazki.rules import RULES
from charlm.text.builtin.tales.plot import Plot

__all__ = ["lines"]

_SLOT = re.compile(r"\{(\+?)(\w+)(?:\.(\w+)|:(\w+))?\}")

# с лисой, but со старухой; в лесу, but во второй; о лисе, but об Иване
_CONSONANTS = "бвгджзклмнпрстфхцчшщ"
_HARD_TO_SAY = re.compile(rf"\b(?:с(?= [сзшж][{_CONSONANTS}])|в(?= [вф][{_CONSONANTS}]))", re.IGNORECASE)
_BEFORE_VOWEL = re.compile(r"\bо(?= [аоуэи])", re.IGNORECASE)


def lines(rng: PortableGenerator) -> Iterator[str]:
    """Yield tales without end: a title in capitals, paragraphs, and two empty lines."""
    for plot in rng.rounds(PLOTS):
        yield _tale(plot, rng)


def _tale(plot: Plot, rng: PortableGenerator) -> str:
    facts = choose_cast(rng, rng.pick(plot.cases))
    title = _polish(_tell(rng.pick(plot.titles), facts, rng)).upper()
    story = _polish("\n\n".join(_tell(rng.pick(beat), facts, rng) for beat in plot.beats))
    return "\n\n".join((title, *map(break_lines, story.split("\n\n")))) + "\n\n\n"


def _tell(template: str, facts: Mapping[str, Role | str], rng: PortableGenerator) -> str:
    pieces = _pieces(template)
    told = [pieces[0]]
    for plus, slot, case, word, text in zip(*(pieces[k::5] for k in range(1, 6)), strict=True):
        name = slot[0].lower() + slot[1:]
        fact = facts[name] if name in facts else rng.pick(RULES[name])
        if isinstance(fact, str):
            filled = _tell(fact, facts, rng)
        elif word:
            filled = agree(word, fact.noun)
        else:
            filled = fact.noun.in_case(case or "nom")
            if plus:
                filled = f"{decline(fact.epithet, fact.noun, case or 'nom')} {filled}"
        told += (filled if slot == name else filled[:1].upper() + filled[1:], text)
    return "".join(told)


@cache
def _pieces(template: str) -> tuple[str, ...]:
    """Cut a template into text, then plus, name, case, word and text repeatedly."""
    return tuple(_SLOT.split(template))


def _polish(text: str) -> str:
    """Give the prepositions the vowel or consonant that makes them easy to say."""
    return _BEFORE_VOWEL.sub(r"\g<0>б", _HARD_TO_SAY.sub(r"\g<0>о", text))
