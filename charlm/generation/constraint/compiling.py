"""From a syntax tree and a vocabulary to a `LazyDFA`."""

from __future__ import annotations

from collections.abc import Sequence
from reprlib import repr as brief

from charlm.config import SampleConfig
from charlm.errors import ConstraintError, UsageError
from charlm.generation.constraint.alphabet import Characters, memberships
from charlm.generation.constraint.byte_subsets import ByteSubsets
from charlm.generation.constraint.lazy_dfa import LazyDFA
from charlm.generation.constraint.named import resolve
from charlm.generation.constraint.nfa import NFA
from charlm.generation.constraint.parser import parse
from charlm.generation.constraint.product import Refinement, marks_of, product
from charlm.generation.constraint.subsets import CharacterSubsets, GraphemeSubsets, Subsets
from charlm.generation.constraint.syntax import (
    NOTHING,
    Chars,
    Node,
    assertions_of,
    classes_of,
    fit,
    size,
    words_of,
)
from charlm.generation.constraint.template import parse_template
from charlm.generation.constraint.trie import MOST_EDGES, minimal_trie
from charlm.text.vocabulary import Vocabulary

__all__ = ["MOST_CHARACTERS", "check_pattern", "constraint_for", "lazy_dfa_of"]

MOST_CHARACTERS = 50_000
"""Most characters of a pattern whose counts are written out."""


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
    """Raise an error for an invalid pattern or template, independent of a model.

    Raises
    ------
    UsageError
        If the pattern is invalid or not regular, or there is none of that name.
    """
    if config.constrained:
        _parsed(config.regex, config.template)


def _parsed(pattern: str, template: str) -> Node:
    return parse_template(template) if template else parse(resolve(pattern))


def lazy_dfa_of(node: Node, vocabulary: Vocabulary, length: int, stops: Sequence[str] = ()) -> LazyDFA:
    """Return the DFA of a pattern over the symbols of a vocabulary.

    Parameters
    ----------
    node : Node
        A regular pattern.
    vocabulary : Vocabulary
    length : int
        Characters of a text at most; graphemes, for a vocabulary of graphemes.
    stops : sequence of str
        What no text may contain.

    Raises
    ------
    ConstraintError
        If no text matches.
    UsageError
        For a class that `regex` does not know, and for a pattern that is too large.
    """
    marks = marks_of(assertions_of(node), stops)
    classes = list(dict.fromkeys([*classes_of(node), *marks]))
    if vocabulary.unit == "byte":
        values = [s if isinstance(s, int) else None for s in vocabulary.symbols]
        characters = Characters(classes, [value for value in values if value is not None])
        nfa = _nfa(node, classes, characters.known(), length)
        if marks:
            nfa, refinement = _product(nfa, characters.writable(), classes, marks, stops)
            characters.kinds = [refinement(kind) for kind in characters.kinds]
        subsets: Subsets = ByteSubsets(nfa, characters, values)
    else:
        specials = {vocabulary.unknown_id, vocabulary.stop_id}
        symbols = ["" if k in specials else str(s) for k, s in enumerate(vocabulary.symbols)]
        belongs = memberships(classes, "".join(sorted(set().union(*symbols))))
        # a character that occurs only in graphemes with others that the pattern does not have is never written
        readable = [belongs[c] for symbol in symbols if all(belongs[c] for c in symbol) for c in symbol]
        known = set().union(*readable)
        nfa = _nfa(node, classes, known, length * max(map(len, symbols)))
        if marks:
            nfa, refinement = _product(nfa, readable, classes, marks, stops)
            belongs = {c: refinement(numbers) for c, numbers in belongs.items()}
        spellings = [tuple(belongs[c] for c in symbol) for symbol in symbols]
        clusters = any(len(spelling) > 1 and all(spelling) for spelling in spellings)
        subsets = GraphemeSubsets(nfa, spellings) if clusters else CharacterSubsets(nfa, spellings)
    return LazyDFA(subsets, len(vocabulary), length)


def _nfa(node: Node, classes: list[Chars], numbers: set[int], longest: int) -> NFA:
    """Return the NFA of a pattern fitted to the classes that can be written; `longest` is in code points."""
    known = {chars for number, chars in enumerate(classes) if number in numbers}
    fitted, _ = fit(node, known.__contains__, longest)
    if fitted == NOTHING:
        raise ConstraintError(_why_not(node, known))
    written_out = size(fitted)
    if written_out > MOST_CHARACTERS:
        raise UsageError(
            f"the pattern has {written_out} characters when its counts are written out; at most {MOST_CHARACTERS} "
            f"can be followed"
        )
    edges = 0
    for words, times in words_of(fitted):
        edges += times * sum(len(state.edges) for state in minimal_trie(words.words))
        if edges > MOST_EDGES:
            raise UsageError(
                f"the words of the pattern make tries of over {MOST_EDGES:,} edges, its counts written out; give "
                f"fewer words, or smaller counts"
            )
    return NFA(fitted, {chars: number for number, chars in enumerate(classes)})


def _product(
    nfa: NFA, signatures: list[frozenset[int]], classes: list[Chars], marks: list[Chars], stops: Sequence[str]
) -> tuple[NFA, Refinement]:
    """Return the NFA without assertions and stop strings, and the parts of classes that it reads."""
    numbers = {chars: number for number, chars in enumerate(classes)}
    refinement = Refinement(signatures, frozenset(numbers[mark] for mark in marks), len(classes))
    return product(nfa, refinement, numbers, stops), refinement


def _why_not(node: Node, known: set[Chars]) -> str:
    _, shortest = fit(node, known.__contains__, float("inf"))
    if shortest < float("inf"):
        return (
            f"the shortest text that matches has {shortest:,.0f} characters; raise `length`, or change the pattern"
        )
    missing = [chars.atom for chars in classes_of(node) if chars not in known][:3]
    shown = [atom if atom[-1].isalnum() or len(atom) > 2 else atom[-1] for atom in missing]  # a dot is \\. there
    return (
        f"nothing that this model can write matches the pattern: it has no {' and no '.join(map(brief, shown))}; "
        f"change the pattern, or train on a text that has them"
    )
