"""One stream, whose weights are used as they are stored, against two equal streams."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from charlm.nn import GRU, LSTM, RNN, Workspace
from charlm.nn.arrays import LARGE_VOCABULARY, Lookup
from charlm.nn.kernels import single_stream
from charlm.nn.kernels.gates import Gate
from charlm.nn.kernels.single_stream import StoredProduct, StoredProductTransposed
from charlm.nn.recurrent import Recurrent

T, D, H, E = 11, 7, 5, 3
CELLS = {
    "rnn": (RNN, {}),
    "lstm": (LSTM, {}),
    "lstm identity": (LSTM, {"output_activation": "identity"}),
    "gru after": (GRU, {"reset": "after"}),
    "gru before": (GRU, {"reset": "before"}),
}


def draw_input(kind: str, rng: np.random.Generator) -> tuple[Any, int]:
    """Return an input of one stream and the layer's D."""
    size = LARGE_VOCABULARY + 1 if kind == "large" else D
    ids = rng.integers(size, size=(T, 1))
    if kind == "lookup":
        return Lookup(ids, rng.normal(size=(E, D))), E
    if kind == "dense":
        return rng.normal(size=(T, 1, D)), D
    return ids, size


def twice(x: Any) -> Any:
    """Return two equal streams."""
    return Lookup(twice(x.ids), x.table) if isinstance(x, Lookup) else np.repeat(x, 2, axis=1)


def twice_each(state: Any) -> Any:
    """Return the state of two equal streams."""
    return state._make(np.repeat(part, 2, axis=0) for part in state)


def passes(layer: Recurrent, x: Any, start: Any, resets: Any, dy: np.ndarray, dend: Any) -> tuple[list[Any], Any]:
    """Return the results of a window after one of other values in the same workspace, and its gradients."""
    workspace = Workspace()
    weight_rng = (np.random.default_rng(k) for k in (1, 2))
    layer.forward(x, resets=resets, workspace=workspace, weight_rng=next(weight_rng))[2](dy * 2)
    layer.params.grad[...] = 0
    h, end, backprop = layer.forward(x, start, resets=resets, workspace=workspace, weight_rng=next(weight_rng))
    h = h.copy()
    dx, dstart = backprop(dy, dend)
    return [h, *end, dx, *dstart], {name: layer.params.gradient(name).copy() for name in layer.params}


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("weight_drop", [0.0, 0.4])
@pytest.mark.parametrize("with_resets", [False, True])
@pytest.mark.parametrize("kind", ["ids", "large", "lookup", "dense"])
@pytest.mark.parametrize("cell", CELLS)
def test_it_computes_what_one_of_two_equal_streams_does(
    cell: str, kind: str, with_resets: bool, weight_drop: float, one_by_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_stream, "LARGEST_CACHED", 0 if one_by_one else 2**21)
    rng = np.random.default_rng(0)
    x, size = draw_input(kind, rng)
    cls, settings = CELLS[cell]
    layer = cls(size, H, rng=rng, dtype=np.float64, weight_drop=weight_drop, **settings)
    layer.params.value[...] = rng.normal(size=layer.params.value.size)
    resets = (np.arange(T) % 4 == 3)[:, None] if with_resets else None
    start, dend = (layer.state_type(*rng.normal(size=(len(layer.state_type._fields), 1, H))) for _ in range(2))
    dy = rng.normal(size=(T, 1, H))
    one, gradient = passes(layer, x, start, resets, dy, dend)
    x2, dy2, start2, dend2 = twice(x), twice(dy), twice_each(start), twice_each(dend)
    two, sum_of_two = passes(layer, x2, start2, None if resets is None else twice(resets), dy2, dend2)
    table_gradient = kind == "lookup"
    for of_one, of_two in zip(one, two, strict=True):
        if of_one is None:  # ids have no gradient
            assert of_two is None
        elif table_gradient and of_one.shape == (E, D):
            np.testing.assert_allclose(of_one, of_two / 2, rtol=1e-9, atol=1e-9)
        else:
            np.testing.assert_allclose(of_one, of_two[..., :1, :], rtol=1e-9, atol=1e-9)
    for name in gradient:
        np.testing.assert_allclose(gradient[name], sum_of_two[name] / 2, rtol=1e-9, atol=1e-9)


def test_products_read_the_weights_in_place() -> None:
    rng = np.random.default_rng(0)
    W, x, gates = rng.normal(size=(3, 4, 5)), rng.normal(size=(1, 5)), [Gate(1, 0.5), Gate(2, 1.0)]
    product_of = StoredProduct(gates, 5, 4, W.dtype)
    transposed = StoredProductTransposed(gates, 5, W.dtype, addend=True)
    product_of.load_(W)
    transposed.load_(W)
    W *= 3
    np.testing.assert_allclose(product_of(x), [x @ W[1].T * 0.5, x @ W[2].T])
    d, out = rng.normal(size=(2, 1, 4)), np.empty((1, 5))
    transposed.addend[...] = 7
    transposed(transposed.operand(d), out)
    np.testing.assert_allclose(out, d[0] @ W[1] + d[1] @ W[2] + 7)
