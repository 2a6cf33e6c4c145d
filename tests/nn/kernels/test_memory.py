"""The memory of a workspace is that of the docstrings of `Window` and `CharModel.loss`."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

import charlm
from charlm.nn import GRU, LSTM, RNN, Workspace
from charlm.nn.kernels.memory import CACHE_LINE, empty
from charlm.nn.kernels.weights import WindowWeights
from charlm.nn.kernels.window import Window
from charlm.nn.recurrent import Recurrent
from charlm.text.batches import text_batch

T, N, D, H, V = 40, 6, 37, 48, 37
STATES = {RNN: 1, LSTM: 2, GRU: 1}


def numbers(
    cell: type[Recurrent], D: int, T: int, N: int, H: int, chunk: int, resets: bool, drops: bool = False
) -> int:
    """Evaluate the formula of `Window`'s docstring."""
    window = {RNN: 2 * T + 2, LSTM: 7 * T + 4 * chunk + 5, GRU: 9 * T + 2}[cell] * N * H + (cell is GRU) * H
    if resets:
        window += STATES[cell] * T * N * H
    G = len(cell.input_order)
    if drops:
        window += 2 * G * H * H
    return window + G * (2 * H * H + (D + 1) * H) + 2 * G * N * H + (cell is GRU) * N * H


def chunk_of(layer: Recurrent, resets: bool) -> int:
    """Return how many steps of the layer's windows have their factors computed at once."""
    return layer.window(T, N, WindowWeights(layer, N).products, resets=resets).chunk


def check(wanted: int, work, *, small: int) -> None:
    """Hold what some work keeps against a number of bytes, and a line of the cache more for each array.

    A few small arrays, a half and some ones, are not in the formulas and have no line more.
    """
    kept, arrays = kept_memory(work)
    lines = arrays * CACHE_LINE
    assert wanted + lines - small * CACHE_LINE <= kept <= wanted + lines


def kept_memory(work) -> tuple[int, int]:
    """Return how much array memory is still there after some work, in bytes, and in how many pieces."""
    work()  # what all layers share is made only once
    gc.collect()
    tracemalloc.start()
    try:
        kept = work()
        gc.collect()
        arrays = tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)
        trace = tracemalloc.take_snapshot().filter_traces([arrays])
    finally:
        tracemalloc.stop()
    del kept
    found = trace.statistics("filename")
    return sum(statistic.size for statistic in found), sum(statistic.count for statistic in found)


@pytest.mark.parametrize(("resets", "drops"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("cell", [RNN, LSTM, GRU])
def test_a_layer(cell: type[Recurrent], resets: bool, drops: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Window, "CHUNK_BYTES", 2**15)
    layer = cell(D, H, rng=np.random.default_rng(0), weight_drop=0.3 * drops)
    layer.params.grad[...] = 0  # made at first use
    ids = np.zeros((T, N), np.intp)
    where = np.ones((T, N), bool) if resets else None

    def work() -> Workspace:
        workspace = Workspace()
        weight_rng = np.random.default_rng(0) if drops else None
        y, _, backprop = layer.forward(ids, resets=where, weight_rng=weight_rng, workspace=workspace)
        backprop(y)
        return workspace

    chunk = chunk_of(layer, resets)
    assert 1 < chunk < T  # else the formula would not tell them apart
    check(numbers(cell, D, T, N, H, chunk, resets, drops) * 4, work, small=2)


@pytest.mark.parametrize("cell", [RNN, LSTM, GRU])
def test_a_layer_that_reads_a_large_vocabulary(cell: type[Recurrent]) -> None:
    layer = cell(5000, H, rng=np.random.default_rng(0))
    layer.params.grad[...] = 0
    ids = np.random.default_rng(0).integers(5000, size=(T, N))

    def work() -> Workspace:
        workspace = Workspace()
        y, _, backprop = layer.forward(ids, workspace=workspace)
        backprop(y)
        return workspace

    chunk = chunk_of(layer, False)
    check(numbers(cell, np.unique(ids).size, T, N, H, chunk, False) * 4, work, small=2)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_model(dropout: float) -> None:
    vocabulary = charlm.Vocabulary.from_text("".join(map(chr, range(60, 60 + V))))
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=H, layers=2, dropout=dropout), vocabulary)
    model.params.grad[...] = 0
    ids = np.zeros((T, N), np.intp)

    def work() -> Workspace:
        workspace = Workspace()
        _, _, backprop = model.loss(text_batch(ids, ids), rng=np.random.default_rng(0), workspace=workspace)
        backprop()
        return workspace

    low, high = (chunk_of(layer, False) for layer in model.stack.layers)
    layers = numbers(LSTM, V, T, N, H, low, False) + numbers(LSTM, H, T, N, H, high, False)
    head = (V + H) * T * N + (2 * 2 * T * N * H if dropout else 0)
    check((layers + head) * 4, work, small=6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(0,), (1,), (3, 5), (4, 7, 2, 16)])
def test_an_array_begins_with_a_line_of_the_cache(shape: tuple[int, ...], dtype: type) -> None:
    arrays = [empty(shape, dtype) for _ in range(20)]
    assert all(array.ctypes.data % CACHE_LINE == 0 for array in arrays if array.size)
    assert all((array.shape, array.dtype) == (shape, dtype) for array in arrays)
    for k, array in enumerate(arrays):
        array[...] = k
    assert all((array == k).all() for k, array in enumerate(arrays))
