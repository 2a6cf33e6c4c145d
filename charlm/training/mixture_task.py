"""`MixtureTask`: the text of a run whose model is a mixture of networks, and of the n-gram counts of the text.

The weights of the mixture are fitted on pieces of the training text that the networks do not learn, since on learnt
text the networks would seem better than they are. The pieces lie evenly in the text. Its end alone would not do:
without the last 16,000 characters of Shakespeare before the validation text a network does not meet
the people of that play, and predicts it 0.08 nats worse. The validation text has no part in the fit.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.config import TrainConfig
from charlm.errors import CorpusError
from charlm.models.counts import Counts
from charlm.models.ensemble import Ensemble, networks_of
from charlm.models.language_model import CharModel
from charlm.models.learner import Learner
from charlm.models.mixture import Mixture, fit_weights, mixed_nats
from charlm.models.predictor import Predictor
from charlm.nn.arrays import IdArray
from charlm.text.batches import document_stream
from charlm.training.task import TextTask, stop_id_of, text_task
from charlm.training.validation import HeldOut, symbols_read, validation_nats

__all__ = ["MixtureTask", "task_of_text"]

SHARE = 1 / 50  # of the training text fits the weights
SHORTEST, LONGEST = 200, 2**14  # symbols
PIECE = 2**10  # symbols of a piece
FEWEST, MOST = 20, 2_000  # documents
TIMES = 5  # that many times what fits the weights is the shortest text
LEAST_GAIN = 0.005  # nats by which counts must improve the networks if it is left to measurement


def task_of_text(
    learner: CharModel | Ensemble, text: str, config: TrainConfig, validation: str | None = None
) -> TextTask:
    """Build the task of a text for a network or several.

    Parameters
    ----------
    learner : CharModel or Ensemble
    text, config, validation
        As for `text_task`; of the configuration `counts`, too.

    Returns
    -------
    TextTask
        A `MixtureTask` if there are several networks, or counts.

    Raises
    ------
    CorpusError
        If nothing is left to train on, or the text is too short for the counts that are asked for.
    UsageError, VocabularyError
        As for `text_task`.
    """
    whole = text_task(learner.vocabulary, text, config, validation)
    parts = None if config.counts is False else _without_pieces(whole.train, config.seed)
    if parts is None and config.counts:
        least = f"{TIMES * FEWEST} documents" if config.documents else f"{TIMES * SHORTEST:,} symbols"
        raise CorpusError(
            f"the text is too short to mix with its counts; give at least {least}, or leave `counts` out"
        )
    if parts is None and len(networks_of(learner)) == 1:
        return whole
    return MixtureTask(whole, *(parts or (whole.train, None)))


class MixtureTask(TextTask):
    """Prediction of each next symbol of a text by several networks, and by its n-gram counts.

    Parameters
    ----------
    whole : TextTask
        The task of the whole training text.
    train : ndarray of int, shape (n,), or sequence of such
        The part that the networks learn.
    pieces : sequence of ndarray, optional
        The pieces, or documents, that fit the weights; without them there are no counts, and all weights are the
        same.
    """

    def __init__(
        self, whole: TextTask, train: IdArray | Sequence[IdArray], pieces: Sequence[IdArray] | None
    ) -> None:
        super().__init__(whole.vocabulary, train, whole.held_out)
        self.whole, self._pieces = whole, pieces
        self._fitted: tuple[Any, NDArray[np.float64]] | None = None  # of what, and the weights

    def count(self, on_phase: Callable[[str], None]) -> None:
        """Count the n-grams that evaluations need, a phase of the run."""
        if self._pieces is not None:
            on_phase("counting n-grams for the mixture")
            _ = self._fitting_part, self._held_out_part

    def complete(self, learner: Learner, config: TrainConfig) -> CharModel | Mixture:
        """Return the model that is shown and stored: the networks and, if they help, the counts, with weights."""
        networks = networks_of(learner)
        weights = self._fit(networks, config)
        members: list[Predictor] = [*networks, *[self._counts] * (len(weights) - len(networks))]
        return networks[0] if len(members) == 1 else Mixture(members, weights.tolist())

    def validate(self, learner: Learner, config: TrainConfig) -> Mapping[str, Any]:
        """Return the mean loss of the mixture over the held-out text, and that of each part alone, in nats.

        ``networks`` are the losses of the networks and ``counts`` that of the counts, whether they help or not;
        ``weights`` are those of the networks and, if they help, of the counts.
        """
        if self._held_out_part is None:
            return {"loss": math.nan}
        networks = networks_of(learner)
        weights = self._fit(networks, config)
        nats = self._held_out_part.nats(networks, config)
        loss = float(mixed_nats(nats[: len(weights)], weights).mean())
        if not math.isfinite(loss):
            return {"loss": loss}
        alone = nats.mean(axis=1).tolist()
        parts = {"networks": alone[: len(networks)], "weights": weights.tolist()}
        return {"loss": loss, **parts, **({} if self._pieces is None else {"counts": alone[-1]})}

    def validation_s(self, learner: Learner, config: TrainConfig) -> float:
        """Estimate the duration of a validation from its first part. The n-grams are counted before."""
        networks = networks_of(learner)
        parts = self._fitting_part, self._held_out_part
        fitting, held_out = (0 if part is None else symbols_read(part.held) for part in parts)
        return super().validation_s(networks[0], config) * len(networks) * (1 + fitting / max(held_out, 1))

    def baseline(self, origin: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the loss of an n-gram model of the whole training text; see `measure_baseline`."""
        return self.whole.baseline(origin)

    def _fit(self, networks: Sequence[CharModel], config: TrainConfig) -> NDArray[np.float64]:
        """Return the weights of the networks and of the counts, or of the networks alone if counts do not help.

        An evaluation, a sample and two files of the same state need one fit.
        """
        state = config.counts, [hashlib.sha256(one.params.value.tobytes()).digest() for one in networks]
        if self._fitted is None or self._fitted[0] != state:
            self._fitted = state, self._fit_again(networks, config)
        return self._fitted[1]

    def _fit_again(self, networks: Sequence[CharModel], config: TrainConfig) -> NDArray[np.float64]:
        """Fit the weights, whatever was fitted last."""
        equal = np.full(len(networks), 1 / len(networks))
        if self._fitting_part is None:
            return equal
        nats = self._fitting_part.nats(networks, config)
        if not np.isfinite(nats).all():  # diverged, which the loss says
            return equal
        mixed, without = fit_weights(-nats), fit_weights(-nats[:-1])
        gain = mixed_nats(nats[:-1], without).mean() - mixed_nats(nats, mixed).mean()
        return mixed if config.counts or gain >= LEAST_GAIN else without

    @cached_property
    def _counts(self) -> Counts:
        return Counts(self.vocabulary, self._stream(self.whole.train))

    @cached_property
    def _fitting_part(self) -> _Part | None:
        """The pieces, with the counts of the rest of the training text."""
        if self._pieces is None:
            return None
        texts = (
            self._pieces if isinstance(self.train, np.ndarray) else [self._stream([one]) for one in self._pieces]
        )
        counts = Counts(self.vocabulary, self._stream(self.train))
        return _Part(HeldOut.join(texts), np.concatenate([counts.surprisal(ids)[1:] for ids in texts]))

    @cached_property
    def _held_out_part(self) -> _Part | None:
        """The held-out text, with the counts of the whole training text."""
        if self.held_out is None:
            return None
        if self._pieces is None:
            return _Part(self.held_out, None)
        return _Part(self.held_out, self._counts.surprisal(self.held_out.stream)[self.held_out.warmup + 1 :])

    def _stream(self, text: IdArray | Sequence[IdArray]) -> IdArray:
        return text if isinstance(text, np.ndarray) else document_stream(text, stop_id_of(self.vocabulary))


