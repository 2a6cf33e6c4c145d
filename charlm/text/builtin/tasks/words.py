"""``words``: phrases of the built-in tales without their spaces; the tags mark the first letter of each word.

The tags are ``B`` for the first letter of a word and ``I`` for the others. Some phrases are ambiguous
("anotherone"), so no model is always right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from charlm.text.builtin import tales
from charlm.text.builtin.portable_generator import PortableGenerator
from charlm.text.pairs import Pair

__all__ = ["joined"]

_SHORTEST, _LONGEST = 3, 8  # words of a phrase
_SENTENCE_END = re.compile(r"[.!?:;\"]|\n\n")
_WORD = re.compile(r"[a-z]+")


def joined(rng: PortableGenerator) -> Iterator[Pair]:
    """Yield phrases of three to eight words, none across the end of a sentence."""
    for tale in tales.lines(rng):
        for sentence in _SENTENCE_END.split(tale.lower().replace("'", "")):
            words = _WORD.findall(sentence)
            while len(words) >= _SHORTEST:
                size = _SHORTEST + rng.below(_LONGEST - _SHORTEST + 1)
                phrase, words = words[:size], words[size:]
                yield Pair("".join(phrase), "".join(["B" + "I" * (len(word) - 1) for word in phrase]))
