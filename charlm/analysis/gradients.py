"""Gradient checks of whole models: embedding or one-hot input, stacked cells, head and loss in one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlm.config import ModelConfig
from charlm.models.language_model import CharModel
from charlm.nn.gradient_check import GradientCheck, check_gradients
from charlm.nn.stack import map_state, named_state
from charlm.text.batches import text_batch
from charlm.text.vocabulary import Vocabulary

__all__ = ["ModelCheck", "check_model", "check_models"]

TEXT = "abcde"
STEPS, STREAMS, EMBEDDING = 6, 3, 4


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What the gradient check of one model found."""

    name: str
    result: GradientCheck

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "model": self.name,
            "passed": self.result.passed,
            "directional": self.result.directional,
            "elementwise": self.result.elementwise,
        }


def check_models(*, hidden_size: int, layers: int, entries: int, seed: int) -> Iterator[ModelCheck]:
    """Check a model of every cell, with one-hot and with embedded input."""
    cells: dict[str, dict[str, Any]] = {
        "rnn": {"cell": "rnn"},
        "lstm": {"cell": "lstm"},
        "gru after": {"cell": "gru", "gru_reset": "after"},
        "gru before": {"cell": "gru", "gru_reset": "before"},
    }
    for cell, settings in cells.items():
        for input_name, embedding_size in (("one-hot", 0), ("embedding", EMBEDDING)):
            config = ModelConfig(
                **settings,
                hidden_size=hidden_size,
                layers=layers,
                embedding_size=embedding_size,
                dtype="float64",
            )
            yield ModelCheck(f"{cell}, {input_name}", check_model(config, entries=entries, seed=seed))


def check_model(config: ModelConfig, *, entries: int, seed: int) -> GradientCheck:
    """Check a model's gradients on random symbols, from a random state, with dropout off.

    Parameters
    ----------
    config : ModelConfig
        Of float64.
    entries : int
        Entries to try of each tensor.
    seed : int
        Draws weights, symbols, state, entries and direction.
    """
    rng = np.random.default_rng(seed)
    model = CharModel(config, Vocabulary.from_text(TEXT), seed=seed)
    model.params.value[:] = rng.uniform(-0.5, 0.5, model.params.value.size)
    ids = rng.integers(0, len(model.vocabulary), (STEPS + 1, STREAMS))
    start = map_state(lambda a: rng.uniform(-0.5, 0.5, a.shape), model.zero_state(STREAMS))
    batch = text_batch(ids[:-1], ids[1:])
    _, _, backprop = model.loss(batch, start)
    model.params.grad[:] = 0
    dstart = backprop()
    tensors = model.tensors()
    gradients = {name: model.params.gradient(name) for name in tensors}
    tensors |= named_state(start)
    gradients |= named_state(dstart)
    return check_gradients(lambda: model.loss(batch, start)[0], tensors, gradients, rng=rng, entries=entries)
