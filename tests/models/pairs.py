"""Transducers of every kind, and batches of random pairs for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from charlm.config import TransducerConfig
from charlm.models.transducer import Transducer
from charlm.nn import known_ngrams, pad_left, pad_right
from charlm.text.batches.base import Batch
from charlm.text.vocabulary import Vocabulary

SOURCE = Vocabulary.from_text("abcde")
TARGET = Vocabulary.from_text("xyz", stop=True)
TAGS = Vocabulary.from_text("BIO")
LABELS = ("good", "bad", "ugly")
STOP = TARGET.stop_id
LENGTHS = ((3, 2), (0, 4), (6, 0), (1, 1), (6, 5))
"""Of the source and, without the stop symbol, the target of each pair."""

SHAPES: dict[str, dict[str, Any]] = {
    "text": {},
    "no-attention": {"attention": False},
    "one-way": {"bidirectional": False},
    "neither": {"attention": False, "bidirectional": False},
    "embedded": {"embedding_size": 3},
    "layers": {"layers": 2, "embedding_size": 3},
    "label": {"output": "label"},
    "label-one-way": {"output": "label", "bidirectional": False, "layers": 2},
    "ngrams": {"output": "label", "ngrams": 3},
    "tags": {"output": "tags"},
    "tags-one-way": {"output": "tags", "bidirectional": False, "embedding_size": 2},
}
CELLS: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn"},
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "gru-before": {"cell": "gru", "gru_reset": "before"},
}


def make(shape: str, cell: str = "lstm", *, scale: float = 0.5, **settings: Any) -> Transducer:
    """Return a transducer in float64 with random weights, biases too."""
    given = {"hidden_size": 6, "dtype": "float64", **SHAPES[shape], **CELLS[cell], **settings}
    config = TransducerConfig(**given)
    target = {"text": TARGET, "label": LABELS, "tags": TAGS}[config.output]
    model = Transducer(config, SOURCE, target, ngrams=ngrams_of(config))
    rng = np.random.default_rng(1)
    model.params.value[:] = rng.normal(scale=scale, size=model.params.value.shape)
    return model


def ngrams_of(config: TransducerConfig) -> Any:
    """Return what `Transducer` takes for n-grams: those of some random sources, if it reads any."""
    rng = np.random.default_rng(7)
    sources = [rng.integers(len(SOURCE), size=size) for size in (6, 3, 5, 1)]
    return known_ngrams(sources, config.ngrams, len(LABELS)) if config.ngrams else None


def draw_batch(output: str, lengths: Any = LENGTHS, *, seed: int = 0) -> Batch:
    """Return a batch of random pairs of these lengths."""
    rng = np.random.default_rng(seed)
    return batch_of(
        output,
        [rng.integers(len(SOURCE), size=s) for s, _ in lengths],
        [rng.integers(3, size={"text": t, "label": 1, "tags": s}[output]) for s, t in lengths],
    )


def batch_of(output: str, sources: list[Any], targets: list[Any], *, stop: Any = STOP) -> Batch:
    """Pad pairs of ids to a batch."""
    source, source_lengths, _ = pad_left(sources)
    arrays: dict[str, Any] = {"source": source.astype(np.intp), "source_lengths": source_lengths[None]}
    if output == "label":
        arrays["targets"] = np.array(targets).T
    elif output == "tags":
        arrays["targets"] = pad_left(targets)[0].astype(np.intp)
        arrays["mask"] = np.arange(len(source))[:, None] >= len(source) - source_lengths
    else:
        arrays["inputs"], _, arrays["mask"] = pad_right([[stop, *target] for target in targets])
        arrays["targets"], _, _ = pad_right([[*target, stop] for target in targets])
    return Batch(arrays, int(arrays["mask"].sum() if "mask" in arrays else len(sources)))


def members(batch: Batch) -> list[Batch]:
    """Return the pairs of a batch one by one, without any padding."""
    pairs = []
    for n, length in enumerate(batch["source_lengths"][0]):
        arrays = {name: array[:, n : n + 1] for name, array in batch.arrays.items()}
        arrays["source"] = arrays["source"][len(arrays["source"]) - length :]
        for name in ("inputs", "targets", "mask"):
            if "mask" in arrays and name in arrays:
                arrays[name] = arrays[name][batch["mask"][:, n]]
        pairs.append(Batch(arrays, int(arrays["mask"].sum() if "mask" in arrays else 1)))
    return pairs
