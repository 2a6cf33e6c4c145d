"""The transducer: its gradients, its batches, its padding, its steps, and what it is without a source."""

from __future__ import annotations

import json

import numpy as np
import pytest

from charlm.config import ModelConfig, TransducerConfig
from charlm.errors import UsageError, VocabularyError
from charlm.models.language_model import CharModel
from charlm.models.learner import with_params
from charlm.models.pair_symbols import ngrams_to_json
from charlm.models.transducer import Transducer
from charlm.nn import Workspace, check_gradients
from charlm.nn.losses import log_softmax
from charlm.text.batches.base import Batch, text_batch

from .pairs import CELLS, LABELS, LENGTHS, SHAPES, SOURCE, STOP, TAGS, TARGET, draw_batch, make, members

EVERY = [(shape, cell) for shape in SHAPES for cell in CELLS if cell != "gru-before" or shape == "text"]


@pytest.mark.parametrize(("shape", "cell"), EVERY)
def test_both_gradient_checks(shape: str, cell: str) -> None:
    model = make(shape, cell)
    batch = draw_batch(model.config.output)
    _, _, backprop = model.loss(batch)
    assert backprop() == ()
    gradients = {name: model.params.gradient(name) for name in model.params}
    found = check_gradients(
        lambda: model.loss(batch)[0], model.params, gradients, rng=np.random.default_rng(2), entries=12
    )
    assert found.passed, found


@pytest.mark.parametrize("shape", ["text", "layers", "label-one-way", "tags"])
def test_gradients_with_masks_of_dropout(shape: str) -> None:
    model = make(shape, dropout=0.3, weight_drop=0.2)
    batch = draw_batch(model.config.output)
    assert model.drops

    def loss() -> float:
        rng, weight_rng = np.random.default_rng(3), np.random.default_rng(4)
        return model.loss(batch, rng=rng, weight_rng=weight_rng)[0]

    plain = model.loss(batch)[0]
    assert loss() != plain
    _, _, backprop = model.loss(batch, rng=np.random.default_rng(3), weight_rng=np.random.default_rng(4))
    backprop()
    gradients = {name: model.params.gradient(name) for name in model.params}
    assert check_gradients(loss, model.params, gradients, rng=np.random.default_rng(2), entries=12).passed


