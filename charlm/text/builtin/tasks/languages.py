"""``languages``: words of four made-up languages, to be told apart by their sounds.

A word is one to four syllables, and each syllable a consonant and a vowel of the language; a last consonant ends
it, or none. All of these are drawn independently, and the languages are equally likely. A word can be divided into
its sounds in one way alone, so its probability in a language is a product, and Bayes' rule gives the most likely
language. That is right for 97.5 % of the words, and no model can be right more often: short words belong to several
languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from charlm.text.builtin.dice import Dice
from charlm.text.pairs import Pair

__all__ = ["LANGUAGES", "SYLLABLES", "Language", "most_likely", "probability", "spoken"]

SYLLABLES = (1, 2, 2, 3, 3, 4)  # of a word, all equally likely


class Language(NamedTuple):
    """The sounds of a language, all equally likely; a sound that is more likely is listed repeatedly."""

    consonants: Sequence[str]
    vowels: Sequence[str]
    endings: Sequence[str]


LANGUAGES = {
    "Lomi": Language(
        ("l", "l", "m", "m", "n", "k", "p", "t", "h", "w"),
        ("a", "a", "i", "o", "o", "u", "ai"),
        ("", "", "", "", "n"),
    ),
    "Sheva": Language(
        ("sh", "v", "v", "s", "z", "l", "m", "n", "t", "k"),
        ("a", "a", "e", "e", "i", "ia"),
        ("", "", "n", "m", "l"),
    ),
    "Tarek": Language(
        ("t", "t", "r", "k", "k", "d", "g", "b", "kr", "s"),
        ("a", "a", "e", "e", "o", "u"),
        ("", "k", "r", "n", "t"),
    ),
    "Vosk": Language(
        ("v", "s", "sk", "st", "k", "r", "d", "b", "n", "z"),
        ("o", "o", "e", "i", "u", "a"),
        ("", "", "k", "sk", "t"),
    ),
}
_RUNS = re.compile(r"[aeiou]+|[^aeiou]+")


def spoken(dice: Dice) -> Iterator[Pair]:
    """Yield words and their languages."""
    names = tuple(LANGUAGES)
    while True:
        name = dice.pick(names)
        language = LANGUAGES[name]
        syllables = [
            dice.pick(language.consonants) + dice.pick(language.vowels) for _ in range(dice.pick(SYLLABLES))
        ]
        yield Pair("".join(syllables) + dice.pick(language.endings), name)


def probability(word: str, name: str) -> float:
    """Return the probability that a word of a language is this one.

    Examples
    --------
    >>> round(1 / probability("lai", "Lomi"), 6)  # one syllable, l, ai, and no ending
    262.5
    """
    language = LANGUAGES[name]
    runs = _RUNS.findall(word)
    ending = runs.pop() if len(runs) % 2 else ""
    p = _share(SYLLABLES, len(runs) // 2) * _share(language.endings, ending)
    for consonant, vowel in zip(runs[::2], runs[1::2], strict=True):
        p *= _share(language.consonants, consonant) * _share(language.vowels, vowel)
    return p


def most_likely(word: str) -> str:
    """Return the language that a word most probably belongs to, the first of equally likely ones."""
    return max(LANGUAGES, key=lambda name: probability(word, name))


def _share(items: Sequence[object], item: object) -> float:
    return items.count(item) / len(items)
