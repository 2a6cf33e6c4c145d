"""The loss on held-out text against one prediction after the other, in one stream."""

from __future__ import annotations

import numpy as np
import pytest

import charlm
from charlm.training.task import text_task
from charlm.training.validation import HeldOut, validation_loss

from .runs import make_names, make_text, new_model


def one_stream(model: charlm.CharModel, held_out: HeldOut) -> float:
    """Read symbol by symbol, as the definition says."""
    step, state, nats = model.step, model.zero_state(1), []
    for symbol, target, reset in zip(held_out.inputs, held_out.targets, held_out.resets, strict=True):
        if reset:
            state = model.zero_state(1)
        logits, state = step(np.array([symbol]), state)
        p = np.exp(logits[0] - logits.max())
        nats.append(-np.log(p[target] / p.sum()))
    return float(np.mean(nats[held_out.warmup :]))


def trained(text: str, cell: str, *, documents: bool = False) -> charlm.CharModel:
    """Return a model with a memory that matters."""
    model = new_model(text, cell=cell, stop=documents, hidden_size=8, layers=2, dtype="float64")
    quiet = {"eval_every": 0, "sample_every": 0, "val_frac": 0}
    list(
        charlm.train(
            model, text, charlm.TrainConfig(steps=30, shards=1, seq_length=16, documents=documents, **quiet)
        )
    )
    return model


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("characters", [3, 40, 255, 400, 511])
def test_a_short_text_exactly(cell: str, characters: int) -> None:
    text = make_text(300)
    model = trained(text, cell)
    for val_frac, validation in ((0.1, text[:characters]), (characters / len(text), None)):
        held_out = text_task(model.vocabulary, text, charlm.TrainConfig(val_frac=val_frac), validation).held_out
        assert validation_loss(model, held_out, model.target_nats) == pytest.approx(
            one_stream(model, held_out), rel=1e-12
        )


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("characters", [513, 2000, 6001])
def test_a_long_text_closely(cell: str, characters: int) -> None:
    text = make_text(2000)
    model = trained(text[:3000], cell)
    config = charlm.TrainConfig(val_frac=characters / len(text))
    held_out = text_task(model.vocabulary, text, config).held_out
    assert len(held_out.targets) - held_out.warmup == pytest.approx(characters, abs=1)
    got, wanted = validation_loss(model, held_out, model.target_nats), one_stream(model, held_out)
    assert got == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("lines", [1, 4, 60, 400])
def test_documents_exactly(lines: int) -> None:
    text = make_names(400)
    model = trained(text, "gru", documents=True)
    config = charlm.TrainConfig(documents=True)
    held_out = text_task(model.vocabulary, text, config, make_names(lines)).held_out
    assert validation_loss(model, held_out, model.target_nats) == pytest.approx(
        one_stream(model, held_out), rel=1e-12
    )


def test_a_document_longer_than_the_warm_up() -> None:
    text = make_names(60)
    model = trained(text, "lstm", documents=True)
    long = text.replace("\n", " ") + "\n" + text
    held_out = text_task(model.vocabulary, text, charlm.TrainConfig(documents=True), long).held_out
    assert validation_loss(model, held_out, model.target_nats) == pytest.approx(
        one_stream(model, held_out), abs=1e-3
    )


def test_every_target_counts_once() -> None:
    """With uniform predictions but for one symbol, the loss tells how often that symbol was a target."""
    text = make_text(700)
    model = new_model(text, dtype="float64")
    model.params.value[:] = 0
    model.params["head.b"][3] = 1.5
    for characters in (1, 2, 256, 511, 512, 700, 1999):
        held_out = text_task(model.vocabulary, text, charlm.TrainConfig(val_frac=characters / len(text))).held_out
        targets = held_out.targets[held_out.warmup :]
        wanted = np.log(np.exp(1.5) + len(model.vocabulary) - 1) - 1.5 * np.mean(targets == 3)
        assert validation_loss(model, held_out, model.target_nats) == pytest.approx(wanted, rel=1e-12)


def test_it_is_what_evaluate_gives() -> None:
    text = make_text(100)
    model = trained(text, "lstm")
    held_out = text_task(model.vocabulary, text, charlm.TrainConfig(), text[:300]).held_out
    assert validation_loss(model, held_out, model.target_nats) == pytest.approx(
        charlm.evaluate(model, text[:300]).nats, rel=1e-12
    )


@pytest.mark.parametrize("characters", [40, 3000])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_groups_and_workers(cell: str, characters: int) -> None:
    """Workers change no bit; groups no more than the last ones."""
    text = make_text(2000)
    model = trained(text[:3000], cell)
    held_out = text_task(model.vocabulary, text, charlm.TrainConfig(val_frac=characters / len(text))).held_out
    whole = validation_loss(model, held_out, model.target_nats)
    for groups in (2, 3, 4, 100):
        losses = {
            validation_loss(model, held_out, model.target_nats, groups=groups, workers=workers)
            for workers in (1, 2, 4)
        }
        assert len(losses) == 1
        assert losses.pop() == pytest.approx(whole, rel=1e-6)


def test_absurd_weights_give_no_warning() -> None:
    text = make_text(700)
    model = new_model(text)
    model.params.value[:] = np.float32(3e38)
    held_out = text_task(model.vocabulary, text, charlm.TrainConfig()).held_out
    for workers in (1, 2):
        assert not np.isfinite(validation_loss(model, held_out, model.target_nats, groups=2, workers=workers))
