"""Gradient checks of whole models: input, stacked cells, attention, head and loss in one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlm.config import ModelConfig, OutputName, TransducerConfig
from charlm.models.language_model import CharModel
from charlm.models.transducer import Transducer
from charlm.nn.gradient_check import GradientCheck, check_gradients
from charlm.nn.stack import map_state, named_state
from charlm.text.batches import pair_batch, text_batch
from charlm.text.vocabulary import Vocabulary

__all__ = ["ModelCheck", "check_model", "check_models", "check_transducer"]

TEXT = "abcde"
STEPS, STREAMS, EMBEDDING = 6, 3, 4
LENGTHS = ((5, 2), (2, 4), (3, 3))  # of the source and the target of each pair


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
    """Check a model of every cell, with one-hot and with embedded input, and for pairs with every output."""
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
    even = hidden_size + hidden_size % 2  # half of the units read backward
    outputs: list[tuple[str, OutputName]] = [
        *((cell, "text") for cell in cells),
        ("lstm", "label"),
        ("lstm", "tags"),
    ]
    for cell, output in outputs:
        shape = TransducerConfig(**cells[cell], output=output, hidden_size=even, layers=layers, dtype="float64")
        yield ModelCheck(f"{cell}, pairs to {output}", check_transducer(shape, entries=entries, seed=seed))


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
    tensors = dict(model.params)
    gradients = {name: model.params.gradient(name) for name in tensors}
    tensors |= named_state(start)
    gradients |= named_state(dstart)
    return check_gradients(lambda: model.loss(batch, start)[0], tensors, gradients, rng=rng, entries=entries)


def check_transducer(config: TransducerConfig, *, entries: int, seed: int) -> GradientCheck:
    """Check the gradients of a model of pairs on random pairs of several lengths, with dropout off.

    Parameters
    ----------
    config : TransducerConfig
        Of float64.
    entries : int
        Entries to try of each tensor.
    seed : int
        Draws weights, pairs, entries and direction.
    """
    rng = np.random.default_rng(seed)
    letters = Vocabulary.from_text(TEXT, stop=config.output == "text")
    target = list(TEXT) if config.output == "label" else letters
    model = Transducer(config, Vocabulary.from_text(TEXT), target, seed=seed)
    model.params.value[:] = rng.uniform(-0.5, 0.5, model.params.value.size)
    sources = [rng.integers(0, len(TEXT), S) for S, _ in LENGTHS]
    sizes = [{"text": T, "label": 1, "tags": S}[config.output] for S, T in LENGTHS]
    targets = [rng.integers(0, len(TEXT), size) for size in sizes]
    batch = pair_batch(sources, targets, output=config.output, stop_id=letters.stop_id)
    _, _, backprop = model.loss(batch)
    model.params.grad[:] = 0
    backprop()
    gradients = {name: model.params.gradient(name) for name in model.params}
    return check_gradients(lambda: model.loss(batch)[0], dict(model.params), gradients, rng=rng, entries=entries)
