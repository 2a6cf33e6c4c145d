"""Gradient checks of whole models: input, layers, attention, head and loss in one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlm.config import ModelConfig, SeriesConfig, TransducerConfig
from charlm.config.checks import check_number
from charlm.models.language_model import CharModel
from charlm.models.series import SeriesModel
from charlm.models.transducer import Transducer
from charlm.nn.gradient_check import GradientCheck, check_gradients
from charlm.nn.ngrams import known_ngrams
from charlm.nn.stack import map_state, named_state
from charlm.text.batches import Batch, pair_batch, text_batch
from charlm.text.vocabulary import Vocabulary

__all__ = ["ModelCheck", "check_model", "check_models", "check_series", "check_transducer"]

TEXT = "abcde"
STEPS, STREAMS, EMBEDDING, FEATURES = 6, 3, 4, 2
LENGTHS = ((5, 3), (1, 2), (2, 6))  # of sources and targets


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """The result of the gradient check of one model."""

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
    """Check language models of every cell, with one-hot and embedded input, transducers and series models."""
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
    check_number("hidden_size", hidden_size, low=1, whole=True)
    even = hidden_size + hidden_size % 2  # one half for each direction
    pairs = {f"{cell}, pairs": settings for cell, settings in cells.items()} | {
        "lstm, no attention": {"attention": False, "bidirectional": False},
        "lstm, labels": {"output": "label"},
        "lstm, n-grams": {"output": "label", "ngrams": 3},
        "lstm, tags": {"output": "tags", "embedding_size": EMBEDDING},
    }
    for name, settings in pairs.items():
        shape = TransducerConfig(**{"hidden_size": even, "layers": layers, "dtype": "float64", **settings})
        yield ModelCheck(name, check_transducer(shape, entries=entries, seed=seed))
    numbers = {f"{cell}, numbers": settings for cell, settings in cells.items()} | {
        "lstm, linear output": {"output_activation": "identity"}
    }
    for name, settings in numbers.items():
        of_series = SeriesConfig(
            **{"features": FEATURES, "hidden_size": hidden_size, "layers": layers, "dtype": "float64", **settings}
        )
        yield ModelCheck(name, check_series(of_series, entries=entries, seed=seed))


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
    return _check_from_a_state(model, text_batch(ids[:-1], ids[1:]), rng=rng, entries=entries)


def check_series(config: SeriesConfig, *, entries: int, seed: int) -> GradientCheck:
    """Check a series model's gradients on random numbers, from a random state, with dropout off.

    Parameters
    ----------
    config : SeriesConfig
        Of float64.
    entries : int
        Entries to try of each tensor.
    seed : int
        Draws weights, numbers, state, entries and direction.
    """
    rng = np.random.default_rng(seed)
    model = SeriesModel(config)
    model.params.value[:] = rng.uniform(-0.5, 0.5, model.params.value.size)
    numbers = rng.normal(size=(STEPS + 1, STREAMS, config.features))
    return _check_from_a_state(model, text_batch(numbers[:-1], numbers[1:]), rng=rng, entries=entries)


def _check_from_a_state(
    model: CharModel | SeriesModel, batch: Batch, *, rng: np.random.Generator, entries: int
) -> GradientCheck:
    """Check the gradients of all weights and of a random state."""
    start = map_state(lambda a: rng.uniform(-0.5, 0.5, a.shape), model.zero_state(STREAMS))
    _, _, backprop = model.loss(batch, start)
    model.params.grad[:] = 0
    dstart = named_state(backprop())
    gradients = {name: model.params.gradient(name) for name in model.params}
    return check_gradients(
        lambda: model.loss(batch, start)[0],
        {**model.params, **named_state(start)},
        gradients | dstart,
        rng=rng,
        entries=entries,
    )


def check_transducer(config: TransducerConfig, *, entries: int, seed: int) -> GradientCheck:
    """Check a transducer's gradients on random pairs of unequal lengths, with dropout off.

    Parameters
    ----------
    config : TransducerConfig
        Of float64.
    entries : int
        Entries to try of each tensor.
    seed : int
        Draws weights, pairs, entries and direction.
    """
    rng, output = np.random.default_rng(seed), config.output
    vocabulary = Vocabulary.from_text(TEXT, stop=output == "text")
    sizes = [{"text": target, "label": 1, "tags": source}[output] for source, target in LENGTHS]
    sources, targets = (
        [rng.integers(len(TEXT), size=size) for size in each] for each in ([s for s, _ in LENGTHS], sizes)
    )
    model = Transducer(
        config,
        Vocabulary.from_text(TEXT),
        list(TEXT) if output == "label" else vocabulary,
        ngrams=known_ngrams(sources, config.ngrams, len(TEXT)) if config.ngrams else None,
        seed=seed,
    )
    model.params.value[:] = rng.uniform(-0.5, 0.5, model.params.value.size)
    batch = pair_batch(sources, targets, output=output, stop_id=vocabulary.stop_id)
    _, _, backprop = model.loss(batch)
    backprop()
    gradients = {name: model.params.gradient(name) for name in model.params}
    return check_gradients(lambda: model.loss(batch)[0], model.params, gradients, rng=rng, entries=entries)
