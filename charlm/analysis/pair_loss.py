"""`pair_nats`: the loss of a model of pairs on targets, by teacher forcing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from charlm.analysis.surprisal import Progress
from charlm.config import OnUnknown
from charlm.errors import VocabularyError
from charlm.models.learner import check_finite, check_kind
from charlm.models.transducer import Transducer
from charlm.nn.arrays import IdArray
from charlm.text.batches import pair_batch
from charlm.text.pairs import Pair

__all__ = ["PairNats", "pair_nats"]

AT_ONCE = 256  # pairs


@dataclass(frozen=True, slots=True)
class PairNats:
    """The loss of a model of pairs on targets.

    Parameters
    ----------
    nats : float
        Mean −ln p of a symbol of the targets, the stop symbol of a text included, of a label, or of a tag; nan if
        there is none.
    accuracy : float
        Share of them that the model finds the most likely.
    symbols : int
        Number of symbols, labels or tags.
    left_out : int
        Number of pairs with a target outside the vocabulary, which has no probability.
    """

    nats: float
    accuracy: float
    symbols: int
    left_out: int


def pair_nats(
    model: Transducer, pairs: Sequence[Pair], *, on_unknown: OnUnknown = "error", progress: Progress | None = None
) -> PairNats:
    """Return the loss on targets, each symbol predicted from the correct ones before it (teacher forcing).

    Parameters
    ----------
    model : Transducer
    pairs : sequence of Pair
    on_unknown : {"error", "skip", "replace"}
        Treatment of source characters outside the vocabulary. A target outside the vocabulary is refused with
        ``"error"``, else left out.
    progress : callable, optional
        Called with the number of pairs read so far and their total.

    Raises
    ------
    VocabularyError
        For a character or a label that the model does not have.
    DivergedError
        If the model's output is not finite.
    """
    check_kind(model, Transducer)
    known: list[tuple[IdArray, IdArray]] = []
    target_ids = _encoder(model)
    for number, (source, target) in enumerate(pairs, 1):
        try:
            ids = model.source.encode(source, on_unknown=on_unknown)
        except VocabularyError as error:
            raise VocabularyError(f"source {number:,}: {error}") from error
        try:
            known.append((ids, target_ids(target)))
        except VocabularyError as error:
            if on_unknown == "error":
                raise VocabularyError(f"target {number:,}: {error}") from error
    known.sort(key=lambda pair: (len(pair[0]), len(pair[1])))  # little padding
    stop_id = None if model.target is None else model.target.stop_id
    nats, likeliest, symbols = 0.0, 0, 0
    for begin in range(0, len(known), AT_ONCE):
        sources, targets = zip(*known[begin : begin + AT_ONCE], strict=True)
        batch = pair_batch(sources, targets, output=model.config.output, stop_id=stop_id)
        found, right = model.score_targets(batch)
        check_finite(found)
        nats += float(found.sum())
        likeliest += batch.counted - int((~right).sum())
        symbols += batch.counted
        if progress is not None:
            progress(begin + len(sources), len(known))
    if not symbols:
        return PairNats(math.nan, math.nan, 0, len(pairs) - len(known))
    return PairNats(nats / symbols, likeliest / symbols, symbols, len(pairs) - len(known))


def _encoder(model: Transducer) -> Callable[[str], IdArray]:
    """Return a function that encodes a target; that of a label gives one id."""
    vocabulary = model.target
    if vocabulary is not None:
        return lambda target: vocabulary.encode(target, on_unknown=vocabulary.training_on_unknown)
    places = {label: np.array([k]) for k, label in enumerate(model.labels)}

    def place(target: str) -> IdArray:
        if target not in places:
            raise VocabularyError(
                f"{target[:60]!r} is not among this model's {len(places)} labels; "
                f'pass `on_unknown="skip" or "replace"`, or retrain'
            )
        return places[target]

    return place