@pytest.mark.parametrize("variational", [False, True])
def test_dropout_is_scaled_and_off_by_default(variational: bool) -> None:
    model = make("layers", dropout=0.5, variational=variational, scale=0.1)
    batch = draw_batch("text")
    plain = make("layers", scale=0.1).loss(batch)[0]
    assert model.loss(batch)[0] == plain
    some = [model.loss(batch, rng=np.random.default_rng(seed))[0] for seed in range(400)]
    assert np.mean(some) == pytest.approx(plain, rel=0.02)
    assert np.std(some) > 1e-4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_batch_equals_its_members_alone(shape: str, dtype: str) -> None:
    model = make(shape, dtype=dtype)
    batch = draw_batch(model.config.output)
    close = {"rtol": 1e-12, "atol": 1e-12} if dtype == "float64" else {"rtol": 1e-6, "atol": 1e-6}
    loss, _, backprop = model.loss(batch, scale=0.2)
    backprop()
    together, model.params.grad[:] = model.params.grad.copy(), 0
    nats, losses = model.target_nats(batch), []
    for n, pair in enumerate(members(batch)):
        alone, _, backprop = model.loss(pair, scale=0.2)
        losses.append(alone)
        backprop()
        counted = batch["mask"][:, n] if "mask" in batch.arrays else [True]
        np.testing.assert_allclose(nats[counted, n], model.target_nats(pair)[:, 0], **close)
        assert not nats[~np.array(counted), n].any()
    np.testing.assert_allclose(loss, sum(losses), **close)
    np.testing.assert_allclose(together, model.params.grad, **close)
    assert nats.sum() * 0.2 == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_stands_in_the_padding_changes_no_bit(shape: str) -> None:
    model = make(shape)
    batch = draw_batch(model.config.output)
    results = []
    for _ in range(2):
        model.params.grad[:] = 0
        loss, _, backprop = model.loss(batch)
        backprop()
        encoded = model.encode(batch["source"], batch["source_lengths"][0])
        results.append([loss, model.params.grad.copy(), encoded.h, model.target_nats(batch)])
        source = np.arange(6)[:, None] < 6 - batch["source_lengths"]
        batch["source"][source] = 77  # no symbol
        for name in ("inputs", "targets"):
            if "mask" in batch.arrays and name in batch.arrays:
                batch[name][~batch["mask"]] = -5
    for got, wanted in zip(*results, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("shape", SHAPES)
def test_sources_that_are_all_empty(shape: str) -> None:
    model = make(shape)
    lengths = [(0, t) for _, t in LENGTHS]
    batch = draw_batch(model.config.output, lengths)
    assert len(batch["source"]) == 0
    loss, _, backprop = model.loss(batch)
    backprop()
    padded = {
        name: np.concatenate([array, array[:1]]) if name == "source" else array
        for name, array in batch.arrays.items()
    }
    if model.config.output == "tags":
        assert loss == 0
        assert not model.params.grad.any()
        assert model.target_nats(batch).shape == (0, 5)
        return
    padded["source"] = np.zeros((1, 5), np.intp)
    assert model.loss(Batch(padded, batch.counted))[0] == loss
    assert not model.params.gradient("head.b").sum() > 1e-12
    assert not any(model.params.gradient(name).any() for name in model.params if name.startswith("encoder."))
    encoded = model.encode(batch["source"], batch["source_lengths"][0])
    assert encoded.h.shape == (0, 5, 6)
    assert not any(part.any() for layer in encoded.state for part in layer)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_workspace_changes_no_bit(shape: str) -> None:
    model, workspace = make(shape, dropout=0.2), Workspace()
    for seed, lengths in enumerate((LENGTHS, LENGTHS[:2], LENGTHS, [(2, 2), (2, 2)], LENGTHS)):
        batch, results = draw_batch(model.config.output, lengths, seed=seed), []
        for cupboard in (workspace, None):
            model.params.grad[:] = 0
            loss, _, backprop = model.loss(batch, rng=np.random.default_rng(seed), workspace=cupboard)
            backprop()
            results.append((loss, model.params.grad.copy()))
        assert results[0][0] == results[1][0]
        np.testing.assert_array_equal(results[0][1], results[1][1])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shape", ["no-attention", "neither", "layers"])
def test_with_an_empty_source_and_without_attention_it_is_a_language_model(shape: str, cell: str) -> None:
    model = make(shape, cell, attention=False)
    config = model.config.decoder()
    language_model = CharModel(config, TARGET)
    for name, tensor in language_model.params.items():
        tensor[...] = model.params[name if name.startswith("head") else f"decoder.{name}"]
    batch = draw_batch("text", [(0, 4), (0, 4)])
    loss, _, backprop = model.loss(batch)
    text = text_batch(batch["inputs"], batch["targets"])
    wanted, _, backprop_text = language_model.loss(text)
    assert loss == pytest.approx(wanted, rel=1e-14)
    backprop()
    backprop_text()
    for name in language_model.params:
        ours = model.params.gradient(name if name.startswith("head") else f"decoder.{name}")
        np.testing.assert_allclose(ours, language_model.params.gradient(name), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("shape", "cell"), EVERY)
def test_steps_equal_the_whole_target(shape: str, cell: str) -> None:
    model = make(shape, cell)
    batch = draw_batch(model.config.output)
    encoded = model.encode(batch["source"], batch["source_lengths"][0])
    logits, _ = model.logits(batch)
    if model.decoder is None:
        np.testing.assert_array_equal(model.output_logits(encoded), logits)
        with pytest.raises(UsageError, match=f"output {model.config.output} has no decoder"):
            model.stepper(encoded)
        return
    step, state = model.stepper(encoded), encoded.state
    for t, ids in enumerate(batch["inputs"]):
        got, state, weights = step(ids, state)
        np.testing.assert_allclose(got, logits[t], rtol=1e-12, atol=1e-12)
        if model.attention is None:
            assert weights is None
        else:
            assert not weights.T[~encoded.mask].any()
            np.testing.assert_allclose(weights.sum(axis=1), batch["source_lengths"][0] > 0, rtol=1e-14)


def test_n_grams_add_to_the_logits_of_labels() -> None:
    model, batch = make("ngrams"), draw_batch("label")
    source, lengths = batch["source"], batch["source_lengths"][0]
    assert model.ngrams is not None
    y, _ = model.ngrams.forward(source, lengths)
    with_them, _ = model.logits(batch)
    model.params["ngrams.W"][...] = 0
    np.testing.assert_allclose(with_them[0] - model.logits(batch)[0][0], y, rtol=1e-12, atol=1e-13)


def test_a_label_of_selected_streams() -> None:
    model, batch = make("ngrams"), draw_batch("label")
    encoded = model.encode(batch["source"], batch["source_lengths"][0])
    wanted = model.output_logits(encoded)[:, [4, 4, 0]]
    np.testing.assert_allclose(model.output_logits(encoded.streams(np.array([4, 4, 0]))), wanted, rtol=1e-12)


def test_streams_of_what_was_encoded() -> None:
    model, batch = make("layers"), draw_batch("text")
    encoded = model.encode(batch["source"], batch["source_lengths"][0])
    some = encoded.streams(np.array([4, 4, 0]))
    ids = np.full(3, STOP)
    got, _, _ = model.stepper(some)(ids, some.state)
    wanted, _, _ = model.stepper(encoded)(np.full(5, STOP), encoded.state)
    np.testing.assert_allclose(got, wanted[[4, 4, 0]], rtol=1e-12, atol=1e-13)


def test_the_loss_is_a_mean_over_what_counts() -> None:
    model, batch = make("text"), draw_batch("text")
    logits, _ = model.logits(batch)
    nats = -np.take_along_axis(log_softmax(logits), batch["targets"][..., None], axis=2)[..., 0]
    assert model.loss(batch)[0] == pytest.approx(nats[batch["mask"]].mean(), rel=1e-14)
    halves = [
        model.loss(Batch({k: array[:, some] for k, array in batch.arrays.items()}, 0), scale=1 / batch.counted)[0]
        for some in (slice(2), slice(2, 5))
    ]
    assert sum(halves) == pytest.approx(model.loss(batch)[0], rel=1e-13)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_built_from_its_description(shape: str) -> None:
    model = make(shape)
    description = json.loads(json.dumps(model.describe()))
    bare = Transducer.build(description)
    assert not bare.params.value.any()
    assert bare.params.shapes == model.params.shapes
    assert (bare.config, bare.source, bare.target, bare.labels) == (
        model.config,
        model.source,
        model.target,
        model.labels,
    )
    batch = draw_batch(model.config.output)
    same = with_params(model, model.params.replica())
    loss, _, backprop = same.loss(batch)
    backprop()
    assert loss == model.loss(batch)[0]
    assert same.params.grad.any()
    assert not model.params.grad.any()
    assert model.zero_state(4) == ()


def test_names_of_tensors() -> None:
    assert list(make("embedded", "gru").params.shapes.items()) == [
        ("encoder.embedding.W", (3, 5)),
        ("encoder.layers.0.forward.W_x", (9, 3)),
        ("encoder.layers.0.forward.W_h", (9, 3)),
        ("encoder.layers.0.forward.b", (9,)),
        ("encoder.layers.0.forward.b_hn", (3,)),
        ("encoder.layers.0.backward.W_x", (9, 3)),
        ("encoder.layers.0.backward.W_h", (9, 3)),
        ("encoder.layers.0.backward.b", (9,)),
        ("encoder.layers.0.backward.b_hn", (3,)),
        ("decoder.embedding.W", (3, 4)),
        ("decoder.layers.0.W_x", (18, 3)),
        ("decoder.layers.0.W_h", (18, 6)),
        ("decoder.layers.0.b", (18,)),
        ("decoder.layers.0.b_hn", (6,)),
        ("attention.W", (6, 12)),
        ("attention.b", (6,)),
        ("head.W", (4, 6)),
        ("head.b", (4,)),
    ]
    assert list(make("label-one-way", "rnn", layers=1).params) == [
        *(f"encoder.layers.0.{name}" for name in ("W_x", "W_h", "b")),
        *("head.W", "head.b"),
    ]
    with_ngrams = make("ngrams")
    assert with_ngrams.ngrams is not None
    assert list(with_ngrams.params.shapes.items())[-1] == ("ngrams.W", (len(with_ngrams.ngrams.known), 3))


def test_start_weights() -> None:
    config = TransducerConfig(hidden_size=64)
    model, same, other = (Transducer(config, SOURCE, TARGET, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(model.params.value, same.params.value)
    assert not np.array_equal(model.params.value, other.params.value)
    one_hot = model.params["encoder.layers.0.backward.W_x"]
    assert 0.9 < np.abs(one_hot).max() <= 1  # its fan-in is 1
    assert (model.params["decoder.layers.0.b"].reshape(4, 64)[1] == 1).all()  # forget gates


def test_how_it_looks() -> None:
    assert repr(make("text")) == "Transducer(lstm 6, 5 symbols to 4 symbols, 586 parameters)"
    assert repr(make("tags-one-way", "gru")).startswith("Transducer(gru 6, 5 symbols to 3 tags, ")
    assert repr(make("label-one-way")).startswith("Transducer(lstm 2x6, 5 symbols to 3 labels, ")


def test_targets_that_do_not_go_with_the_output_are_refused() -> None:
    text, label, tags = (TransducerConfig(output=output) for output in ("text", "label", "tags"))
    with pytest.raises(VocabularyError, match=r"output text needs a stop symbol.*pass stop=True"):
        Transducer(text, SOURCE, TAGS)
    with pytest.raises(VocabularyError, match=r"output tags has no use for a stop symbol.*pass stop=False"):
        Transducer(tags, SOURCE, TARGET)
    with pytest.raises(
        UsageError, match="output label needs labels as its target; give labels, or change `output`"
    ):
        Transducer(label, SOURCE, TAGS)
    with pytest.raises(UsageError, match="output tags needs a vocabulary"):
        Transducer(tags, SOURCE, LABELS)
    for wrong in ([], ["a", "b", "a"]):
        with pytest.raises(UsageError, match=f"{len(wrong)} labels are none, or not all different"):
            Transducer(label, SOURCE, wrong)
    with pytest.raises(UsageError, match="all labels must be strings"):
        Transducer(label, SOURCE, ["a", 3])
    with pytest.raises(UsageError, match="labels are no list"):
        Transducer.build({**make("label").describe(), "labels": "abc"})


def test_n_grams_that_do_not_go_with_the_configuration_are_refused() -> None:
    model = make("ngrams")
    assert model.ngrams is not None
    with pytest.raises(UsageError, match="no n-grams are given for a longest length of 3; pass `ngrams`"):
        Transducer(model.config, SOURCE, LABELS)
    with pytest.raises(UsageError, match="some n-grams are given for a longest length of 0; leave `ngrams` out"):
        Transducer(make("label").config, SOURCE, LABELS, ngrams=model.ngrams.known)
    description = model.describe()
    for odd in ("é", "abc", "", 3):
        with pytest.raises(UsageError, match=r"n-grams are no.*; the description is damaged"):
            Transducer.build({**description, "ngrams": odd})
    with pytest.raises(UsageError, match="not in ascending order"):
        Transducer.build({**description, "ngrams": ngrams_to_json(model.ngrams.known[::-1])})
    built = Transducer.build(json.loads(json.dumps(description)))
    assert built.ngrams is not None
    np.testing.assert_array_equal(built.ngrams.known, model.ngrams.known)


def test_settings() -> None:
    assert TransducerConfig().attends
    assert not TransducerConfig(attention=False).attends
    assert not TransducerConfig(output="tags").attends
    assert TransducerConfig(bidirectional=False).direction() == ModelConfig(hidden_size=128)
    assert TransducerConfig().direction() == ModelConfig(hidden_size=64)
    assert TransducerConfig(layers=2).decoder() == ModelConfig(layers=2)
    with pytest.raises(UsageError, match="`hidden_size` is 5; it must be even"):
        TransducerConfig(hidden_size=5)
    assert TransducerConfig(hidden_size=5, bidirectional=False).hidden_size == 5
    with pytest.raises(UsageError, match="`attention` goes with output text, not label"):
        TransducerConfig(output="label", attention=True)
    with pytest.raises(UsageError, match="`ngrams` goes with output label, not tags; leave it out"):
        TransducerConfig(output="tags", ngrams=3)
    assert not TransducerConfig(output="tags", ngrams=0).ngrams
    for name in ("bidirectional", "attention", "variational"):
        with pytest.raises(UsageError, match=f"`{name}` is 'yes'; it must be true or false"):
            TransducerConfig(**{name: "yes"})
    for name, wrong in {
        "output": "sound",
        "cell": "transformer",
        "layers": 0,
        "dropout": 1,
        "ngrams": 17,
        "dtype": "int8",
    }.items():
        with pytest.raises(UsageError, match=f"`{name}` is"):
            TransducerConfig(**{name: wrong})
