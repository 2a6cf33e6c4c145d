"""Texts that match a pattern: the live symbols, exactly, at each position of a text.

A pattern becomes a syntax tree (`syntax`, `parser`), an NFA (`nfa`, `product`), and over a model's symbols
(`alphabet`), by the subset construction (`subsets`), a lazily built DFA (`lazy_dfa`, its `states`), which a
`matcher` follows.

A symbol is live if it leads to a match within the remaining characters, else dead. Where a text may not end, dead
symbols are masked and the probabilities of the live ones renormalised at each symbol; that is not the same as
sampling from all matching texts by their probabilities. Where it may end, it ends with the probability of all dead
symbols and the stop symbol together; where no symbol is live, it ends. Filters and temperature act on the live
symbols and the end. The prompt is not matched. No text contains a stop string, since a text cut there would not
match.

A pattern that is not regular, with a backreference or lookaround for example, is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:  # loaded at first use: most texts have no pattern
    from charlm.generation.constraint.compiling import check_pattern, constraint_for
    from charlm.generation.constraint.lazy_dfa import LazyDFA
    from charlm.generation.constraint.matcher import BatchMatcher, Matcher
    from charlm.generation.constraint.named import with_word_lists

__all__ = ["BatchMatcher", "LazyDFA", "Matcher", "check_pattern", "constraint_for", "with_word_lists"]

__getattr__ = loader(
    globals(),
    {
        "compiling": "check_pattern constraint_for",
        "lazy_dfa": "LazyDFA",
        "matcher": "BatchMatcher Matcher",
        "named": "with_word_lists",
    },
)
