"""`connectivity`: on which earlier characters each prediction depends.

The dependence of the prediction of character t on the earlier character s is the norm of ∂l/∂x_s, where l is the
logit of character t and x_s the input vector of character s. One backward pass computes all of them: as many
streams as there are predictions read the same text, and each has the gradient of its own logit alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.inspection.reading import check_network, encode_text, symbol_names
from charlm.config import OnUnknown
from charlm.errors import CorpusError
from charlm.models.language_model import CharModel
from charlm.models.learner import State, with_params
from charlm.nn.arrays import FloatArray
from charlm.nn.stack import map_state

__all__ = ["LONGEST", "Connectivity", "connectivity"]

LONGEST = 200
"""Characters at the end of a text whose predictions are examined."""
_STREAMS = 64  # targets of one pass, so that early ones need no late steps
_NUMBERS = 2**23  # numbers in the gradient of all inputs of one pass


@dataclass(frozen=True, slots=True, eq=False)
class Connectivity:
    """The dependence of each prediction on each earlier character.

    Parameters
    ----------
    pieces : tuple of str, length n
        Symbols of the text, as `symbol_names` names them.
    strength : ndarray, shape (n, n)
        Row t: the norm of ∂l/∂x_s for each s, where l is the logit of ``pieces[t]``; 0 for s ≥ t. Row 0 is 0.
    nats : ndarray, shape (n,)
        Surprisal of each symbol; nan for the first.
    """

    pieces: tuple[str, ...]
    strength: NDArray[np.float64]
    nats: NDArray[np.float64]

    def shares(self) -> NDArray[np.float64]:
        """Return the strengths as shares, so that each row sums to 1; rows of nothing are 0."""
        total = self.strength.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(self.strength, total, out=np.zeros_like(self.strength), where=total > 0))


def connectivity(model: CharModel, text: str, *, on_unknown: OnUnknown = "error") -> Connectivity:
    """Measure on which earlier characters each prediction depends.

    Parameters
    ----------
    model : CharModel
    text : str
        Only its last `LONGEST` symbols are examined; those before them are read, and not differentiated.
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters outside the vocabulary.

    Returns
    -------
    Connectivity

    Raises
    ------
    CorpusError
        If the text has fewer than two symbols.

    References
    ----------
    .. [1] Madsen (2019), "Visualizing memorization in RNNs", Distill.
    """
    check_network(model)
    read = encode_text(model, text, on_unknown=on_unknown)
    if len(read.ids) < 2:
        raise CorpusError("the text has one symbol; give at least two, since the first is not predicted")
    net = with_params(model, model.params.replica())  # its gradient is not the model's
    resets = np.zeros(len(read.ids), np.bool_) if read.resets is None else read.resets
    before, ids = read.ids[:-LONGEST].astype(np.intp), read.ids[-LONGEST:].astype(np.intp)
    n = len(ids)
    state = net.zero_state(1)
    if before.size:
        _, state = net.hidden(before[:, None], state, resets=resets[:-LONGEST, None])
    resets = resets[-LONGEST:-1, None]
    x = net.dense(ids[:-1, None])  # (n - 1, 1, D)
    h, _, _ = net.stack.forward(x, state, resets=resets)
    nats = np.append(np.nan, net.target_nats(h, ids[1:, None])[:, 0])

    strength = np.zeros((n, n))
    width = max(1, min(_STREAMS, _NUMBERS // (x.shape[0] * x.shape[2])))
    for first in range(1, n, width):
        targets = np.arange(first, min(first + width, n))
        strength[targets, : targets[-1]] = _strength(
            net, x[: targets[-1]], state, resets[: targets[-1]], ids, targets
        )
    names = symbol_names(model.vocabulary)
    return Connectivity(tuple(names[k] for k in ids), strength, nats)


def _strength(
    net: CharModel,
    x: FloatArray,
    state: State,
    resets: NDArray[np.bool_],
    ids: NDArray[np.intp],
    targets: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return the norms of the gradients of the logits of `targets`, a stream each, shape (targets, T)."""
    N = len(targets)
    h, _, backprop = net.stack.forward(
        np.repeat(x, N, axis=1),
        map_state(lambda part: np.repeat(part, N, axis=0), state),
        resets=np.repeat(resets, N, axis=1),
    )
    dh = np.zeros_like(h)
    dh[targets - 1, np.arange(N)] = net.head.params["W"][ids[targets]]
    dx, _ = backprop(dh)
    assert dx is not None  # noqa: S101  the input is dense
    return np.asarray(np.linalg.norm(dx.astype(np.float64), axis=2).T)
