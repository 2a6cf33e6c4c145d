"""`pair_nats`: how likely a model of pairs finds the targets, each symbol with those before it given."""

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
    """How likely a model finds targets.

    Parameters
    ----------
    nats : float
        Mean −ln p of a symbol of the targets, the one that ends a text included, of a label, or of a tag; nan where
        there is none.
    accuracy : float
        Share of them that the model finds the likeliest.
    symbols : int
        How many there are.
    left_out : int
        Pairs with a target that the model cannot write, to which it gives no probability.
    """

    nats: float
    accuracy: float
    symbols: int
    left_out: int


def pair_nats(
    model: Transducer, pairs: Sequence[Pair], *, on_unknown: OnUnknown = "error", progress: Progress | None = None
) -> PairNats:
    """Return how likely a model finds targets, each symbol with those before it given (teacher forcing).

    Parameters
    ----------
    model : Transducer
    pairs : sequence of Pair
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters of a source that the model does not know. A target that it cannot write is refused
        with ``"error"``, else left out.
    progress : callable, optional
        Called with the pairs read so far, and with all there are.

    Raises
    ------
    VocabularyError
        For a character or a label that the model does not know.
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
    known.sort(key=lambda pair: (len(pair[0]), len(pair[1])))  # so that little is padding
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
    """Return what makes ids of a target, a label's alone."""
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
