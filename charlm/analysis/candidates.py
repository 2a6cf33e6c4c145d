"""`likeliest`: the symbols that a model found most probable at each place of a text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from charlm.analysis.breakdown import predictions
from charlm.analysis.inspection.reading import EncodedText, encode_text, symbol_names
from charlm.analysis.pieces import characters_begun
from charlm.analysis.surprisal import Progress
from charlm.config import OnUnknown
from charlm.models.predictor import Predictor, check_predictor
from charlm.text.vocabulary import Vocabulary

__all__ = ["Candidate", "likeliest"]


_Place: TypeAlias = "tuple[int, float, list[Candidate]]"


class Candidate(NamedTuple):
    """A symbol and its probability; a line feed stands for the end of a document."""

    symbol: str
    probability: float


def likeliest(
    model: Predictor,
    text: str,
    *,
    count: int = 5,
    whole_characters: bool = False,
    on_unknown: OnUnknown = "error",
    progress: Progress | None = None,
) -> Iterator[tuple[str, float, list[Candidate]]]:
    r"""Read a text and yield each symbol with its surprisal and the most probable symbols at its place.

    Memory does not grow with the length of the text, beside the text itself.

    Parameters
    ----------
    model : Predictor
    text : str
    count : int
        Candidates at each place, fewer where the vocabulary has fewer.
    whole_characters : bool
        Whether the bytes of a character are joined: their bits summed, the candidates of the first that has any.
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters outside the vocabulary.
    progress : callable, optional
        Called with the symbols predicted so far and their total.

    Yields
    ------
    symbol : str
        A character, a grapheme or a byte, one beyond ASCII as ``\xe9``.
    bits : float
        nan for the first, which is not predicted.
    candidates : list of Candidate
        The most probable first; none for the first symbol.
    """
    check_predictor(model)
    vocabulary = model.vocabulary
    encoded = encode_text(model, text, on_unknown=on_unknown)
    names = symbol_names(vocabulary)
    places = _places(model, encoded, names, min(count, len(vocabulary)), progress)
    if whole_characters and vocabulary.unit == "byte":
        yield from _joined(vocabulary, places)
    else:
        yield from ((names[k], bits, candidates) for k, bits, candidates in places)


def _places(
    model: Predictor, encoded: EncodedText, names: Sequence[str], count: int, progress: Progress | None
) -> Iterator[_Place]:
    """Yield the id of each symbol, its surprisal and the most probable symbols at its place."""
    yield int(encoded.ids[0]), math.nan, []
    for _, log_p, targets in predictions(model, encoded, progress=progress):
        some = np.argpartition(-log_p, count - 1, axis=1)[:, :count]  # in any order
        order = np.lexsort((some, -np.take_along_axis(log_p, some, axis=1)), axis=1)  # equal ones by their ids
        best = np.take_along_axis(some, order, axis=1)
        probabilities = np.exp(np.take_along_axis(log_p, best, axis=1)).tolist()
        bits = (-log_p[np.arange(len(targets)), targets] / math.log(2)).tolist()
        for target, own, ids, p in zip(targets.tolist(), bits, best.tolist(), probabilities, strict=True):
            yield target, own, list(map(Candidate, [names[k] for k in ids], p))


def _joined(vocabulary: Vocabulary, places: Iterator[_Place]) -> Iterator[tuple[str, float, list[Candidate]]]:
    """Join the places of the bytes of each character."""
    begins = (characters_begun(vocabulary) > 0).tolist()
    held: list[_Place] = []
    for place in places:
        if held and begins[place[0]]:
            yield _whole(vocabulary, held)
            held = []
        held.append(place)
    yield _whole(vocabulary, held)


def _whole(vocabulary: Vocabulary, places: Sequence[_Place]) -> tuple[str, float, list[Candidate]]:
    symbol = vocabulary.decode(k for k, _, _ in places) or "\n"  # that of a stop symbol is empty
    known = [bits for _, bits, _ in places if not math.isnan(bits)]
    candidates = next((some for _, _, some in places if some), [])
    return symbol, math.fsum(known) if known else math.nan, candidates
