"""Sequences of unequal lengths: each is read as if it were alone, whatever stands in the padding."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    Lookup,
    Stack,
    Workspace,
    check_gradients,
    forward_padded,
    join,
    pad_left,
    pad_right,
)
from charlm.nn.arrays import FloatArray

from .parity import flat

D, LENGTHS = 3, [4, 0, 6, 1, 6]
T, N = max(LENGTHS), len(LENGTHS)
NETS: dict[str, Callable[[], Any]] = {
    "rnn": lambda: RNN(D, 5, dtype=np.float64),
    "lstm": lambda: LSTM(D, 5, dtype=np.float64),
    "gru": lambda: GRU(D, 5, dtype=np.float64),
    "gru-before": lambda: GRU(D, 5, dtype=np.float64, reset="before"),
    "both": lambda: Bidirectional.of(LSTM, D, 5, dtype=np.float64),
    "stack": lambda: Stack([LSTM(D, 4, dtype=np.float64), GRU(4, 5, dtype=np.float64)]),
    "stack-both": lambda: Stack(
        [Bidirectional.of(GRU, D, 2, dtype=np.float64), Bidirectional.of(LSTM, 4, 3, dtype=np.float64)]
    ),
}
ALL = pytest.mark.parametrize("name", NETS)


def make(name: str) -> tuple[Any, Any, Any]:
    """Return a network with random weights, its store, and sequences of numbers."""
    net, rng = NETS[name](), np.random.default_rng(0)
    store = join(layers=net.layers) if isinstance(net, Stack) else net.params
    store.value[:] = rng.normal(scale=0.5, size=store.value.shape)
    return net, store, [rng.normal(size=(length, D)) for length in LENGTHS]


def test_pads() -> None:
    sequences = [np.arange(2 * k).reshape(k, 2) + 1.5 for k in (3, 0, 2)]
    x, lengths, resets = pad_left(sequences)
    assert x.shape == (3, 3, 2)
    assert lengths.tolist() == [3, 0, 2]
    assert resets.T.tolist() == [[True, False, False], [False, False, False], [False, True, False]]
    assert x[1:, 2].tolist() == sequences[2].tolist()
    assert not x[0, 2].any()
    y, same, mask = pad_right(sequences)
    assert same.tolist() == [3, 0, 2]
    assert mask.T.tolist() == [[True, True, True], [False, False, False], [True, True, False]]
    assert y[:2, 2].tolist() == sequences[2].tolist()
    assert not y[2, 2].any()


@pytest.mark.parametrize("pad", [pad_left, pad_right])
def test_pads_keep_the_type(pad: Any) -> None:
    assert pad([np.ones((2, 3), np.float32), np.ones((1, 3), np.float32)])[0].dtype == np.float32
    assert pad([[], np.array([7, 8], np.uint8)])[0].dtype == np.uint8
    assert pad([[], []])[0].shape == (0, 2)


@pytest.mark.parametrize("pad", [pad_left, pad_right])
def test_what_cannot_be_padded_is_refused(pad: Any) -> None:
    with pytest.raises(UsageError, match="no sequences to pad; give at least one"):
        pad([])
    with pytest.raises(UsageError, match=r"shapes \(2, 3\), \(2, 4\); all must be \(length, D\) of one D"):
        pad([np.ones((2, 3)), np.ones((2, 4))])
    with pytest.raises(UsageError, match=r"shapes \(2, 3\), \(2,\)"):
        pad([np.ones((2, 3)), np.ones(2)])
    with pytest.raises(UsageError, match=r"shapes \(\), \(2,\)"):
        pad([3, np.ones(2)])


def outcome(net: Any, store: Any, x: Any, lengths: Any, dh: Any, **options: Any) -> list[Any]:
    """Run forward and backward; the loss weighs outputs and final states."""
    store.grad[:] = 0
    h, end, backprop = forward_padded(net, x, lengths, **options)
    weights = np.random.default_rng(9)
    dend = mapped(end, lambda part: weights.normal(size=(N, part.shape[1]))[: len(part)])
    h = h.copy()
    dx, _ = backprop(dh, dend)
    return [h, flat(end), dx, store.grad.copy()]


def mapped(state: Any, function: Callable[[FloatArray], FloatArray]) -> Any:
    """Apply a function to every array of a nested state."""
    if isinstance(state, np.ndarray):
        return function(state)
    parts = [mapped(part, function) for part in state]
    return type(state)._make(parts) if hasattr(state, "_make") else tuple(parts)


@ALL
def test_a_batch_equals_its_members_alone(name: str) -> None:
    net, store, sequences = make(name)
    x, lengths, _ = pad_left(sequences)
    h, end, backprop = forward_padded(net, x, lengths)
    dh = np.random.default_rng(1).normal(size=h.shape)
    store.grad[:] = 0
    dx, _ = backprop(dh, mapped(end, np.cos))
    together, store.grad[:] = store.grad.copy(), 0
    for n, sequence in enumerate(sequences):
        if not len(sequence):
            assert not any(part.any() for part in [h[:, n], dx[:, n]])
            mapped(end, lambda part, n=n: np.testing.assert_array_equal(part[n], 0))
            continue
        alone, end_alone, backprop = net.forward(sequence[:, None])
        np.testing.assert_allclose(h[T - len(sequence) :, n], alone[:, 0], rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(flat(mapped(end, lambda part, n=n: part[n])), flat(end_alone), rtol=1e-13)
        assert not h[: T - len(sequence), n].any()
        dx_alone, _ = backprop(dh[T - len(sequence) :, n : n + 1], mapped(end_alone, np.cos))
        np.testing.assert_allclose(dx[T - len(sequence) :, n], dx_alone[:, 0], rtol=1e-12, atol=1e-13)
        assert not dx[: T - len(sequence), n].any()
    np.testing.assert_allclose(together, store.grad, rtol=1e-11, atol=1e-12)


@ALL
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_what_stands_in_the_padding_changes_no_bit(name: str, value: float) -> None:
    net, store, sequences = make(name)
    x, lengths, _ = pad_left(sequences)
    dh = np.random.default_rng(1).normal(size=forward_padded(net, x, lengths)[0].shape)
    wanted = outcome(net, store, x, lengths, dh)
    padding = np.arange(T)[:, None] < T - lengths
    x[padding] = value
    dh[padding] = value
    for got, right in zip(outcome(net, store, x, lengths, dh), wanted, strict=True):
        np.testing.assert_array_equal(got, right)


@ALL
def test_every_gradient(name: str) -> None:
    net, store, sequences = make(name)
    x, lengths, _ = pad_left(sequences)
    h, end, backprop = forward_padded(net, x, lengths)
    rng = np.random.default_rng(1)
    dh, dend = rng.normal(size=h.shape), mapped(end, lambda part: rng.normal(size=part.shape))

    def loss() -> float:
        h, end, _ = forward_padded(net, x, lengths)
        return float((h * dh).sum() + flat(end) @ flat(dend))

    store.grad[:] = 0
    dx, _ = backprop(dh, dend)
    gradients = {"x": dx, "weights": store.grad}
    assert check_gradients(loss, {"x": x, "weights": store.value}, gradients, rng=rng, entries=60).passed


@ALL
@pytest.mark.parametrize("kind", ["ids", "lookup"])
def test_ids_and_lookups(name: str, kind: str) -> None:
    net, store, _ = make(name)
    rng = np.random.default_rng(2)
    table = rng.normal(size=(D, 7)) if kind == "lookup" else np.eye(D)
    ids, lengths, _ = pad_left([rng.integers(table.shape[1], size=length) for length in LENGTHS])
    dense = np.where((ids >= 0)[..., None], table.T[ids], 0)
    ids[np.arange(T)[:, None] < T - lengths] = 10**6  # no symbol
    x = Lookup(ids, table) if kind == "lookup" else ids
    dh = rng.normal(size=(T, N, forward_padded(net, dense, lengths)[0].shape[2]))
    got, wanted = (outcome(net, store, each, lengths, dh) for each in (x, dense))
    for k in (0, 1, 3):
        np.testing.assert_allclose(got[k], wanted[k], rtol=1e-12, atol=1e-13)
    if kind == "lookup":
        of_table = np.zeros_like(table)
        np.add.at(of_table.T, np.where(ids < 7, ids, 0), wanted[2])
        np.testing.assert_allclose(got[2], of_table, rtol=1e-12, atol=1e-13)


@ALL
def test_a_workspace_changes_no_bit(name: str) -> None:
    net, store, sequences = make(name)
    workspace = Workspace()
    for some in (sequences, sequences[::-1], sequences[:2], sequences):
        x, lengths, _ = pad_left(some)
        dh = np.random.default_rng(3).normal(size=forward_padded(net, x, lengths)[0].shape)
        results = [outcome(net, store, x, lengths, dh, workspace=cupboard) for cupboard in (workspace, None)]
        for got, wanted in zip(*results, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_lengths_are_an_argument_of_bidirectional_layers_and_stacks() -> None:
    for name in ("both", "stack", "stack-both"):
        net, _, sequences = make(name)
        x, lengths, resets = pad_left(sequences)
        np.testing.assert_array_equal(net.forward(x, lengths=lengths)[0], forward_padded(net, x, lengths)[0])
        with pytest.raises(UsageError, match=r"a state beside lengths.*leave one of them out"):
            net.forward(x, net.zero_state(N), lengths=lengths)
        with pytest.raises(UsageError, match="resets beside lengths"):
            net.forward(x, resets=resets, lengths=lengths)


def test_lengths_that_do_not_fit_are_refused() -> None:
    layer = RNN(D, 2)
    with pytest.raises(UsageError, match=r"lengths has shape \(3,\); it must be \(N,\) = \(2\)"):
        forward_padded(layer, np.zeros((4, 2, D)), np.array([1, 2, 3]))
    for wrong in (-1, 5):
        with pytest.raises(UsageError, match="they must be 0 to T = 4"):
            forward_padded(layer, np.zeros((4, 2, D)), np.array([1, wrong]))


def test_resets_alone_do_for_inputs_that_are_numbers() -> None:
    net, _, sequences = make("lstm")
    x, lengths, resets = pad_left(sequences)
    h, end, _ = net.forward(x, resets=resets)
    wanted, end_wanted, _ = forward_padded(net, x, lengths)
    np.testing.assert_array_equal(end.h, h[-1])
    for n in np.flatnonzero(lengths):
        np.testing.assert_array_equal(h[T - lengths[n] :, n], wanted[T - lengths[n] :, n])
        np.testing.assert_array_equal(end.c[n], end_wanted.c[n])


@pytest.mark.parametrize("cell", [RNN, LSTM, GRU, partial(LSTM, output_activation="identity")])
def test_many_to_one_is_the_last_step(cell: Any) -> None:
    """One output a sequence: the last step of the batch is the last of each sequence, and so are its gradients."""
    layer, rng = cell(D, 4, dtype=np.float64), np.random.default_rng(0)
    sequences = [rng.normal(size=(length, D)) for length in (5, 2, 7)]
    x, lengths, _ = pad_left(sequences)
    h, end, backprop = forward_padded(layer, x, lengths)
    np.testing.assert_array_equal(h[-1], end.h)
    dh = np.zeros_like(h)
    dh[-1] = rng.normal(size=end.h.shape)
    dx, _ = backprop(dh)
    for n, sequence in enumerate(sequences):
        alone, _, backprop_alone = layer.forward(sequence[:, None])
        np.testing.assert_allclose(h[-1, n], alone[-1, 0], rtol=1e-13)
        dx_alone, _ = backprop_alone(dh[-len(sequence) :, n : n + 1])
        np.testing.assert_allclose(dx[-len(sequence) :, n], dx_alone[:, 0], rtol=1e-12, atol=1e-14)
