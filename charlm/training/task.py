"""`Task`: what a learner is trained on. `TextTask` is predicting the next character of a text."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping
from typing import Any, Protocol, cast

import numpy as np

from charlm.config import SampleConfig, TrainConfig
from charlm.generation import Sampler
from charlm.models.language_model import CharModel
from charlm.models.learner import Learner
from charlm.runs.baseline import measure_baseline
from charlm.text.batches import Batches, fit
from charlm.text.vocabulary import Vocabulary
from charlm.training.data import Data, HeldOut, load_data, make_batches
from charlm.training.validation import symbols_read, validation_loss

__all__ = ["Task", "TextTask", "fit_to_text", "text_task"]

SAMPLE_LENGTH = 240
DOCUMENTS = 10  # in a sample at most
TRIAL_SYMBOLS = 32768  # of a validation that is timed


class Task(Protocol):
    """The data of a run, and the measures of success.

    Attributes
    ----------
    characters : int
        Predictions in one pass over the training data.
    validation_characters : int
        Predictions of the held-out data; 0 where nothing is held out.
    guess_nats : float
        Loss of a prediction that knows nothing; training that stays above it has gone wrong.
    """

    characters: int
    validation_characters: int
    guess_nats: float

    def fit(self, config: TrainConfig) -> TrainConfig:
        """Return the configuration with streams and windows that the data can fill."""

    def batches(self, config: TrainConfig, rng: np.random.Generator) -> Batches:
        """Return the training batches."""

    def validate(self, learner: Learner, config: TrainConfig) -> float:
        """Return the mean loss over the held-out data; changes nothing."""

    def validation_s(self, learner: Learner, config: TrainConfig) -> float:
        """Estimate how long `validate` takes, in seconds; 0 where nothing is held out."""

    def sample(self, learner: Learner, seed: int) -> str | None:
        """Return something the learner makes, to be shown; None for nothing.

        Raises
        ------
        DivergedError
            If its output is not finite.
        """

    def facts(self) -> dict[str, Any]:
        """Return what the first event of a run says of the data beside its sizes, for JSON."""


class TextTask:
    """Predict each next symbol of a text.

    Parameters
    ----------
    data : Data
    vocabulary : Vocabulary
    """

    def __init__(self, data: Data, vocabulary: Vocabulary) -> None:
        self.data, self.vocabulary = data, vocabulary
        self.characters = data.characters
        self.validation_characters = 0 if data.held_out is None else len(data.held_out.inputs)
        self.guess_nats = math.log(len(vocabulary))

    def fit(self, config: TrainConfig) -> TrainConfig:
        """Shrink streams and windows to what a short text can fill; a long text changes nothing."""
        return fit_to_text(config, self.characters)

    def batches(self, config: TrainConfig, rng: np.random.Generator) -> Batches:
        """Return the windows that a configuration asks for."""
        return make_batches(self.data, config, self.vocabulary.stop_id, rng)

    def validate(self, learner: Learner, config: TrainConfig) -> float:
        """Return the mean loss over all of the held-out text, in nats."""
        return self._loss(learner, self.data.held_out, config)

    def validation_s(self, learner: Learner, config: TrainConfig) -> float:
        """Estimate how long a validation takes from the first part of it."""
        whole = self.data.held_out
        if whole is None:
            return 0.0
        part = min(len(whole.inputs), TRIAL_SYMBOLS)
        first = HeldOut(whole.inputs[:part], whole.targets[:part], whole.resets[:part], min(whole.warmup, part - 1))
        begin = time.perf_counter()
        self._loss(learner, first, config)
        return (time.perf_counter() - begin) * symbols_read(whole) / symbols_read(first)

    def _loss(self, learner: Learner, held_out: HeldOut | None, config: TrainConfig) -> float:
        if held_out is None:
            return math.nan
        model = cast("CharModel", learner)
        return validation_loss(model, held_out, groups=config.shards or 1, workers=config.workers or 1)

    def sample(self, learner: Learner, seed: int) -> str:
        """Return a text, or some short documents, a line each."""
        config = SampleConfig(length=SAMPLE_LENGTH, finish_line=True, temperature=0.7)
        sampler = Sampler(cast("CharModel", learner), config, rng=np.random.default_rng(seed))
        text = "".join(sampler.stream())
        for _ in range(DOCUMENTS - 1):
            if sampler.finish_reason == "stop" and len(text) < SAMPLE_LENGTH:
                text += "\n" + "".join(sampler.stream())
        return text

    def baseline(self, origin: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what an n-gram model of the training text makes of the held-out text; see `measure_baseline`."""
        held_out = self.data.held_out
        if held_out is None:
            return None
        test = np.concatenate([held_out.inputs, held_out.targets[-1:]])  # one stream: each target is the next input
        return measure_baseline(self.data.train, test, self.vocabulary, origin, skip=held_out.warmup + 1)

    def facts(self) -> dict[str, Any]:
        """Return the number of symbols."""
        return {"vocabulary": len(self.vocabulary)}


def fit_to_text(config: TrainConfig, characters: int) -> TrainConfig:
    """Shrink streams and windows to what so many characters can fill."""
    if config.documents:
        return config
    streams, length = fit(characters, config.batch_size, config.seq_length)
    shards = config.shards if config.shards and streams % config.shards == 0 else None
    shortest = None if config.seq_length_min is None else min(config.seq_length_min, length)
    return dataclasses.replace(
        config, batch_size=streams, seq_length=length, seq_length_min=shortest, shards=shards
    )


def text_task(vocabulary: Vocabulary, text: str, config: TrainConfig, validation: str | None = None) -> TextTask:
    """Encode a text and hold a part of it out; see `charlm.training.data.load_data`."""
    return TextTask(load_data(vocabulary, text, config, validation), vocabulary)
