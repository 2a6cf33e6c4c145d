"""`PairsTask`: prediction of the target of each source."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from charlm.config import TrainConfig
from charlm.errors import CorpusError
from charlm.generation.transduction import Transduction, transduce
from charlm.models.learner import Learner
from charlm.models.transducer import Transducer
from charlm.nn.arrays import IdArray
from charlm.text.batches import Batch, Batches, PairBatches, pair_batch
from charlm.text.pairs import Pair, split_pairs

__all__ = ["PairsTask", "pairs_task"]

SHOWN = 6  # pairs of a sample
MOST_VALIDATED = 2000  # held-out pairs of a validation; `charlm eval` uses all
BATCH = 256
TRIAL_PAIRS = 512  # for timing a validation


class PairsTask:
    """Prediction of the target of each source; `pairs_task` builds it.

    Parameters
    ----------
    model : Transducer
        Its vocabularies and its output.
    train, held_out : sequence of Pair
        They have no source in common.

    Raises
    ------
    VocabularyError
        If a pair has symbols or a label that the model does not know.
    """

    def __init__(self, model: Transducer, train: Sequence[Pair], held_out: Sequence[Pair]) -> None:
        self.output = model.config.output
        self.train, self.held_out = train, held_out
        self._stop_id = None if model.target is None else model.target.stop_id
        self._size = len(model.labels) if model.target is None else len(model.target)
        self._train = model.encode_pairs(train)
        self._validated = held_out[:: -(-len(held_out) // MOST_VALIDATED) or 1]
        self.characters = self._predictions(self._train[1])
        self.validation_characters = self._predictions(model.encode_pairs(self._validated)[1])
        self.guess_nats = math.log(max(self._size, 2))

    def _predictions(self, targets: list[IdArray]) -> int:
        return sum(map(len, targets)) + len(targets) * (self.output == "text")  # with a stop symbol each

    def fit(self, config: TrainConfig) -> TrainConfig:
        """Return the configuration unchanged: pairs fill any number of streams."""
        return config

    def batches(self, config: TrainConfig, rng: np.random.Generator) -> Batches:
        """Return batches of pairs of similar lengths."""
        sources, targets = self._train
        return PairBatches(
            sources, targets, output=self.output, streams=config.batch_size, rng=rng, stop_id=self._stop_id
        )

    def validate(self, learner: Learner, config: TrainConfig) -> Mapping[str, float]:  # noqa: ARG002
        """Return the mean loss of held-out targets in nats, and the share of sources with an exact output."""
        return self._validate(learner, len(self._validated)) if self._validated else {"loss": math.nan}

    def validation_s(self, learner: Learner, config: TrainConfig) -> float:  # noqa: ARG002
        """Estimate the duration of a validation from some of its pairs."""
        pairs = min(len(self._validated), TRIAL_PAIRS)
        if not pairs:
            return 0.0
        begin = time.perf_counter()
        self._validate(learner, pairs)
        return (time.perf_counter() - begin) * len(self._validated) / pairs

    def _validate(self, learner: Learner, pairs: int) -> dict[str, float]:
        model, wanted = cast("Transducer", learner), self._validated[:pairs]
        nats, counted, exact = 0.0, 0, 0
        for batch in self._batches_of(wanted, model):
            each, right = model.score_targets(batch)
            nats, counted, exact = (
                nats + float(each.sum()),
                counted + batch.counted,
                exact + int(right.all(axis=0).sum()),
            )
        return {"loss": nats / counted, "exact": exact / pairs}

    def _batches_of(self, pairs: Sequence[Pair], model: Transducer) -> Iterator[Batch]:
        """Yield batches of pairs of similar lengths."""
        order = sorted(pairs, key=lambda pair: (len(pair.source), len(pair.target)))
        for k in range(0, len(order), BATCH):
            sources, targets = model.encode_pairs(order[k : k + BATCH])
            yield pair_batch(sources, targets, output=self.output, stop_id=self._stop_id)

    def sample(self, learner: Learner, seed: int) -> str:
        """Return some pairs, held-out ones if there are any, with the learner's outputs."""
        pairs = self.held_out or self.train
        rng = np.random.default_rng(seed)
        shown = [pairs[k] for k in rng.choice(len(pairs), min(SHOWN, len(pairs)), replace=False)]
        return "\n".join(map(_line, shown, _outputs(cast("Transducer", learner), shown)))

    def facts(self) -> dict[str, Any]:
        """Return the number of target symbols and the numbers of pairs."""
        return {"vocabulary": self._size, "pairs": len(self.train), "validation_pairs": len(self.held_out)}


def _outputs(model: Transducer, pairs: Sequence[Pair]) -> list[Transduction]:
    longest = 2 * max(len(pair.target) for pair in pairs) + 1  # an untrained model may never end its text
    return transduce(model, [pair.source for pair in pairs], length=longest, on_unknown="replace")


def _line(pair: Pair, made: Transduction) -> str:
    right = made.text == pair.target
    return f"{pair.source} → {made.text}" + ("" if right else f"  (not {pair.target})")


def pairs_task(
    model: Transducer,
    pairs: Sequence[tuple[str, str]],
    config: TrainConfig,
    validation: Sequence[tuple[str, str]] | None = None,
) -> PairsTask:
    """Build the task of pairs: a share of the sources, or other pairs, are held out.

    Parameters
    ----------
    model : Transducer
    pairs : sequence of Pair, or of tuples of a source and a target
    config : TrainConfig
        For `val_frac` and `seed`.
    validation : sequence of the same, optional
        Held out in place of a share of `pairs`.

    Raises
    ------
    CorpusError
        If there are no pairs.
    VocabularyError
        If a pair has symbols or a label that the model does not know.
    """
    if not pairs:
        raise CorpusError("there are no pairs to train on; give at least one")
    known = [Pair(*pair) for pair in pairs]
    if validation is None:
        return PairsTask(model, *split_pairs(known, config.val_frac, config.seed))
    return PairsTask(model, known, [Pair(*pair) for pair in validation])
