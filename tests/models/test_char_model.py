"""The whole model: names, gradients from loss to embedding, and inference that equals training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import charlm
from charlm.errors import CharlmError, CheckpointError
from charlm.models.learner import State, with_params
from charlm.models.network import parameter_shapes
from charlm.nn import check_gradients
from charlm.nn.dropout import Dropout
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.stack import map_state
from charlm.text.batches import text_batch

T, N, H, E = 6, 3, 5, 4
VOCABULARY = charlm.Vocabulary.from_text("abcdefg")
V = len(VOCABULARY)
SHAPES: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn"},
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "gru before": {"cell": "gru", "gru_reset": "before"},
    "embedding": {"cell": "lstm", "embedding_size": E},
    "two layers": {"cell": "gru", "layers": 2, "embedding_size": E},
    "dropout": {"cell": "lstm", "layers": 3, "dropout": 0.3},
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def make_model(shape: dict[str, Any], dtype: str = "float64") -> charlm.CharModel:
    model = charlm.CharModel(charlm.ModelConfig(**shape, hidden_size=H, dtype=dtype), VOCABULARY)
    model.params.value[:] = np.random.default_rng(0).normal(scale=0.5, size=model.params.value.shape)
    return model


def draw_ids(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(V, size=shape)


def draw_state(model: charlm.CharModel) -> State:
    rng = np.random.default_rng(2)
    return tuple(
        layer._make(rng.normal(size=part.shape).astype(part.dtype) for part in layer)
        for layer in model.zero_state(N)
    )


def assert_same_state(got: State, wanted: State, rtol: float = 1e-12) -> None:
    for layer, wanted_layer in zip(got, wanted, strict=True):
        assert type(layer) is type(wanted_layer)
        for part, wanted_part in zip(layer, wanted_layer, strict=True):
            np.testing.assert_allclose(part, wanted_part, rtol=rtol, atol=rtol)


@every_shape
def test_every_gradient(shape: dict[str, Any]) -> None:
    model = make_model(shape)
    inputs, targets, state = draw_ids(T, N), draw_ids(T, N, seed=3), draw_state(model)
    resets = np.random.default_rng(4).random((T, N)) < 0.2

    def forward() -> Any:
        rng = np.random.default_rng(5)  # the same masks each time
        return model.loss(text_batch(inputs, targets, resets), state, rng=rng)

    _, _, backprop = forward()
    dstate = backprop()
    tensors, gradients = dict(model.params), {name: model.params.gradient(name) for name in model.params}
    for k, layer in enumerate(state):
        for name, part in layer._asdict().items():
            tensors[f"state.{k}.{name}"], gradients[f"state.{k}.{name}"] = part, getattr(dstate[k], name)
    found = check_gradients(lambda: forward()[0], tensors, gradients, rng=np.random.default_rng(6), entries=8)
    assert found.passed, found


def test_a_sum_is_so_many_means() -> None:
    model, ids = make_model(SHAPES["two layers"]), draw_ids(T + 1, N)
    results = []
    for options in ({"reduction": "mean"}, {"reduction": "sum"}, {"scale": 1 / (T * N)}):
        model.params.grad[:] = 0
        loss, _, backprop = model.loss(text_batch(ids[:-1], ids[1:]), **options)
        backprop()
        results.append((loss, model.params.grad.copy()))
    (mean, gradient), (total, gradient_of_total), (scaled, gradient_of_scaled) = results
    assert total == pytest.approx(T * N * mean, rel=1e-13)
    assert scaled == pytest.approx(mean, rel=1e-13)
    np.testing.assert_allclose(gradient_of_total, T * N * gradient, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(gradient_of_scaled, gradient, rtol=1e-11, atol=1e-14)


@every_shape
def test_inference_is_the_forward_pass_of_training(shape: dict[str, Any]) -> None:
    model = make_model(shape)
    ids, state = draw_ids(T + 1, N), draw_state(model)
    resets = np.random.default_rng(4).random((T, N)) < 0.2
    logits, end = model.logits(ids[:-1], state, resets=resets)
    loss, trained_end, _ = model.loss(text_batch(ids[:-1], ids[1:], resets), state)
    assert_same_state(end, trained_end)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    nats = np.log(np.exp(shifted).sum(axis=-1)) - np.take_along_axis(shifted, ids[1:, :, None], axis=-1)[..., 0]
    assert loss == pytest.approx(nats.mean(), rel=1e-12)


@every_shape
def test_steps_are_the_sequence(shape: dict[str, Any]) -> None:
    model = make_model(shape)
    ids, state = draw_ids(T, N), draw_state(model)
    logits, end = model.logits(ids, state)
    by_rows, of_one, by_step = model.stepper(N), model.stepper(), state
    by_row, single = state, map_state(lambda a: a[0], state)
    for t in range(T):
        one, by_step = model.step(ids[t], by_step)
        two, by_row = by_rows(ids[t], by_row)
        three, single = of_one(int(ids[t, 0]), single)
        np.testing.assert_allclose(one, logits[t], rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(one, two)
        np.testing.assert_allclose(three, one[0], rtol=1e-12, atol=1e-12)
    assert_same_state(by_step, end)
    assert_same_state(by_row, end)


def test_a_stepper_keeps_the_weights_of_its_making() -> None:
    model = make_model(SHAPES["two layers"])
    stepper, ids, state = model.stepper(N), draw_ids(N), draw_state(model)
    before, _ = stepper(ids, state)
    model.params.value[:] = 0
    after, _ = stepper(ids, state)
    np.testing.assert_array_equal(after, before)


def test_no_state_means_zeros() -> None:
    model, ids = make_model(SHAPES["two layers"]), draw_ids(T, N)
    logits, end = model.logits(ids)
    wanted, wanted_end = model.logits(ids, model.zero_state(N))
    np.testing.assert_array_equal(logits, wanted)
    assert_same_state(end, wanted_end, rtol=0)


def test_dropout_is_drawn_in_training_only() -> None:
    model, plain = make_model(SHAPES["dropout"]), make_model(SHAPES["dropout"] | {"dropout": 0.0})
    ids = draw_ids(T + 1, N)
    evaluated, _, _ = model.loss(text_batch(ids[:-1], ids[1:]))
    assert evaluated == plain.loss(text_batch(ids[:-1], ids[1:]))[0]
    one, two, other = (
        model.loss(text_batch(ids[:-1], ids[1:]), rng=np.random.default_rng(seed))[0] for seed in (0, 0, 1)
    )
    assert one == two
    assert len({one, other, evaluated}) == 3


@every_shape
def test_a_workspace_changes_no_bit(shape: dict[str, Any]) -> None:
    model, workspace = make_model(shape, "float32"), Workspace()
    for seed in range(3):
        ids, state = draw_ids(T + 1 + seed % 2, N, seed=seed), draw_state(model)
        results = []
        for cupboard in (workspace, None):
            model.params.grad[:] = 0
            batch = text_batch(ids[:-1], ids[1:])
            loss, _, backprop = model.loss(batch, state, rng=np.random.default_rng(seed), workspace=cupboard)
            backprop()
            results.append((loss, model.params.grad.copy()))
        assert results[0][0] == results[1][0]
        np.testing.assert_array_equal(results[0][1], results[1][1])
        model.params.value[:] += np.float32(0.01)  # an update between two windows


def test_names_are_those_of_the_files() -> None:
    shapes = parameter_shapes(charlm.ModelConfig(cell="gru", layers=2, embedding_size=E, hidden_size=H), V)
    assert shapes == {
        "embedding.W": (E, V),
        "layers.0.W_x": (3 * H, E),
        "layers.0.W_h": (3 * H, H),
        "layers.0.b": (3 * H,),
        "layers.0.b_hn": (H,),
        "layers.1.W_x": (3 * H, H),
        "layers.1.W_h": (3 * H, H),
        "layers.1.b": (3 * H,),
        "layers.1.b_hn": (H,),
        "head.W": (V, H),
        "head.b": (V,),
    }
    one_hot = parameter_shapes(charlm.ModelConfig(cell="lstm", hidden_size=H), V)
    assert one_hot["layers.0.W_x"] == (4 * H, V)
    assert "embedding.W" not in one_hot


def test_eleven_layers_keep_apart() -> None:
    model = charlm.CharModel(charlm.ModelConfig(cell="rnn", layers=11, hidden_size=2), VOCABULARY)
    model.params["layers.1.b"][...], model.params["layers.10.b"][...] = 1, 10
    np.testing.assert_array_equal(model.stack.layers[1].params["b"], 1)
    np.testing.assert_array_equal(model.stack.layers[10].params["b"], 10)


def test_start_weights_follow_the_seed() -> None:
    config = charlm.ModelConfig(hidden_size=H, layers=2, embedding_size=E)
    one, two, other = (charlm.CharModel(config, VOCABULARY, seed=seed).params.value for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(("embedding_size", "bound"), [(0, 1.0), (3, 1 / 8)])
def test_the_start_weights_of_one_hot_input_have_a_fan_in_of_one(
    cell: Any, embedding_size: int, bound: float
) -> None:
    config = charlm.ModelConfig(cell=cell, hidden_size=64, layers=2, embedding_size=embedding_size)
    params = charlm.CharModel(config, VOCABULARY).params
    bounds = {"layers.0.W_x": bound} | dict.fromkeys(("layers.0.W_h", "layers.1.W_x", "head.W"), 1 / 8)
    for name, expected in bounds.items():
        assert 0.97 * expected < np.abs(params[name]).max() <= expected * (1 + 1e-6), name


def test_published_start_weights() -> None:
    config = charlm.ModelConfig(cell="rnn", hidden_size=200, init="min-char-rnn")
    model = charlm.CharModel(config, VOCABULARY)
    for name, tensor in model.params.items():
        if name.split(".")[-1].startswith("W"):
            assert tensor.std() == pytest.approx(0.01, rel=0.1)
            assert abs(tensor.mean()) < 0.001
        else:
            assert not tensor.any()


def test_tensors_make_the_same_model() -> None:
    model = make_model(SHAPES["two layers"], "float32")
    twin = charlm.CharModel.from_tensors(model.config, VOCABULARY, model.tensors())
    np.testing.assert_array_equal(twin.params.value, model.params.value)
    assert not np.shares_memory(twin.params.value, model.params.value)


@pytest.mark.parametrize("fault", ["missing", "too many", "another shape"])
def test_tensors_that_do_not_fit(fault: str) -> None:
    model = make_model(SHAPES["lstm"])
    tensors = dict(model.tensors())
    if fault == "missing":
        del tensors["head.b"]
    elif fault == "too many":
        tensors["layers.1.b"] = tensors["layers.0.b"]
    else:
        tensors["head.b"] = tensors["head.b"][:-1]
    with pytest.raises(CheckpointError, match=r"head\.b|layers\.1\.b"):
        charlm.CharModel.from_tensors(model.config, VOCABULARY, tensors)


def test_a_replica_shares_weights_and_not_gradients() -> None:
    model, ids = make_model(SHAPES["two layers"]), draw_ids(T + 1, N)
    other = with_params(model, model.params.replica())
    _, _, backprop = other.loss(text_batch(ids[:-1], ids[1:]))
    backprop()
    assert not model.params.grad.any()
    assert other.params.grad.any()
    model.params.value[:] *= 2
    np.testing.assert_array_equal(other.logits(ids)[0], model.logits(ids)[0])


@pytest.mark.parametrize("bad", [-1, V])
@pytest.mark.parametrize("shape", [SHAPES["lstm"], SHAPES["embedding"]], ids=["one-hot", "embedding"])
def test_ids_outside_of_the_vocabulary(shape: dict[str, Any], bad: int) -> None:
    model, ids = make_model(shape), draw_ids(T, N)
    ids[2, 1] = bad
    with pytest.raises(CharlmError, match=str(V - 1)):
        model.loss(text_batch(ids, draw_ids(T, N)))
    with pytest.raises(CharlmError, match=str(V - 1)):
        model.loss(text_batch(draw_ids(T, N), ids))


def test_inference_reads_no_other_symbol_for_an_id_that_does_not_exist() -> None:
    model, ids = make_model(SHAPES["lstm"]), draw_ids(T, N)
    ids[2, 1] = -1
    with pytest.raises(CharlmError, match=str(V - 1)):
        model.logits(ids)


def test_repr_tells_the_size() -> None:
    assert repr(make_model(SHAPES["two layers"])).startswith("CharModel(gru 2x5, 7 symbols, ")


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_variational_dropout_is_that_between_the_layers_too(cell: str) -> None:
    ids, loss = draw_ids(T + 1, N), {}
    for variational in (False, True):
        model = make_model({"cell": cell, "layers": 2, "dropout": 0.5, "variational": variational})
        model.dropout = Dropout(0.0)  # the one before the head
        rng = np.random.default_rng(0)
        loss[variational], *_ = model.loss(text_batch(ids[:-1], ids[1:]), rng=rng)
    assert loss[True] != loss[False]
