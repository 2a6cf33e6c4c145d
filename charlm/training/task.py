"""`Task`: the protocol of the data that a learner is trained on. `TextTask`: prediction of the next character."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np

from charlm.config import SampleConfig, TrainConfig
from charlm.errors import CorpusError, UsageError
from charlm.generation import Sampler
from charlm.models.language_model import CharModel
from charlm.models.learner import Learner
from charlm.nn.arrays import IdArray
from charlm.runs.baseline import measure_baseline
from charlm.text.batches import (
    Batches,
    DocumentBatches,
    MinCharRnnBatches,
    RandomBatches,
    SequentialBatches,
    document_stream,
    encode_documents,
    fit,
    split,
)
from charlm.text.batches.base import Series
from charlm.text.vocabulary import Vocabulary
from charlm.training.validation import WARMUP, HeldOut, estimate_s, validation_loss

__all__ = ["CompletingTask", "Task", "TextTask", "fitted", "stop_id_of", "text_task", "window_batches"]

SAMPLE_LENGTH = 240
DOCUMENTS = 10  # in a sample, at most


class Task(Protocol):
    """The data of a run, and its measures.

    Attributes
    ----------
    characters : int
        Predictions in one pass over the training data.
    validation_characters : int
        Predictions of the held-out data; 0 without any.
    guess_nats : float
        Loss of a uniform guess; training that stays above it has failed.
    """

    characters: int
    validation_characters: int
    guess_nats: float

    def fit(self, config: TrainConfig) -> TrainConfig:
        """Return the configuration with streams and windows that the data can fill."""

    def batches(self, config: TrainConfig, rng: np.random.Generator) -> Batches:
        """Return the training batches."""

    def validate(self, learner: Learner, config: TrainConfig) -> Mapping[str, Any]:
        """Return ``loss``, the mean over the held-out data, and other measures of it; changes nothing."""

    def validation_s(self, learner: Learner, config: TrainConfig) -> float:
        """Estimate the seconds of `validate`; 0 without held-out data."""

    def sample(self, learner: Any, seed: int) -> str | None:
        """Return an output of the learner, or of its `CompletingTask.complete` model, to show, or None.

        Raises
        ------
        DivergedError
            If its output is not finite.
        """

    def facts(self) -> dict[str, Any]:
        """Return further facts of the data for the "start" event, for JSON."""


@runtime_checkable
class CompletingTask(Protocol):
    """A task whose learner is a part of the model that is shown and stored."""

    def complete(self, learner: Learner, config: TrainConfig) -> Any:
        """Return the model of a learner."""


class TextTask:
    """Prediction of each next symbol of a text; `text_task` builds it.

    Parameters
    ----------
    vocabulary : Vocabulary
    train : ndarray of int, shape (n,), or sequence of such
        The training ids; with ``documents`` one array for each.
    held_out : HeldOut, optional
    """

    def __init__(
        self, vocabulary: Vocabulary, train: IdArray | Sequence[IdArray], held_out: HeldOut | None
    ) -> None:
        self.vocabulary, self.train, self.held_out = vocabulary, train, held_out
        documents = train if isinstance(train, Sequence) else []
        self.characters = sum(len(ids) + 1 for ids in documents) if documents else len(train)  # stop symbols too
        self.validation_characters = 0 if held_out is None else len(held_out.inputs)
        self.guess_nats = math.log(len(vocabulary))

    def fit(self, config: TrainConfig) -> TrainConfig:
        """Reduce streams and windows to what a short text can fill."""
        return config if config.documents else fitted(config, self.characters)

    def batches(self, config: TrainConfig, rng: np.random.Generator) -> Batches:
        """Return the windows of a configuration."""
        if not isinstance(self.train, Sequence):
            return window_batches(self.train, config, rng)
        return DocumentBatches(
            self.train,
            stop_id=stop_id_of(self.vocabulary),
            streams=config.batch_size,
            length=config.seq_length,
            rng=rng,
            shortest=config.seq_length_min,
        )

    def validate(self, learner: Learner, config: TrainConfig) -> Mapping[str, float]:
        """Return the mean loss over the held-out text, in nats."""
        return {"loss": math.nan if self.held_out is None else _loss(learner, self.held_out, config)}

    def validation_s(self, learner: Learner, config: TrainConfig) -> float:
        """Estimate the duration of a validation from its first part."""
        return 0.0 if self.held_out is None else estimate_s(lambda p: _loss(learner, p, config), self.held_out)

    def sample(self, learner: Any, seed: int) -> str:
        """Return a sampled text, or several short documents, one a line."""
        config = SampleConfig(length=SAMPLE_LENGTH, finish_line=True, temperature=0.7)
        sampler = Sampler(learner, config, rng=np.random.default_rng(seed))
        text = "".join(sampler.stream())
        for _ in range(DOCUMENTS - 1):
            if sampler.finish_reason == "stop" and len(text) < SAMPLE_LENGTH:
                text += "\n" + "".join(sampler.stream())
        return text

    def baseline(self, origin: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the loss of an n-gram model of the training text on the held-out text; see `measure_baseline`."""
        held_out = self.held_out
        if held_out is None:
            return None
        return measure_baseline(self.train, held_out.stream, self.vocabulary, origin, skip=held_out.warmup + 1)

    def facts(self) -> dict[str, Any]:
        """Return the number of symbols."""
        return {"vocabulary": len(self.vocabulary)}


