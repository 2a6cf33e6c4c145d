"""`gradient_flow`: the norm of ∂L/∂h_t against the distance from the loss, the vanishing gradient made visible.

L is the cross-entropy of one character, and h_t the hidden state `distance` characters before it. The backward pass
goes one step at a time, so that the gradient of each state can be seen on its way::

    ∂L/∂h_{t-1} = (∂h_t/∂h_{t-1})ᵀ ∂L/∂h_t + (∂c_t/∂h_{t-1})ᵀ ∂L/∂c_t
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.inspection.reading import encode_text
from charlm.config import CellName, OnUnknown
from charlm.errors import CorpusError
from charlm.models.language_model import CharModel
from charlm.models.learner import check_kind, with_params
from charlm.nn.arrays import IdArray
from charlm.nn.losses import cross_entropy

__all__ = ["DISTANCE", "GradientFlow", "fresh_cells", "gradient_flow"]

DISTANCE = 50
_STREAMS = 32


@dataclass(frozen=True, slots=True, eq=False)
class GradientFlow:
    """Norms of a loss's gradient on its way back through time.

    Parameters
    ----------
    h : ndarray, shape (L, distance)
        The norm of ∂L/∂h at distance 0, 1, … for each layer, the root of the mean square over places in the text.
    c : ndarray, shape (L, distance), or None
        The norm of ∂L/∂c of an LSTM.
    """

    h: NDArray[np.float64]
    c: NDArray[np.float64] | None


def gradient_flow(
    model: CharModel, text: str, *, distance: int = DISTANCE, on_unknown: OnUnknown = "error"
) -> GradientFlow:
    """Measure how the gradient of a prediction fades with the distance.

    The text is cut into up to 32 streams, side by side; the loss is that of the character that follows their first
    `distance` symbols, after as many that only warm the state up where the text has them.

    Raises
    ------
    CorpusError
        If the text is not longer than `distance`.

    References
    ----------
    .. [1] Bengio, Simard & Frasconi (1994), "Learning Long-Term Dependencies with Gradient Descent is Difficult".
    """
    check_kind(model, CharModel)
    warm, ids = _streams(encode_text(model, text, on_unknown=on_unknown).ids, distance)
    net = with_params(model, model.params.replica())  # its gradient is not the model's
    N = ids.shape[1]
    state = net.zero_state(N)
    if len(warm):
        _, state = net.hidden(warm, state)
    backprops = []
    for t in range(distance):
        h, state, backprop = net.read(ids[t : t + 1], state)
        backprops.append(backprop)
    logits, backprop_head = net.head.forward(h)
    _, backprop_loss = cross_entropy(logits, ids[distance:], reduction="sum")
    dh = backprop_head(backprop_loss())
    norms: list[list[list[float]]] = []
    dstate: Any = net.zero_state(N)
    dstate = (*dstate[:-1], dstate[-1]._replace(h=dh[0]))
    for backprop in reversed(backprops):
        norms.append([[float(np.linalg.norm(d.astype(np.float64))) / N**0.5 for d in layer] for layer in dstate])
        dstate = backprop(np.zeros_like(dh), dstate)
    parts = np.array(norms).transpose(2, 1, 0)
    return GradientFlow(parts[0], parts[1] if len(parts) > 1 else None)


def _streams(ids: IdArray, distance: int) -> tuple[IdArray, IdArray]:
    """Cut ids into streams side by side: ids to warm up, and `distance` + 1 more, (·, N) both."""
    if len(ids) <= distance:
        raise CorpusError(f"the text has {len(ids)} symbols; give more than {distance}, the distance to look back")
    N = min(_STREAMS, len(ids) // (distance + 1))
    length = len(ids) // N
    streams = ids[: N * length].reshape(N, length).T.astype(np.intp)
    start = min(distance, length - distance - 1)
    return streams[:start], streams[start : start + distance + 1]


def fresh_cells(model: CharModel) -> dict[str, CharModel]:
    """Return untrained models of each cell, of this model's shape and vocabulary, by a label of each.

    b is the initial bias of an LSTM's forget gate.
    """

    def fresh(cell: CellName) -> CharModel:
        return CharModel(replace(model.config, cell=cell), model.vocabulary)

    plain = fresh("lstm")
    H = model.config.hidden_size
    for k in range(model.config.layers):
        plain.params[f"layers.{k}.b"][H : 2 * H] = 0
    others = {"rnn": fresh("rnn"), "gru": fresh("gru")}
    return others | {"lstm b=0": plain, "lstm b=1": fresh("lstm")}
