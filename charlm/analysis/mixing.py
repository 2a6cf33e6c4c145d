"""`with_counts`: a model, mixed with the n-gram counts of its training text."""

from __future__ import annotations

import numpy as np

from charlm.analysis.inspection.reading import encode_text
from charlm.analysis.surprisal import Nats, surprisal
from charlm.config import OnUnknown
from charlm.errors import CorpusError
from charlm.models.counts import LONGEST_ORDER, Counts
from charlm.models.mixture import Mixture, fit_weights
from charlm.models.predictor import Predictor, check_predictor
from charlm.nn.arrays import IdArray

__all__ = ["with_counts"]

_LONGEST_END = 2**16  # symbols that fit the weights
_STREAMS = 16  # that are read side by side


def with_counts(
    model: Predictor,
    text: str,
    *,
    order: int = LONGEST_ORDER,
    on_unknown: OnUnknown = "error",
    weight: float | None = None,
) -> Mixture:
    """Mix a model with the n-gram counts of its training text, with weights fitted on the end of that text.

    The weights are fitted on the last tenth, or the last 65,536 symbols, with counts of the text before; then the
    whole text is counted. No other text has a part in it. The model has learnt the end, and the counts there have
    not, so the weight of the counts is rather too small.

    Parameters
    ----------
    model : Predictor
    text : str
        The text that the model has learnt, without its held-out part.
    order : int
        Of the counts, as for `Counts`.
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters outside the vocabulary.
    weight : float, optional
        Of the counts, from 0 to 1, instead of a fitted one.

    Returns
    -------
    Mixture
        Of the model and `Counts`.

    Raises
    ------
    CorpusError
        If the text has fewer than 20 symbols.
    VocabularyError
        For a character outside the vocabulary.
    DivergedError
        If the model's output is not finite.
    """
    check_predictor(model)
    ids = encode_text(model, text, on_unknown=on_unknown).ids
    if weight is not None:
        return Mixture((model, Counts(model.vocabulary, ids, order=order)), [1 - weight, weight])
    held = min(len(ids) // 10, _LONGEST_END)
    if held < 2:
        raise CorpusError(f"the text has {len(ids)} symbols; give at least 20, to count and to fit the weights")
    members = model, Counts(model.vocabulary, ids[:-held], order=order)
    weights = fit_weights(np.array([-_nats(member, ids[-held - 1 :]) for member in members]))
    return Mixture((model, Counts(model.vocabulary, ids, order=order)), weights.tolist())


def _nats(model: Predictor, ids: IdArray) -> Nats:
    """Return −ln p of the symbols after the first, read as several streams, each from zero state."""
    N = min(_STREAMS, len(ids) - 1)
    T = (len(ids) - 1) // N
    streams = np.stack([ids[k * T : k * T + T + 1] for k in range(N)], axis=1)
    stop = model.vocabulary.stop_id
    resets = None if stop is None else streams[:-1] == stop
    return np.concatenate(list(surprisal(model, streams, resets=resets))).ravel()