def fitted(config: TrainConfig, n: int) -> TrainConfig:
    """Reduce streams and windows to what `n` symbols or steps can fill."""
    streams, length = fit(n, config.batch_size, config.seq_length)
    shards = config.shards if config.shards and streams % config.shards == 0 else None
    shortest = None if config.seq_length_min is None else min(config.seq_length_min, length)
    return dataclasses.replace(
        config, batch_size=streams, seq_length=length, seq_length_min=shortest, shards=shards
    )


def window_batches(series: Series, config: TrainConfig, rng: np.random.Generator) -> Batches:
    """Return the windows of a configuration over ids (n,) or numbers (n, D)."""
    N, T, shortest = config.batch_size, config.seq_length, config.seq_length_min
    match config.sampling:
        case "random":
            return RandomBatches(series, streams=N, length=T, rng=rng, shortest=shortest)
        case "min-char-rnn":
            if N > 1:
                raise UsageError(f"sampling min-char-rnn reads one stream, not {N}; give `batch_size=1`")
            return MinCharRnnBatches(series, length=T)
        case "sequential":
            return SequentialBatches(
                series, streams=N, length=T, rng=rng, shortest=shortest, state_reset=config.state_reset
            )


def text_task(vocabulary: Vocabulary, text: str, config: TrainConfig, validation: str | None = None) -> TextTask:
    """Build the task of a text: a part of it, or another text, is held out.

    Parameters
    ----------
    vocabulary : Vocabulary
    text : str
    config : TrainConfig
        For `documents`, `val_frac` and `seed`.
    validation : str, optional
        Held out in place of a share of `text`. A share that would leave nothing to train on is not held out.

    Raises
    ------
    CorpusError
        If nothing is left to train on.
    UsageError
        If `documents` is set and the vocabulary has no stop symbol.
    VocabularyError
        If a text has symbols that the vocabulary lacks.
    """
    if config.documents:
        return _document_task(vocabulary, text, config, validation)
    ids = _encode(vocabulary, text)
    if validation is None:
        train, rest = split(ids, config.val_frac)
    else:
        train, rest = ids, _encode(vocabulary, validation)
    if len(train) < 2 <= len(ids):
        train, rest = ids, ids[:0]  # too short for a held-out part
    if len(train) < 2:
        raise CorpusError(f"the text has {len(ids)} symbols; training needs at least 2, and more to learn anything")
    if validation is None and len(rest):
        lead = train[-WARMUP - 1 :]  # the held-out part continues the training part
        return TextTask(vocabulary, train, HeldOut.join([np.concatenate([lead, rest])], warmup=len(lead) - 1))
    return TextTask(vocabulary, train, HeldOut.join([rest]) if len(rest) > 1 else None)


def _document_task(vocabulary: Vocabulary, text: str, config: TrainConfig, validation: str | None) -> TextTask:
    stop_id = stop_id_of(vocabulary)
    documents = encode_documents(vocabulary, text, on_unknown=vocabulary.training_on_unknown)
    if not documents:
        raise CorpusError("the text has no line that is not blank; give one with a document on each line")
    if validation is None:
        order = np.random.default_rng(config.seed).permutation(len(documents))
        kept, others = split(order, config.val_frac)
        train, held_out = ([documents[k] for k in np.sort(part)] for part in (kept, others))
        if not train:
            train, held_out = held_out, []  # too few for a held-out part
    else:
        train = documents
        held_out = encode_documents(vocabulary, validation, on_unknown=vocabulary.training_on_unknown)
    streams = [document_stream([document], stop_id) for document in held_out]
    return TextTask(vocabulary, train, HeldOut.join(streams) if streams else None)


def stop_id_of(vocabulary: Vocabulary) -> int:
    """Return the stop symbol of a vocabulary of documents.

    Raises
    ------
    UsageError
        If it has none.
    """
    if vocabulary.stop_id is None:
        raise UsageError(
            "`documents=True` needs a vocabulary with a stop symbol; train a new model with `documents=True`"
        )
    return vocabulary.stop_id


def _encode(vocabulary: Vocabulary, text: str) -> IdArray:
    return vocabulary.encode(text, on_unknown=vocabulary.training_on_unknown)


def _loss(learner: Learner, held_out: HeldOut, config: TrainConfig) -> float:
    model = cast("CharModel", learner)
    return validation_loss(
        model, held_out, model.target_nats, groups=config.shards or 1, workers=config.workers or 1
    )
