"""Of a large vocabulary only the symbols of a window are read and get a gradient, and evaluation goes in blocks."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.nn import arrays, check_gradients, cross_entropy
from charlm.nn.stack import map_state
from charlm.text.batches import text_batch
from charlm.training.validation import HeldOut, validation_loss

from .test_char_model import SHAPES

V, H = 1100, 5
VOCABULARY = charlm.Vocabulary.from_text("".join(map(chr, range(0x4E00, 0x4E00 + V))))
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def make_model(shape: dict[str, Any], dtype: str = "float64", scale: float = 0.5) -> charlm.CharModel:
    model = charlm.CharModel(charlm.ModelConfig(**shape, hidden_size=H, dtype=dtype), VOCABULARY)
    rng = np.random.default_rng(0)
    for tensor in model.params.values():  # by name, as the order in memory depends on the vocabulary
        tensor[...] = rng.normal(scale=scale, size=tensor.shape)
    return model


def draw_window(T: int, N: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return inputs, some of them the same symbol, targets, and resets."""
    rng = np.random.default_rng(1)
    ids = rng.choice(rng.integers(V, size=max(2, T * N // 2)), size=(T, N))
    return ids, rng.integers(V, size=(T, N)), rng.random((T, N)) < 0.2


@pytest.mark.parametrize(("T", "N"), [(1, 1), (7, 1), (6, 3), (103, 5)])
@every_shape
def test_it_is_what_the_whole_table_gives(
    shape: dict[str, Any], T: int, N: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, targets, resets = draw_window(T, N)
    results = []
    for limit in (arrays.LARGE_VOCABULARY, V):
        monkeypatch.setattr(arrays, "LARGE_VOCABULARY", limit)
        monkeypatch.setattr("charlm.models.language_model.LARGE_VOCABULARY", limit)
        model = make_model(shape)
        for _ in range(2):  # gradients are added
            batch = text_batch(inputs, targets, resets)
            loss, state, backprop = model.loss(batch, rng=np.random.default_rng(5), reduction="sum")
            dstate = backprop()
        logits, end = model.logits(inputs, resets=resets)
        parts = [part for layers in (state, dstate, end) for layer in layers for part in layer]
        gradients = [model.params.gradient(name) for name in model.params]
        results.append([np.array(loss), *gradients, logits, *parts])
    for got, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)


@every_shape
def test_every_gradient(shape: dict[str, Any]) -> None:
    model, (inputs, targets, resets) = make_model(shape), draw_window(6, 3)

    def forward() -> Any:
        return model.loss(text_batch(inputs, targets, resets), rng=np.random.default_rng(5))

    _, _, backprop = forward()
    backprop()
    gradients = {name: model.params.gradient(name) for name in model.params}
    rng = np.random.default_rng(6)
    found = check_gradients(lambda: forward()[0], dict(model.params), gradients, rng=rng, epsilon=1e-4)
    assert found.passed, found
    table = gradients["embedding.W" if model.embedding else "layers.0.W_x"]
    seen = np.unique(inputs)
    assert table[:, seen].any(axis=0).all()
    assert not np.delete(table, seen, axis=1).any()


@pytest.mark.parametrize("embedding_size", [0, 4])
def test_parity_with_pytorch(embedding_size: int) -> None:
    torch = pytest.importorskip("torch")
    T, N = 9, 4
    model = make_model({"cell": "lstm", "embedding_size": embedding_size})
    inputs, targets, _ = draw_window(T, N)
    loss, _, backprop = model.loss(text_batch(inputs, targets))
    backprop()

    weights = {name: torch.tensor(tensor, requires_grad=True) for name, tensor in model.params.items()}
    lstm = torch.nn.LSTM(embedding_size or V, H, bias=True).double()
    with torch.no_grad():
        lstm.bias_hh_l0.zero_()
    table = weights["embedding.W"].T if embedding_size else torch.eye(V, dtype=torch.float64)
    names = {"weight_ih_l0": "W_x", "weight_hh_l0": "W_h", "bias_ih_l0": "b"}
    own = {torch_name: weights[f"layers.0.{name}"] for torch_name, name in names.items()}
    h, _ = torch.func.functional_call(lstm, own, (table[torch.tensor(inputs)],))
    logits = h @ weights["head.W"].T + weights["head.b"]
    wanted = torch.nn.functional.cross_entropy(logits.reshape(T * N, V), torch.tensor(targets).reshape(-1))
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), rel=1e-10)
    for name, tensor in weights.items():
        np.testing.assert_allclose(model.params.gradient(name), tensor.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", [SHAPES["lstm"], SHAPES["two layers"]], ids=["one-hot", "embedding"])
def test_ids_outside_of_the_vocabulary(shape: dict[str, Any]) -> None:
    model, good = make_model(shape), np.zeros((2, 1), np.intp)
    for bad in (-1, V):
        for read in (
            lambda ids: model.loss(text_batch(ids, good)),
            lambda ids: model.loss(text_batch(good, ids)),
            model.logits,
        ):
            with pytest.raises(charlm.CharlmError, match=f"0 to {V - 1}"):
                read(np.array([[0], [bad]]))


@every_shape
def test_steps_are_the_sequence(shape: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, (inputs, _, _) = make_model(shape), draw_window(6, 3)
    step, single = model.stepper(3), model.stepper()
    monkeypatch.setattr("charlm.models.symbol_stack.LARGE_VOCABULARY", V)
    whole = model.stepper(3), model.stepper()
    state = model.zero_state(3)
    one = map_state(lambda a: a[0], state)
    for ids in inputs:
        logits, end = step(ids, state)
        np.testing.assert_array_equal(logits, whole[0](ids, state)[0])
        row, one_end = single(int(ids[0]), one)
        np.testing.assert_array_equal(row, whole[1](int(ids[0]), one)[0])
        np.testing.assert_allclose(row, logits[0], rtol=1e-12, atol=1e-12)
        state, one = end, one_end
    last, _ = model.logits(inputs)
    np.testing.assert_allclose(logits, last[-1], rtol=1e-12, atol=1e-12)


def test_sampling_keeps_one_copy_of_the_input_weights() -> None:
    config = charlm.ModelConfig(hidden_size=64)
    model = charlm.CharModel(config, VOCABULARY)
    tracemalloc.start()
    try:
        step = model.stepper()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del step
    weights = model.params["layers.0.W_x"].nbytes + model.params["head.W"].nbytes
    assert kept < 1.5 * weights


@pytest.mark.parametrize("shape", [shape for shape in SHAPES.values() if not shape.get("embedding_size")])
def test_reading_in_place_is_reading_a_copy(shape: dict[str, Any]) -> None:
    model, (inputs, _, _) = make_model(shape, "float32"), draw_window(6, 3)
    symbols, indices = np.unique(inputs, return_inverse=True)
    read = [model.stack.stepper(3, symbols, in_place=in_place) for in_place in (False, True)]
    states = [model.zero_state(3)] * 2
    for ids in indices.reshape(inputs.shape):
        (copied, states[0]), (seen, states[1]) = (
            step(ids, state) for step, state in zip(read, states, strict=True)
        )
        np.testing.assert_array_equal(seen, copied)


def test_evaluating_copies_no_input_weights() -> None:
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=64), VOCABULARY)
    ids = np.random.default_rng(0).integers(V, size=(64, 2))
    tracemalloc.start()
    try:
        model.hidden(ids)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * model.params["layers.0.W_x"].nbytes


def test_evaluating_in_blocks_is_evaluating_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, (inputs, targets, _) = make_model(SHAPES["lstm"]), draw_window(40, 5)
    logits, _ = model.logits(inputs)
    wanted, _ = cross_entropy(logits, targets, reduction="sum")
    h, _ = model.hidden(inputs)
    for block in (1, 7 * 5 * V, 2**30):
        monkeypatch.setattr("charlm.models.network._BLOCK", block)
        nats = model.target_nats(h, targets)
        assert nats.shape == targets.shape
        assert nats.sum() == pytest.approx(wanted, rel=1e-12)


def test_evaluating_holds_a_few_blocks_at_once() -> None:
    model, rng = make_model(SHAPES["lstm"], "float32", scale=0.01), np.random.default_rng(0)
    ids = rng.integers(V, size=20_001)
    held_out = HeldOut(ids[:-1], ids[1:], np.zeros(20_000, bool), 0)
    tracemalloc.start()
    try:
        loss = validation_loss(model, held_out, model.target_nats)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert loss == pytest.approx(np.log(V), rel=0.01)
    assert peak < 24e6  # the logits of 64 streams and 64 steps alone are 18 MB, and in float64 another 36
