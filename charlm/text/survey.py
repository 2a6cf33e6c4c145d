"""`survey_text`: a closer look at a text: rare and control characters, scripts, repeated lines."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import regex

__all__ = ["RARE", "TextSurvey", "survey_text"]

RARE = 10
"""A character that occurs less often is rare."""
_REPEATABLE = 20  # characters from which on a line that occurs twice is a repeat
_SCRIPTS = (
    *("Latin", "Greek", "Cyrillic", "Han", "Hiragana", "Katakana", "Hangul", "Arabic", "Hebrew", "Devanagari"),
    *("Thai", "Armenian", "Georgian", "Bengali", "Tamil"),
)


@dataclass(frozen=True, slots=True)
class TextSurvey:
    """A closer look at a text.

    Parameters
    ----------
    bytes, distinct_bytes, graphemes, distinct_graphemes : int
        The text in the other units: symbols in it, and different ones, the size of a vocabulary.
    rare : int
        Different characters that occur fewer than `RARE` times.
    rarest : tuple of str
        Some of them.
    controls : dict of int
        Control characters other than tab and line feed, such as ``U+000D``, and how often each occurs.
    scripts : dict of float
        The share of each script in the letters, the largest first.
    median_line, long_line : int
        The length that half of the lines, and nine tenths of them, do not exceed.
    blank_lines : int
    repeated_lines : float
        The share of lines of at least 20 characters that have occurred before.
    leaked_lines : float
        The share of such lines in the last tenth, which is held out by default, that occur before: a model may know
        them.
    """

    bytes: int
    distinct_bytes: int
    graphemes: int
    distinct_graphemes: int
    rare: int
    rarest: tuple[str, ...]
    controls: dict[str, int]
    scripts: dict[str, float]
    median_line: int
    long_line: int
    blank_lines: int
    repeated_lines: float
    leaked_lines: float

    def to_json(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return asdict(self)


def survey_text(text: str) -> TextSurvey:
    r"""Look closely at a text.

    Parameters
    ----------
    text : str
        At least one character.

    Examples
    --------
    >>> found = survey_text("Γειά, world\x07\r\n")
    >>> found.controls, found.scripts
    ({'U+0007': 1, 'U+000D': 1}, {'Latin': 0.5555555555555556, 'Greek': 0.4444444444444444})
    """
    counts = Counter(text)
    encoded = text.encode("utf-8", "surrogatepass")
    graphemes = Counter(regex.findall(r"\X", text))
    rare = sorted((symbol for symbol, count in counts.items() if count < RARE), key=lambda s: (counts[s], s))
    lines = text.splitlines() or [""]
    lengths = sorted(map(len, lines))
    split = int(len(text) * 0.9)
    learnt = {line for line in text[:split].splitlines() if len(line) >= _REPEATABLE}
    held_out = [line for line in text[split:].splitlines()[1:] if len(line) >= _REPEATABLE]  # the first is cut
    long = [line for line in lines if len(line) >= _REPEATABLE]
    return TextSurvey(
        bytes=len(encoded),
        distinct_bytes=len(set(encoded)),
        graphemes=graphemes.total(),
        distinct_graphemes=len(graphemes),
        rare=len(rare),
        rarest=tuple(rare[:20]),
        controls={
            f"U+{ord(symbol):04X}": count
            for symbol, count in sorted(counts.items())
            if unicodedata.category(symbol) == "Cc" and symbol not in "\n\t"
        },
        scripts=_scripts(counts),
        median_line=lengths[len(lengths) // 2],
        long_line=lengths[min(len(lengths) * 9 // 10, len(lengths) - 1)],
        blank_lines=sum(not line.strip() for line in lines),
        repeated_lines=1 - len(set(long)) / len(long) if long else 0.0,
        leaked_lines=sum(line in learnt for line in held_out) / len(held_out) if held_out else 0.0,
    )


def _scripts(counts: Counter[str]) -> dict[str, float]:
    found: Counter[str] = Counter()
    tests = {name: regex.compile(rf"\p{{Script={name}}}") for name in _SCRIPTS}
    for symbol, count in counts.items():
        if symbol.isalpha():
            found[next((name for name, test in tests.items() if test.match(symbol)), "other")] += count
    return {name: count / found.total() for name, count in found.most_common()}
