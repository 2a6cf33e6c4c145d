"""``languages``: words of four made-up languages; the target is the language.

A word has one to four syllables, each a consonant and a vowel of the language, and may end with a consonant. All
are drawn independently, and the language uniformly. The division of a word into its sounds is unique, so its
probability in a language is a product, and Bayes' rule gives the most likely language. This is right for 97.5 % of
the words, the best that any model can reach: short words belong to several languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from charlm.text.builtin.portable_generator import PortableGenerator
from charlm.text.pairs import Pair

__all__ = ["LANGUAGES", "SYLLABLES", "Language", "most_likely", "probability", "spoken"]

SYLLABLES = (1, 2, 2, 3, 3, 4)  # of a word, uniformly


class Language(NamedTuple):
    """The sounds of a language, drawn uniformly; a more frequent sound is listed repeatedly."""

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


def spoken(rng: PortableGenerator) -> Iterator[Pair]:
    """Yield words and their languages."""
    names = tuple(LANGUAGES)
    while True:
        name = rng.pick(names)
        language = LANGUAGES[name]
        syllables = [rng.pick(language.consonants) + rng.pick(language.vowels) for _ in range(rng.pick(SYLLABLES))]
        yield Pair("".join(syllables) + rng.pick(language.endings), name)


def probability(word: str, name: str) -> float:
    """Return the probability of a word in a language.

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
    """Return the most likely language of a word; of equally likely ones, the first."""
    return max(LANGUAGES, key=lambda name: probability(word, name))


def _share(items: Sequence[object], item: object) -> float:
    return items.count(item) / len(items)
