"""Generation from a given feature vector: one vector to many symbols, trained and written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import charlm
from charlm.errors import UsageError
from charlm.nn import Adam, Linear, check_gradients, join
from charlm.text.batches import text_batch

WORDS = ("ab", "ba", "ccc")
VOCABULARY = charlm.Vocabulary.from_text("abc", stop=True)
STOP = VOCABULARY.stop_id


def make(cell: str, dtype: str = "float64", **settings: Any) -> charlm.CharModel:
    return charlm.CharModel(charlm.ModelConfig(cell=cell, hidden_size=6, dtype=dtype, **settings), VOCABULARY)


def state_of(model: charlm.CharModel, h: Any) -> Any:
    """Return a start state with h in the lowest layer, and zeros elsewhere."""
    first, *others = model.zero_state(len(h))
    return (first._replace(h=h), *others)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_gradient_reaches_the_features(cell: str) -> None:
    model, features = make(cell, layers=2), Linear(4, 6, dtype=np.float64)
    store, rng = join(features=features, model=model), np.random.default_rng(0)
    x, ids = rng.normal(size=(3, 4)), rng.integers(4, size=(6, 3))

    def forward() -> Any:
        h, backprop_features = features.forward(x)
        loss, _, backprop = model.loss(text_batch(ids[:-1], ids[1:]), state_of(model, h))
        return loss, lambda: backprop_features(backprop()[0].h)

    dx = forward()[1]()
    gradients = {name: store.gradient(name) for name in store} | {"x": dx}
    assert check_gradients(lambda: forward()[0], {**store, "x": x}, gradients, rng=rng).passed
    assert np.abs(dx).max() > 1e-4


def test_a_word_for_each_vector() -> None:
    model, features = make("lstm", "float32"), Linear(3, 6)
    store = join(features=features, model=model)
    optimizer, x = Adam(store, lr=0.03), np.eye(3, dtype=np.float32)
    padded = [word + "\0" * (3 - len(word)) for word in WORDS]
    targets = np.array([[STOP if c == "\0" else "abc".index(c) for c in word] + [STOP] for word in padded]).T
    inputs = np.concatenate([np.full((1, 3), STOP), targets[:-1]])
    for _ in range(150):
        store.grad[:] = 0
        h, backprop_features = features.forward(x)
        _, _, backprop = model.loss(text_batch(inputs, targets), state_of(model, h))
        backprop_features(backprop()[0].h)
        optimizer.step()
    h, _ = features.forward(x)
    for n, word in enumerate(WORDS):
        state = state_of(model, h[n : n + 1])
        assert charlm.generate(model, length=len(word), temperature=0, state=state).run() == word
    assert (
        charlm.generate(model, length=2, temperature=0).run()
        == charlm.generate(model, length=2, temperature=0, state=model.zero_state(1)).run()
    )


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_text_starts_from_the_state(cell: str) -> None:
    model = make(cell, layers=2)
    model.params.value[:] = np.random.default_rng(1).normal(size=model.params.value.shape)
    rng = np.random.default_rng(2)
    state = tuple(layer._make(rng.normal(size=(1, 6)) for _ in layer) for layer in model.zero_state(1))
    step, now, last, wanted = model.stepper(1), state, STOP, []
    for symbol in (0, 2):  # the prompt
        _, now = step(np.array([last]), now)
        last = symbol
    while len(wanted) < 8:
        logits, now = step(np.array([last]), now)
        last = int(logits[0].argmax())
        if last == STOP:
            break
        wanted.append("abc"[last])
    assert charlm.generate(model, "ac", 8, temperature=0, state=state).run() == "".join(wanted)


def test_a_state_that_does_not_fit_is_refused() -> None:
    model = make("lstm", layers=2)
    for wrong in (make("lstm").zero_state(1), model.zero_state(2), make("gru", layers=2).zero_state(1), ()):
        with pytest.raises(
            UsageError, match=r"the state has arrays .*; a text of this model starts from .*state.1.c"
        ):
            charlm.generate(model, state=wrong)
