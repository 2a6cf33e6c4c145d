"""`SampleConfig`: settings of sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.config.settings import check_settings, documented, setting
from charlm.errors import UsageError

__all__ = ["FINISH_WITHIN", "OnUnknown", "SampleConfig"]

OnUnknown: TypeAlias = Literal["error", "skip", "replace"]


FINISH_WITHIN = 200
"""Symbols beyond its length within which a text finishes its line; in the last half of them, its word."""


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class SampleConfig:
    """Settings of sampling.

    The penalty and the filters act in the order repeat penalty, top-k, typical-p, top-p, min-p, all of them before
    the temperature.
    """

    length: int = setting(
        500,
        "Characters of the continuation.",
        more="At most so many; graphemes for a model of graphemes.",
        aliases="max-new-tokens n-predict",
        panel="Sampling",
    )
    finish_line: bool = setting(
        False,
        "Continue beyond the length to the end of the line, or of the word if the line is long.",
        more=f"At most {FINISH_WITHIN} symbols. The line feed is not part of the text. With a pattern, the length "
        "is exact.",
        flags=None,
    )
    temperature: float = setting(
        0.8,
        "Temperature: 0 takes the most likely character; above 1, rare characters become likelier.",
        more="It divides the log-probabilities.",
        flags="temp temperature",
        panel="Sampling",
    )
    top_k: int = setting(0, "Draw from the N most likely characters only; 0 from all.", panel="Filters")
    top_p: float = setting(
        1.0,
        "Draw from the fewest characters that together have probability P; 1 from all.",
        value="P",
        high=1,
        above=True,
        panel="Filters",
    )
    min_p: float = setting(
        0.0,
        "Draw from characters at least P times as likely as the likeliest; 0 from all.",
        value="P",
        high=1,
        panel="Filters",
    )
    typical_p: float = setting(
        1.0,
        "Draw from the most typical characters that together have probability P: neither too obvious nor too "
        "surprising; 1 from all.",
        more="The surprisal of a typical character is near to the entropy.",
        aliases="typical",
        value="P",
        high=1,
        above=True,
        panel="Filters",
    )
    repeat_penalty: float = setting(
        1.0,
        "Multiplies log p of the characters seen lately: above 1 they become rarer, 1 changes nothing.",
        more="Those of the prompt count, too.",
        aliases="repetition-penalty",
        high=1000,
        above=True,
        panel="Filters",
    )
    repeat_last_n: int = setting(64, "Last characters that the penalty covers.", high=100_000, panel="Filters")
    stop: tuple[str, ...] = setting(
        (),
        "End before this text; may be repeated.",
        more="With a pattern, the text contains none of them.",
        value="STRING",
        panel="Sampling",
    )
    regex: str = setting(
        "",
        "Write only what matches in full: a pattern, or @date, @email, @word and others by name. In a pattern "
        "@file:words.txt is any word of a list, one a line.",
        more="A symbol that cannot lead to a match within the length is not drawn. Where the text may end, it ends "
        "with the total probability of the symbols that cannot follow. A configuration names no files: "
        "`with_word_lists` of `charlm.generation.constraint` puts the words of a list into it.",
        value="PATTERN",
        panel="Sampling",
    )
    template: str = setting(
        "",
        "Fill the holes of a text: {name:PATTERN}, {name:@date}, or {name} for a word; {{ and }} are braces.",
        value="STRING",
        panel="Sampling",
    )
    on_unknown: OnUnknown = setting(
        "error", "Treatment of characters that the model does not know.", panel="Prompt"
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.regex and self.template:
            raise UsageError("`regex` and `template` are two patterns for one text; give one of them")
        if any(not text for text in self.stop):
            raise UsageError("an empty `stop` would end every text at once; give at least one character")

    @property
    def constrained(self) -> bool:
        """Whether the text must match a pattern or a template."""
        return bool(self.regex or self.template)

    @property
    def longest(self) -> int:
        """Largest number of symbols of the continuation."""
        beyond = self.length and self.finish_line and not self.constrained
        return self.length + FINISH_WITHIN if beyond else self.length
