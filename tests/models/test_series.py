"""`SeriesModel`: gradients by finite differences, carried state, resets, masks, and what it generates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import charlm
from charlm.errors import UsageError
from charlm.models.series import SeriesModel
from charlm.nn import check_gradients
from charlm.text.batches import Batch, text_batch

T, N, D, H = 7, 3, 2, 5
KINDS: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn"},
    "lstm": {"cell": "lstm"},
    "lstm, linear output": {"cell": "lstm", "output_activation": "identity"},
    "gru": {"cell": "gru"},
    "gru, reset before": {"cell": "gru", "gru_reset": "before"},
}
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


def make(kind: dict[str, Any], *, layers: int = 2, **settings: Any) -> SeriesModel:
    """Return a model in float64 with random weights, biases too."""
    given = {"features": D, "hidden_size": H, "layers": layers, "dtype": "float64", **kind, **settings}
    model = SeriesModel(charlm.SeriesConfig(**given))
    model.params.value[:] = np.random.default_rng(1).normal(scale=0.5, size=model.params.value.shape)
    return model


def draw_batch(steps: int = T, streams: int = N, *, resets: bool = False, mask: bool = False) -> Batch:
    rng = np.random.default_rng(2)
    numbers = rng.normal(size=(steps + 1, streams, D))
    batch = text_batch(numbers[:-1], numbers[1:], rng.random((steps, streams)) < 0.3 if resets else None)
    counts = rng.random((steps, streams)) < 0.6
    return Batch({**batch.arrays, "mask": counts}, int(counts.sum()) * D) if mask else batch


def draw_state(model: SeriesModel, streams: int = N) -> Any:
    rng = np.random.default_rng(3)
    return tuple(layer._make(rng.normal(size=a.shape) for a in layer) for layer in model.zero_state(streams))


@each_kind
@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("mask", [False, True])
def test_gradients_of_every_weight_and_of_the_start_state(kind: dict[str, Any], resets: bool, mask: bool) -> None:
    model, batch = make(kind), draw_batch(resets=resets, mask=mask)
    state = draw_state(model)
    _, _, backprop = model.loss(batch, state)
    dstate = backprop()
    starts = {f"{k}.{part}": a for k, layer in enumerate(state) for part, a in layer._asdict().items()}
    dstarts = {f"{k}.{part}": a for k, layer in enumerate(dstate) for part, a in layer._asdict().items()}
    gradients = {name: model.params.gradient(name).copy() for name in model.params} | dstarts
    found = check_gradients(
        lambda: model.loss(batch, state)[0],
        {**model.params, **starts},
        gradients,
        rng=np.random.default_rng(0),
    )
    assert found.passed, found
    wrong = {**gradients, "head.b": gradients["head.b"] * 1.001}
    tensors = {**model.params, **starts}
    assert not check_gradients(
        lambda: model.loss(batch, state)[0], tensors, wrong, rng=np.random.default_rng(0)
    ).passed


@each_kind
def test_two_windows_with_carried_state_are_one(kind: dict[str, Any]) -> None:
    model, batch, state = make(kind), draw_batch(resets=True), draw_state(make(kind))
    whole, end, _ = model.loss(batch, state, scale=1.0)
    parts, now = 0.0, state
    for some in (slice(0, 4), slice(4, T)):
        loss, now, _ = model.loss(Batch({k: a[some] for k, a in batch.arrays.items()}, 0), now, scale=1.0)
        parts += loss
    assert parts == pytest.approx(whole, rel=1e-12)
    for one, other in zip(np.ravel(now[-1]), np.ravel(end[-1]), strict=True):
        assert one == pytest.approx(other, rel=1e-12)


@each_kind
def test_a_reset_begins_from_zero_state(kind: dict[str, Any]) -> None:
    model, plain, state = make(kind), draw_batch(), draw_state(make(kind))
    resets = np.zeros((T, N), np.bool_)
    resets[3] = True
    batch = Batch({**plain.arrays, "resets": resets}, plain.counted)
    before, after = (Batch({k: a[some] for k, a in plain.arrays.items()}, 0) for some in (slice(3), slice(3, T)))
    parts = model.loss(before, state, scale=1.0)[0] + model.loss(after, scale=1.0)[0]
    assert model.loss(batch, state, scale=1.0)[0] == pytest.approx(parts, rel=1e-12)
    h, _ = model.hidden(batch["inputs"], state, resets=resets)
    np.testing.assert_allclose(h[3:], model.hidden(after["inputs"])[0], rtol=1e-12)


@each_kind
def test_every_stream_is_as_if_it_were_alone(kind: dict[str, Any]) -> None:
    model, batch = make(kind), draw_batch(resets=True, mask=True)
    whole = model.loss(batch, scale=1.0)[0]
    alone = (Batch({k: a[:, n : n + 1] for k, a in batch.arrays.items()}, 0) for n in range(N))
    assert sum(model.loss(one, scale=1.0)[0] for one in alone) == pytest.approx(whole, rel=1e-12)


def test_the_loss_is_the_mean_over_entries_that_count() -> None:
    model, batch = make(KINDS["gru"]), draw_batch(mask=True)
    h, _ = model.hidden(batch["inputs"])
    errors = model.squared_errors(h, batch["targets"])  # means over the features
    assert model.loss(batch)[0] == pytest.approx(errors[batch["mask"]].mean(), rel=1e-12)
    assert model.loss(draw_batch())[0] == pytest.approx(errors.mean(), rel=1e-12)


def test_what_is_masked_may_be_anything() -> None:
    model, batch = make(KINDS["lstm"]), draw_batch(mask=True)
    targets = np.where(batch["mask"][..., None], batch["targets"], np.nan)
    losses, gradients = [], []
    for one in (batch, Batch({**batch.arrays, "targets": targets}, batch.counted)):
        model.params.grad[:] = 0
        loss, _, backprop = model.loss(one)
        backprop()
        losses.append(loss)
        gradients.append(model.params.grad.copy())
    assert losses[0] == losses[1]
    np.testing.assert_array_equal(*gradients)


def test_dropout_draws_masks_in_training_alone() -> None:
    model, plain = make(KINDS["lstm"], dropout=0.4), make(KINDS["lstm"])
    batch = draw_batch()
    assert model.drops
    assert not plain.drops
    assert model.loss(batch)[0] == plain.loss(batch)[0]
    masked = [model.loss(batch, rng=np.random.default_rng(seed))[0] for seed in (0, 0, 1)]
    assert masked[0] == masked[1] != masked[2]
    _, _, backprop = model.loss(batch, rng=np.random.default_rng(0))
    backprop()
    gradients = {name: model.params.gradient(name).copy() for name in model.params}
    assert check_gradients(
        lambda: model.loss(batch, rng=np.random.default_rng(0))[0],
        model.params,
        gradients,
        rng=np.random.default_rng(0),
    ).passed


@each_kind
def test_each_output_is_the_next_input(kind: dict[str, Any]) -> None:
    model, start = make(kind), draw_batch()["inputs"]
    state = draw_state(model)
    made = model.generate(start, 6, state=state)
    assert made.shape == (6, N, D)
    given = np.concatenate([start, made])
    h, _ = model.hidden(given[:-1], state)  # taught with its own numbers, it predicts them
    outputs, _ = model.head.forward(h[-6:])
    np.testing.assert_allclose(outputs, made, rtol=1e-11, atol=1e-12)
    assert np.abs(made - model.generate(start, 6)).max() > 1e-3  # without the state


def test_a_start_has_the_axes_of_a_series() -> None:
    model, start = make(KINDS["gru"]), draw_batch()["inputs"]
    many = model.generate(start, 4)
    np.testing.assert_allclose(model.generate(start[:, 1], 4), many[:, 1], rtol=1e-12)
    np.testing.assert_allclose(model.generate(start[:, 1].tolist(), 4), many[:, 1], rtol=1e-12)
    one = make(KINDS["gru"], features=1)
    np.testing.assert_array_equal(one.generate(start[:, 0, 0], 4), one.generate(start[:, :1, :1], 4)[:, 0, 0])
    assert one.generate([0.5], 3).shape == (3,)  # one to many
    assert model.generate(start, 0).shape == (0, N, D)
    assert SeriesModel(charlm.SeriesConfig()).generate(np.zeros(3), 2).dtype == np.float32


@pytest.mark.parametrize("start", [np.zeros(4), np.zeros((4, 3)), np.zeros((0, 2)), np.zeros((1, 1, 4, 2)), 1.0])
def test_a_start_that_does_not_fit(start: Any) -> None:
    with pytest.raises(UsageError, match=r"the start has shape \(.*\); give \(S, N, 2\) or \(S, 2\), at least one"):
        make(KINDS["gru"]).generate(start, 4)
    with pytest.raises(UsageError, match="-1 steps cannot be made; give at least 0"):
        make(KINDS["gru"]).generate(np.zeros((4, 2)), -1)


def test_a_state_that_does_not_fit() -> None:
    model = make(KINDS["lstm"])
    for wrong in (model.zero_state(2), make(KINDS["lstm"], hidden_size=4).zero_state(N)):
        with pytest.raises(UsageError, match="the state"):
            model.generate(draw_batch()["inputs"], 4, state=wrong)


def test_a_linear_output_is_that_of_an_lstm() -> None:
    with pytest.raises(UsageError, match=r"a linear output is that of an LSTM, not of gru; give cell=\"lstm\", or"):
        charlm.SeriesConfig(cell="gru", output_activation="identity")
    with pytest.raises(UsageError, match="`features` is 0; it must be at least 1"):
        charlm.SeriesConfig(features=0)


def test_it_is_no_language_model() -> None:
    model = make(KINDS["gru"])
    with pytest.raises(UsageError, match="this is a series model, not a language model; its method generate"):
        charlm.generate(model, "a")  # type: ignore[arg-type]
    assert repr(model).startswith("SeriesModel(gru 2x5, 2 features, ")
    assert repr(SeriesModel(charlm.SeriesConfig())) == "SeriesModel(lstm 32, 1 feature, 4,385 parameters)"
