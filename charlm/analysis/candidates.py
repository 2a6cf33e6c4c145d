"""`likeliest`: the symbols that a model found most probable at each place of a text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from charlm.analysis.breakdown import predictions
from charlm.analysis.inspection.reading import encode_text, symbol_names
from charlm.analysis.surprisal import Progress
from charlm.config import OnUnknown
from charlm.models.predictor import Predictor, check_predictor

__all__ = ["Candidate", "likeliest"]


class Candidate(NamedTuple):
    """A symbol and its probability; a line feed stands for the end of a document."""

    symbol: str
    probability: float


def likeliest(
    model: Predictor,
    text: str,
    *,
    count: int = 5,
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
    yield names[encoded.ids[0]], math.nan, []
    count = min(count, len(vocabulary))
    for _, log_p, targets in predictions(model, encoded, progress=progress):
        some = np.argpartition(-log_p, count - 1, axis=1)[:, :count]  # in any order
        order = np.lexsort((some, -np.take_along_axis(log_p, some, axis=1)), axis=1)  # equal ones by their ids
        best = np.take_along_axis(some, order, axis=1)
        probabilities = np.exp(np.take_along_axis(log_p, best, axis=1)).tolist()
        bits = (-log_p[np.arange(len(targets)), targets] / math.log(2)).tolist()
        for target, own, ids, p in zip(targets.tolist(), bits, best.tolist(), probabilities, strict=True):
            yield names[target], own, list(map(Candidate, [names[k] for k in ids], p))
