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

from charlm.config import SampleConfig
from charlm.generation.constraint.compiling import lazy_dfa_of
from charlm.generation.constraint.lazy_dfa import LazyDFA
from charlm.generation.constraint.named import resolve, with_word_lists
from charlm.generation.constraint.parser import parse
from charlm.generation.constraint.syntax import Node
from charlm.generation.constraint.template import parse_template
from charlm.text.vocabulary import Vocabulary

__all__ = ["LazyDFA", "check_pattern", "constraint_for", "with_word_lists"]


def constraint_for(config: SampleConfig, vocabulary: Vocabulary) -> LazyDFA:
    """Return the automaton of the pattern or template of a configuration over the symbols of a vocabulary.

    Raises
    ------
    UsageError
        If the pattern is invalid, not regular or too large, or there is none of that name.
    ConstraintError
        If no text of at most ``config.length`` characters matches.
    """
    template = vocabulary.prepare(config.template) if config.template else ""
    return lazy_dfa_of(_parsed(config.regex, template), vocabulary, config.length, config.stop)


def check_pattern(config: SampleConfig) -> None:
    """Refuse a pattern or template that is none, whatever the model.

    Raises
    ------
    UsageError
        If the pattern is invalid or not regular, or there is none of that name.
    """
    if config.regex or config.template:
        _parsed(config.regex, config.template)


def _parsed(pattern: str, template: str) -> Node:
    return parse_template(template) if template else parse(resolve(pattern))
