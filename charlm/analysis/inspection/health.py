"""`health`: distributions of activations, weights and gradients, as a doctor of networks looks at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.inspection.reading import check_network, encode_text
from charlm.config import OnUnknown
from charlm.errors import CorpusError
from charlm.models.language_model import CharModel
from charlm.models.learner import with_params
from charlm.text.batches import text_batch

__all__ = ["Health", "Histogram", "TensorHealth", "health"]

_STREAMS, _STEPS, _BINS = 16, 64, 32
_ORDERS = (-12.0, 2.0)  # powers of ten of gradients' absolute values


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Shares of values in bins of equal width between two ends; values beyond an end are in the bin at it."""

    low: float
    high: float
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.floating], low: float, high: float) -> Histogram:
        """Count values."""
        counts, _ = np.histogram(np.clip(values, low, high), _BINS, (low, high))
        return cls(low, high, counts / max(1, values.size))


@dataclass(frozen=True, slots=True, eq=False)
class TensorHealth:
    """A parameter and its gradient.

    Parameters
    ----------
    name : str
    weight_norm, grad_norm : float
    orders : Histogram
        Of log₁₀ ``|gradient|``; entries that are exactly 0 are counted in `zeros` alone.
    zeros : float
        The share of entries whose gradient is exactly 0.
    """

    name: str
    weight_norm: float
    grad_norm: float
    orders: Histogram
    zeros: float


@dataclass(frozen=True, slots=True, eq=False)
class Health:
    """The distributions over one window of text.

    Parameters
    ----------
    loss_nats : float
    activations : dict of Histogram
        By layer and letter in the equations, such as ``layers.0.h``: gates between 0 and 1, others between −1 and 1
        (c of an LSTM: −4 and 4).
    saturated : dict of float
        The share of ``|h|`` above 0.95 by layer.
    tensors : list of TensorHealth
    """

    loss_nats: float
    activations: dict[str, Histogram]
    saturated: dict[str, float]
    tensors: list[TensorHealth]


_RANGES = dict.fromkeys("iforz", (0.0, 1.0)) | {"c": (-4.0, 4.0)}


def health(model: CharModel, text: str, *, on_unknown: OnUnknown = "error") -> Health:
    """Compute activations and gradients of a model over one window of a text: up to 16 streams of 64 symbols.

    Parameters
    ----------
    model : CharModel
    text : str
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters outside the vocabulary.

    Returns
    -------
    Health

    Raises
    ------
    CorpusError
        If the text has fewer than two symbols.
    """
    check_network(model)
    read = encode_text(model, text, on_unknown=on_unknown)
    ids = read.ids.astype(np.intp)
    if len(ids) < 2:
        raise CorpusError("the text has one symbol; give at least two, since the first is not predicted")
    T = min(_STEPS, len(ids) - 1)
    N = max(1, min(_STREAMS, (len(ids) - 1) // T))
    inputs, targets = (ids[k : k + T * N].reshape(N, T).T for k in (0, 1))
    resets = None if read.resets is None else read.resets[: T * N].reshape(N, T).T
    net = with_params(model, model.params.replica())
    loss, _, backprop = net.loss(text_batch(inputs, targets, resets))
    backprop()
    layers, _ = net.trace(inputs, resets=resets)
    activations = {
        f"layers.{k}.{letter}": Histogram.of(values, *_RANGES.get(letter, (-1.0, 1.0)))
        for k, layer in enumerate(layers)
        for letter, values in layer.items()
    }
    saturated = {f"layers.{k}": float(np.mean(np.abs(layer["h"]) > 0.95)) for k, layer in enumerate(layers)}
    return Health(loss, activations, saturated, [_tensor(net, name) for name in net.params])


def _tensor(net: CharModel, name: str) -> TensorHealth:
    gradient = net.params.gradient(name).astype(np.float64)
    sizes = np.abs(gradient[gradient != 0])
    orders = Histogram.of(np.log10(sizes), *_ORDERS)
    norms = (float(np.linalg.norm(net.params[name].astype(np.float64))), float(np.linalg.norm(gradient)))
    return TensorHealth(name, *norms, orders, 1 - sizes.size / gradient.size)
