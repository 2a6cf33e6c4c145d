"""Texts that match a pattern: the live symbols, exactly, at each position of a text.

A pattern becomes a syntax tree (`syntax`, `parser`), an NFA (`nfa`, `product`), and over a model's symbols
(`alphabet`), by the subset construction (`subsets`), a lazily built DFA (`lazy_dfa`), which a `matcher` follows.

While a text may not end, dead symbols are refused and the probabilities of the others renormalised at each symbol,
which is not the same as choosing among all matching texts by their probabilities. Where it may end, the
probability of all dead symbols and of the stop symbol together is that of ending there; where nothing is live, it
ends. A symbol is live if a match can be reached with it in the characters that are left. Filters and temperature
act on what then remains, the end included. The prompt is not matched. A stop string does not cut a text, which
would then not match: no text contains one.

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