class _Part(NamedTuple):
    """A text to predict, and −ln p of each prediction by counts, (n,), if there are any."""

    held: HeldOut
    counts: NDArray[np.float64] | None

    def nats(self, networks: Sequence[CharModel], config: TrainConfig) -> NDArray[np.float64]:
        """Return −ln p of each prediction by each network and, last, by the counts; shape (members, n)."""
        groups, workers = (config.shards or 1) * len(networks), config.workers or 1
        rows = [
            validation_nats(network, self.held, network.target_nats, groups=groups, workers=workers)
            for network in networks
        ]
        return np.stack(rows if self.counts is None else [*rows, self.counts])


def _without_pieces(
    train: IdArray | Sequence[IdArray], seed: int
) -> tuple[IdArray | Sequence[IdArray], list[IdArray]] | None:
    """Split off what fits the weights: pieces of a text, or some documents; None if the text is short."""
    n = len(train)
    least, most = (SHORTEST, LONGEST) if isinstance(train, np.ndarray) else (FEWEST, MOST)
    count = min(max(int(n * SHARE), least), most)
    if TIMES * count > n:
        return None
    if isinstance(train, np.ndarray):
        number = max(count // PIECE, 1)
        length = count // number
        starts = [(2 * k + 1) * n // (2 * number) for k in range(number)]
        parts = np.split(train, [at for start in starts for at in (start, start + length)])
        return np.concatenate(parts[::2]), parts[1::2]
    order = np.sort(np.random.default_rng(seed).permutation(n)[:count])
    chosen = set(order.tolist())
    return [ids for k, ids in enumerate(train) if k not in chosen], [train[k] for k in order]
