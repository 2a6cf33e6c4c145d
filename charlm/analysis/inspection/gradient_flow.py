"""`gradient_flow`: the norm of ∂L/∂h_t against the distance from the loss, the vanishing gradient made visible.

L is the cross-entropy of one character, and h_t the hidden state `distance` characters before it. The backward pass
goes one step at a time, and so yields the gradient of each state::

    ∂L/∂h_{t-1} = (∂h_t/∂h_{t-1})ᵀ ∂L/∂h_t + (∂c_t/∂h_{t-1})ᵀ ∂L/∂c_t
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.inspection.reading import EncodedText, check_network, encode_text
from charlm.config import CellName, OnUnknown
from charlm.errors import CorpusError
from charlm.models.language_model import CharModel
from charlm.models.learner import with_params
from charlm.nn.losses import cross_entropy

__all__ = ["DISTANCE", "GradientFlow", "fresh_cells", "gradient_flow"]

DISTANCE = 50
_STREAMS = 32


@dataclass(frozen=True, slots=True, eq=False)
class GradientFlow:
    """Norms of the gradient of a loss in the backward pass through time.

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
    check_network(model)
    ids, resets, warm = _streams(encode_text(model, text, on_unknown=on_unknown), distance)
    net = with_params(model, model.params.replica())  # its gradient is not the model's
    N = ids.shape[1]
    state = net.zero_state(N)
    if warm:
        _, state = net.hidden(ids[:warm], state, resets=resets[:warm])
    layers: list[Any] = list(net.stack.layers)
    steps = []
    for t in range(warm, warm + distance):
        y: Any = ids[t : t + 1]
        if net.embedding is not None:
            y, _ = net.embedding.forward(y)
        ends, backprops = [], []
        for layer, start in zip(layers, state, strict=True):
            y, end, backprop = layer.forward(y, start, resets=resets[t : t + 1])
            ends.append(end)
            backprops.append(backprop)
        state = tuple(ends)
        steps.append(backprops)
    logits, backprop_head = net.head.forward(y)
    _, backprop_loss = cross_entropy(logits, ids[-1:], reduction="sum")
    dy, nothing = backprop_head(backprop_loss()), np.zeros_like(y)
    dstate: list[Any] = list(net.zero_state(N))
    norms: list[list[list[float]]] = []
    for backprops in reversed(steps):
        row: list[list[float]] = []
        for k in reversed(range(len(layers))):
            total = dstate[k]._replace(h=dstate[k].h + dy[0])  # from the step after, and from the layer above
            row.insert(0, [float(np.linalg.norm(part.astype(np.float64))) / N**0.5 for part in total])
            dy, dstate[k] = backprops[k](nothing, total)
        norms.append(row)
        dy = nothing
    parts = np.array(norms).transpose(2, 1, 0)
    return GradientFlow(parts[0], parts[1] if len(parts) > 1 else None)


def _streams(text: EncodedText, distance: int) -> tuple[NDArray[np.intp], NDArray[np.bool_], int]:
    """Cut a text into streams side by side.

    Returns
    -------
    ids : ndarray of int, shape (warm + distance + 1, N)
    resets : ndarray of bool, of the same shape
    warm : int
        Symbols that only warm the state up.
    """
    if len(text.ids) <= distance:
        symbols = f"{len(text.ids)} symbol{'s' * (len(text.ids) != 1)}"
        raise CorpusError(f"the text has {symbols}; give more than {distance}, the distance to look back")
    N = min(_STREAMS, len(text.ids) // (distance + 1))
    length = len(text.ids) // N
    warm = min(distance, length - distance - 1)
    resets = np.zeros(len(text.ids), np.bool_) if text.resets is None else text.resets
    ids, marks = (part[: N * length].reshape(N, length).T[: warm + distance + 1] for part in (text.ids, resets))
    return ids.astype(np.intp), marks.astype(np.bool_), warm


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
