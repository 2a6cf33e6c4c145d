"""Texts that match a pattern: which symbols are live, exactly, at every place of a text.

A regular pattern becomes an automaton over a model's symbols. While a text may not end, dead symbols are refused
and the probabilities of the others renormalised: at each symbol, which is not the same as choosing among all
matching texts by their probabilities. Where it may end, the probability of all dead symbols and of the stop symbol
together is that of ending there; where nothing is live, it ends. A symbol is live if a match can be reached with it
within what is left of the length. Filters and temperature act on what is then left, the end among it. The prompt is
not matched. A stop string does not cut a text, which would then not match: it is what no text contains.

Patterns that are not regular are matched by `regex`, symbol by symbol and with ways back out of dead ends; see
`charlm.generation.constraint.guarded`. All that is written matches, too, but what is live is then a guess.
"""

from __future__ import annotations

from charlm.config import SampleConfig
from charlm.generation.constraint.automaton import Automaton
from charlm.generation.constraint.compiling import automaton_of
from charlm.generation.constraint.guarded import Guard
from charlm.generation.constraint.named import resolve
from charlm.generation.constraint.parser import parse
from charlm.generation.constraint.template import parse_template
from charlm.generation.constraint.word_lists import with_word_lists
from charlm.text.vocabulary import Vocabulary

__all__ = ["Automaton", "Guard", "constraint_for", "warning", "with_word_lists"]


def constraint_for(config: SampleConfig, vocabulary: Vocabulary) -> Automaton | Guard:
    """Return what the pattern or template of a configuration makes of the symbols of a vocabulary.

    Raises
    ------
    UsageError
        For what is no pattern, is too large, unknown by its name, or cannot be followed.
    ConstraintError
        If no text of at most ``config.length`` characters matches.
    """
    if config.template:
        node = parse_template(vocabulary.prepare(config.template))
    else:
        parsed = parse(resolve(config.regex))
        if parsed.constructs:
            return Guard(parsed, vocabulary)
        node = parsed.node
    return automaton_of(node, vocabulary, config.length, config.stop)


def warning(config: SampleConfig) -> str | None:
    """Return what a person should know about a pattern; None if there is nothing.

    Raises
    ------
    UsageError
        For what is no pattern or template, whatever the model.
    """
    if config.template:
        parse_template(config.template)
        return None
    constructs = parse(resolve(config.regex)).constructs
    if not constructs:
        return None
    return (
        f"the pattern has {' and '.join(constructs)}, so it is not regular: every text will match, but is written "
        f"slowly and shown as a whole, and is not drawn exactly"
    )
