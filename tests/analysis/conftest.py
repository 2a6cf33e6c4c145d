from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from charlm.config import ModelConfig, Unit
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary

TEXT = "To bé, or not\nto be: 日本語\n\nthat e\u0301 is 👍🏽 it\n"


@pytest.fixture(scope="session")
def make_model() -> Callable[..., CharModel]:
    """Build a small model whose predictions are far from uniform."""

    def build(unit: Unit = "char", *, stop: bool = False, text: str = TEXT) -> CharModel:
        vocabulary = Vocabulary.from_text(text, unit=unit, stop=stop)
        model = CharModel(ModelConfig(cell="gru", hidden_size=6, layers=2, dtype="float64"), vocabulary, seed=3)
        model.params.value *= 4
        return model

    return build


@pytest.fixture(scope="session")
def naive_nats() -> Callable[[CharModel, list[int]], list[float]]:
    """Step through ids one by one: −ln p of each after the first."""

    def measure(model: CharModel, ids: list[int]) -> list[float]:
        state, nats = model.zero_state(1), []
        for symbol, following in pairwise(ids):
            logits, state = model.step(np.array([symbol]), state)
            p = np.exp(logits[0])
            nats.append(float(-np.log(p[following] / p.sum())))
        return nats

    return measure
