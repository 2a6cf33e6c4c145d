"""`PairsTask`: learn from pairs of strings to make of each source its target."""

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

SHOWN = 6  # pairs in a sample
TRIED = 2000  # held-out pairs in a validation, at most; `charlm eval` tries all
AT_ONCE = 256  # of them
TRIAL_PAIRS = 512  # of a validation that is timed


class PairsTask:
    """Make of each source its target. `pairs_task` holds some pairs out.

    Parameters
    ----------
    model : Transducer
        Its vocabularies and its output.
    train, held_out : sequence of Pair
        No source of one occurs in the other.

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
        self._tried = held_out[:: -(-len(held_out) // TRIED) or 1]
        self.characters = self._predictions(self._train[1])
        self.validation_characters = self._predictions(model.encode_pairs(self._tried)[1])
        self.guess_nats = math.log(max(self._size, 2))

    def _predictions(self, targets: list[IdArray]) -> int:
        return sum(map(len, targets)) + len(targets) * (self.output == "text")  # and a stop symbol each

    def fit(self, config: TrainConfig) -> TrainConfig:
        """Return the configuration as it is: pairs fill any number of streams."""
        return config

    def batches(self, config: TrainConfig, rng: np.random.Generator) -> Batches:
        """Return batches of pairs of similar lengths."""
        sources, targets = self._train
        return PairBatches(
            sources, targets, output=self.output, streams=config.batch_size, rng=rng, stop_id=self._stop_id
        )

    def validate(self, learner: Learner, config: TrainConfig) -> Mapping[str, float]:  # noqa: ARG002
        """Return the mean loss of held-out targets in nats, and for which share of sources the target is exact."""
        return self._validate(learner, len(self._tried)) if self._tried else {"loss": math.nan}

    def validation_s(self, learner: Learner, config: TrainConfig) -> float:  # noqa: ARG002
        """Estimate from some of the pairs how long a validation takes."""
        pairs = min(len(self._tried), TRIAL_PAIRS)
        if not pairs:
            return 0.0
        begin = time.perf_counter()
        self._validate(learner, pairs)
        return (time.perf_counter() - begin) * len(self._tried) / pairs

    def _validate(self, learner: Learner, pairs: int) -> dict[str, float]:
        model, wanted = cast("Transducer", learner), self._tried[:pairs]
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
        """Yield pairs, those of similar lengths together."""
        order = sorted(pairs, key=lambda pair: (len(pair.source), len(pair.target)))
        for some in (order[k : k + AT_ONCE] for k in range(0, len(order), AT_ONCE)):
            sources, targets = model.encode_pairs(some)
            yield pair_batch(sources, targets, output=self.output, stop_id=self._stop_id)

    def sample(self, learner: Learner, seed: int) -> str:
        """Return some pairs, those held out if there are any, and what the learner makes of their sources."""
        pairs = self.held_out or self.train
        rng = np.random.default_rng(seed)
        shown = [pairs[k] for k in rng.choice(len(pairs), min(SHOWN, len(pairs)), replace=False)]
        return "\n".join(map(_line, shown, _made(cast("Transducer", learner), shown)))

    def facts(self) -> dict[str, Any]:
        """Return the numbers of symbols to choose from and of pairs."""
        return {"vocabulary": self._size, "pairs": len(self.train), "validation_pairs": len(self.held_out)}


def _made(model: Transducer, pairs: Sequence[Pair]) -> list[Transduction]:
    longest = 2 * max(len(pair.target) for pair in pairs) + 1  # while it learns, a text may have no end
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
    """Hold a share of the sources out, or take other pairs for that.

    Parameters
    ----------
    model : Transducer
    pairs : sequence of Pair, or of other tuples of a source and a target
    config : TrainConfig
        For `val_frac` and `seed`.
    validation : sequence of the same, optional
        Pairs of their own to validate on, in place of a share of `pairs`.

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
