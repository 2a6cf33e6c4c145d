r"""Errors of a pattern: what is malformed, and what is not regular, with the regular way to write it."""

from __future__ import annotations

from typing import NamedTuple

from charlm.errors import UsageError

__all__ = [
    "BACKREFERENCE",
    "ESCAPES",
    "FULL_FOLDING",
    "FUZZY_MATCHING",
    "GROUPS",
    "LOOKBEHIND",
    "POSSESSIVE",
    "RECURSION",
    "REVERSE",
    "VERB",
    "WORD_FLAG",
    "Construct",
    "malformed",
]


class Construct(NamedTuple):
    """A construct that is not regular."""

    name: str
    remedy: str

    def error(self, offset: int) -> UsageError:
        """Return the error of a pattern that has it at an offset."""
        return UsageError(f"the pattern has {self.name} at offset {offset}; it must be regular: {self.remedy}")


GROUPS = {
    "=": Construct("lookahead, (?=…),", "write it as part of what follows"),
    "!": Construct("lookahead, (?!…),", "write what may stand there, as in [^a] for (?!a)"),
    ">": Construct("an atomic group, (?>…),", "write (?:…)"),
    "(": Construct("a condition, (?(…)…),", "write both cases, as in ab|c"),
}
"""By the character behind ``(?``."""
ESCAPES = {
    "K": Construct(r"\K", "leave it out"),
    "G": Construct(r"\G", "leave it out, a pattern begins where its text does"),
    "R": Construct(r"\R", r"write (?:\r\n|[\n\r\v\f])"),
    "X": Construct(r"a grapheme, \X,", r"write \P{M}\p{M}*"),
    "L": Construct(r"a named list, \L<…>,", "write its words, as in (?:one|two)"),
}
"""By the letter behind the backslash."""
BACKREFERENCE = Construct("a backreference", r"write every case, as in aa|bb for ([ab])\1")
RECURSION = Construct("recursion", "write as many levels as you need")
LOOKBEHIND = Construct("lookbehind, (?<…),", "write it as part of what comes before")
FULL_FOLDING = Construct(
    "full case-folding, (?f) or (?V1) with (?i),", "write (?i) alone, and both spellings, as in (?:ß|ss)"
)
FUZZY_MATCHING = Construct("fuzzy matching, {e<=1} and the like,", "write every spelling, as in colou?r")
POSSESSIVE = Construct("a possessive count", "leave its second + out")
VERB = Construct("a control verb, (*…),", "leave it out")
REVERSE = Construct("matching from the end, (?r),", "leave it out, the same texts match")
WORD_FLAG = Construct("Unicode's own words, (?w),", "leave it out, or name what words have, as in [\\w']+")


def malformed(what: str, offset: int) -> UsageError:
    """Return the error of a pattern that is none."""
    return UsageError(f"the pattern has {what} at offset {offset}; see the syntax of the regex package")
