"""`gate_saturation`: how often each gate is almost closed or almost open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.inspection.reading import check_network, encode_text, traces
from charlm.analysis.surprisal import Progress
from charlm.config import OnUnknown
from charlm.errors import UsageError
from charlm.models.language_model import CharModel

__all__ = ["CLOSED", "GATES", "OPEN", "GateSaturation", "gate_saturation"]

CLOSED, OPEN = 0.1, 0.9
"""Below the one a gate counts as closed, above the other as open."""
GATES = {"i": "input gate", "f": "forget gate", "o": "output gate", "r": "reset gate", "z": "update gate"}


@dataclass(frozen=True, slots=True, eq=False)
class GateSaturation:
    """The saturation of one gate of a layer.

    Parameters
    ----------
    layer : int
        From 0.
    gate : str
        Its letter in the equations, a key of `GATES`.
    closed, opened : ndarray, shape (H,)
        The share of characters at which each unit's gate is below `CLOSED`, above `OPEN`.
    """

    layer: int
    gate: str
    closed: NDArray[np.float64]
    opened: NDArray[np.float64]


def gate_saturation(
    model: CharModel, text: str, *, on_unknown: OnUnknown = "error", progress: Progress | None = None
) -> list[GateSaturation]:
    """Measure the saturation of every gate over a text.

    Raises
    ------
    UsageError
        For an RNN, which has no gates.

    References
    ----------
    .. [1] Karpathy, Johnson & Fei-Fei (2015), "Visualizing and Understanding Recurrent Networks", section 4.2.
    """
    check_network(model)
    if model.config.cell == "rnn":
        raise UsageError("an RNN has no gates; give a model of LSTM or GRU cells")
    text_read = encode_text(model, text, on_unknown=on_unknown)
    H, T = model.config.hidden_size, len(text_read.ids)
    counts: dict[tuple[int, str], NDArray[np.float64]] = {}
    for _, layers in traces(model, text_read, progress=progress):
        for k, layer in enumerate(layers):
            for gate in GATES.keys() & layer.keys():
                closed, opened = counts.setdefault((k, gate), np.zeros((2, H)))
                closed += (layer[gate] < CLOSED).sum(axis=(0, 1))
                opened += (layer[gate] > OPEN).sum(axis=(0, 1))
    order = list(GATES)
    return [
        GateSaturation(layer, gate, *(counts[layer, gate] / T))
        for layer, gate in sorted(counts, key=lambda key: (key[0], order.index(key[1])))
    ]
