"""From a pattern and a vocabulary to an `Automaton`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from reprlib import repr as brief

from charlm.errors import ConstraintError, UsageError
from charlm.generation.constraint.assertions import Refinement, marks_of, resolved
from charlm.generation.constraint.automaton import Automaton
from charlm.generation.constraint.classes import members
from charlm.generation.constraint.forbidden import letters_of, refined, without
from charlm.generation.constraint.network import Network
from charlm.generation.constraint.pattern import (
    NOTHING,
    Chars,
    Node,
    assertions_of,
    classes_of,
    fit,
    size,
    words_of,
)
from charlm.generation.constraint.readers import Graphemes, Reader, WholeCharacters
from charlm.generation.constraint.utf8 import Characters, Utf8Symbols
from charlm.generation.constraint.words import MOST_EDGES, minimal_trie
from charlm.text.vocabulary import Vocabulary

__all__ = ["MOST_CHARACTERS", "automaton_of"]

MOST_CHARACTERS = 50_000
"""Of a pattern whose counts are written out."""


def automaton_of(node: Node, vocabulary: Vocabulary, length: int, stops: Sequence[str] = ()) -> Automaton:
    """Return what a pattern makes of the symbols of a vocabulary.

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
    marks = marks_of(assertions_of(node))
    classes = list(dict.fromkeys([*classes_of(node), *marks]))
    letters = letters_of(stops)
    if vocabulary.unit == "byte":
        values = [s if isinstance(s, int) else None for s in vocabulary.symbols]
        characters = Characters([*classes, *letters], [value for value in values if value is not None])
        network = _network(node, classes, characters.known(), length)
        network, refine = _followed(network, characters.writable(), classes, marks, stops)
        characters.kinds = [refine(kind) for kind in characters.kinds]
        reader: Reader = Utf8Symbols(network, characters, values)
    else:
        specials = {vocabulary.unknown_id, vocabulary.stop_id}
        symbols = ["" if k in specials else str(s) for k, s in enumerate(vocabulary.symbols)]
        belongs = _memberships([*classes, *letters], "".join(sorted(set().union(*symbols))))
        # a character that occurs only beside others which the pattern does not have is never written
        readable = [belongs[c] for symbol in symbols if all(belongs[c] for c in symbol) for c in symbol]
        known = set().union(*readable)
        network = _network(node, classes, known, length * max(map(len, symbols)))
        network, refine = _followed(network, readable, classes, marks, stops)
        belongs = {c: refine(numbers) for c, numbers in belongs.items()}
        spellings = [tuple(belongs[c] for c in symbol) for symbol in symbols]
        clusters = any(len(spelling) > 1 and all(spelling) for spelling in spellings)
        reader = Graphemes(network, spellings) if clusters else WholeCharacters(network, spellings)
    return Automaton(reader, len(vocabulary), length)


def _memberships(classes: list[Chars], alphabet: str) -> dict[str, frozenset[int]]:
    """Return the numbers of the classes to which each character belongs."""
    belongs: dict[str, set[int]] = {character: set() for character in alphabet}
    for number, chars in enumerate(classes):
        for start, end in members(chars, alphabet):
            for character in alphabet[start:end]:
                belongs[character].add(number)
    return {character: frozenset(numbers) for character, numbers in belongs.items()}


def _network(node: Node, classes: list[Chars], numbers: set[int], longest: int) -> Network:
    """Return the network of what is possible; `longest` is in code points."""
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
    return Network(fitted, {chars: number for number, chars in enumerate(classes)})


def _followed(
    network: Network,
    signatures: list[frozenset[int]],
    classes: list[Chars],
    marks: list[Chars],
    stops: Sequence[str],
) -> tuple[Network, Callable[[frozenset[int]], frozenset[int]]]:
    """Return the network without stop strings and assertions, and a function that adds parts to a signature."""
    before, letters = len(classes), len(letters_of(stops))
    refinement = None
    if stops:
        network = without(network, stops, signatures, before, letters)
        signatures = [refined(signature, before, letters) for signature in signatures]
    if marks:
        numbers = {chars: number for number, chars in enumerate(classes)}
        refinement = Refinement(signatures, frozenset(numbers[mark] for mark in marks), 2 * before + letters)
        network = resolved(network, refinement, numbers)

    def refine(signature: frozenset[int]) -> frozenset[int]:
        signature = refined(signature, before, letters) if stops else signature
        return signature if refinement is None else refinement(signature)

    return network, refine


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
