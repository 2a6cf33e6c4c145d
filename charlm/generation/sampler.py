"""`Sampler`: samples one text from a model, symbol by symbol or as a stream of strings."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.config import SampleConfig
from charlm.errors import UsageError
from charlm.generation import constraint
from charlm.generation.detokenizer import Detokenizer, FinishReason
from charlm.generation.position import Position, first_input, start_position
from charlm.generation.repeat_window import codes, window
from charlm.generation.symbol_chooser import Chooser
from charlm.models.learner import State
from charlm.models.predictor import Predictor, check_predictor

__all__ = ["Sampler", "Snapshot"]


class Snapshot(NamedTuple):
    """A position and a random state: with model and configuration they determine the rest of a text."""

    position: Position
    random: dict[str, Any]


class Sampler:
    """Samples the continuation of a text.

    A model of documents starts from its stop symbol, and again after each end. Any other model starts from zero
    state. Its first input is the first symbol of the prompt; without a prompt it is a line feed, and if the
    vocabulary has none, all first symbols are equally likely.

    Parameters
    ----------
    model : Predictor
        Its weights as they are now; later changes are not seen.
    config : SampleConfig, optional
        Filters, temperature, pattern, and where `stream` ends.
    rng : numpy.random.Generator
        Gives exactly one uniform number a symbol, whatever the configuration.
    logprobs : bool
        Whether `stream` records log-probabilities.
    cores : int, optional
        Cores that may share a product too large for the cache of one; by default the number of BLAS threads. They
        change no bit.

    Raises
    ------
    UsageError
        For fewer cores than one, or an invalid pattern.
    ConstraintError
        If no text matches the pattern.

    Attributes
    ----------
    records : bool
        Whether the next `stream` records log-probabilities.
    finish_reason : {"length", "stop", "regex"} or None
        Why the last `stream` ended; None until it has.
    logprobs : list of float
        Recorded by `stream`: ln p in nats of each character that it yields (each grapheme, for a model of
        graphemes; the sum over a character's bytes). These are the model's own probabilities, before filters and at
        temperature 1, as `charlm.score` gives them; nan where the model did not predict.
    grapheme_ends : list of int
        Recorded by `stream` for a model of graphemes: number of characters up to the end of each.
    """

    def __init__(
        self,
        model: Predictor,
        config: SampleConfig | None = None,
        *,
        rng: np.random.Generator,
        logprobs: bool = False,
        cores: int | None = None,
    ) -> None:
        if cores is not None and cores < 1:
            raise UsageError(f"cores is {cores}; it must be at least 1")
        check_predictor(model)
        self.vocabulary = model.vocabulary
        self.finish_reason: FinishReason | None = None
        self.logprobs: list[float] = []
        self.grapheme_ends: list[int] = []
        self.records = logprobs
        self._rng, self._random = rng, rng.random
        self._step = model.stepper(cores=cores)
        self._start = start_position(model)
        self._first_input = first_input(self.vocabulary)
        self._end = len(self.vocabulary)  # under a pattern
        self._codes = codes(len(self.vocabulary))
        self._uniform_logits = np.zeros(len(self.vocabulary))
        self.position = self._start
        self.configure(config or SampleConfig())

    def configure(self, config: SampleConfig) -> None:
        """Set the configuration of the next symbols.

        Raises
        ------
        UsageError, ConstraintError
            For an invalid pattern, or one that no text matches; the configuration is then unchanged.
        """
        matcher = None
        if config.constrained:
            matcher = constraint.Matcher(constraint.constraint_for(config, self.vocabulary))
        self.config, self._matcher = config, matcher
        size, unknown = len(self.vocabulary), self.vocabulary.unknown_id
        choose = Chooser(config, size, forbidden=unknown, matcher=matcher)
        self._freely = Chooser(config, size, forbidden=unknown)
        self._choose = choose.__call__  # 0.05 µs quicker than the object itself
        self._window = window(config.repeat_last_n)

    @property
    def position(self) -> Position:
        """The current position; set it to move there."""
        return Position(*self._at)

    @position.setter
    def position(self, position: Position) -> None:
        self._at: tuple[State, int | None, bytes] = position  # a plain tuple is quicker to make
        self._logits: NDArray[Any] | None = None

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the current position for `restore`."""
        return Snapshot(self.position, dict(self._rng.bit_generator.state))

    def restore(self, snapshot: Snapshot) -> None:
        """Return to a snapshot: the next symbols are the same as after it."""
        self.position = snapshot.position
        self._rng.bit_generator.state = snapshot.random

    def feed(self, text: str) -> None:
        """Read a text, such as a prompt.

        Raises
        ------
        VocabularyError
            For a symbol outside the vocabulary, unless ``config.on_unknown`` says otherwise; the position is then
            unchanged.
        """
        self.feed_ids(self.vocabulary.encode(text, on_unknown=self.config.on_unknown).tolist())

    def feed_ids(self, ids: Sequence[int]) -> None:
        """Read symbols by their ids."""
        self.position = self.position.after(ids, self._step, self.config.repeat_last_n)

    def draw(self) -> int:
        """Sample the next symbol and return its id; the model reads it when the one after it is sampled.

        It may be the stop symbol of a model of documents, or under a pattern the end of the text, which has the id
        V; `stream` handles both.

        Raises
        ------
        DivergedError
            If the model's output is not finite.
        """
        logits = None
        state, last, recent = self._at
        if last is None:
            last = self._first_input
        if last is not None:
            logits, state = self._step(last, state)
        symbol = self._choose(self._uniform_logits if logits is None else logits, self._random(), recent)
        if symbol == self._end:
            return symbol
        # without a penalty too: it may be set in the middle of a text
        recent = (recent + self._codes[symbol])[self._window]
        # last and together, so that an interrupt cannot separate them
        self._logits, self._at = logits, (state, symbol, recent)
        return symbol

    def probabilities(self) -> NDArray[np.float64]:
        """Return the probability that each symbol is sampled next, (V,): after penalty, filters and temperature.

        A pattern does not count: a text that must match it begins with `stream`. Position and random generator are
        unchanged.

        Raises
        ------
        DivergedError
            If the model's output is not finite.
        """
        state, last, recent = self._at
        if last is None:
            last = self._first_input
        logits = self._uniform_logits if last is None else self._step(last, state)[0]
        return self._freely.probabilities(logits, recent)

    @property
    def logprob(self) -> float:
        """Log-probability of the last sampled symbol, nats: the model's own, before filters, at temperature 1.

        nan unless a symbol has just been sampled, and for a first symbol that the model did not predict.
        """
        last = self._at[1]
        if self._logits is None or last is None:
            return math.nan
        z = self._logits.astype(np.float64)  # the sums of `target_nats`, four times as quick for one stream
        z -= z[z.argmax()]
        return float(z[last] - np.log(np.add.reduce(np.exp(z))))

    def stream(self) -> Generator[str, None, None]:
        """Continue the text and yield it in pieces, usually a symbol each.

        It ends after ``config.length`` characters (graphemes, for a model of graphemes), before the first stop
        string, or at the model's stop symbol. With ``config.finish_line`` it continues to the end of the line, or
        of a word. Under a pattern, each stream is a separate text, which matches the pattern and ends for no other
        reason. Afterwards, also if it is closed or raises an exception, the sampler's position is right behind the
        yielded text, or at the start of the next document.

        Yields
        ------
        str
            Never empty. Bytes that are no valid UTF-8 become U+FFFD.

        Raises
        ------
        DivergedError
            If the model's output is not finite.
        """
        records, stop = self.records, self.vocabulary.stop_id
        text = Detokenizer(self.vocabulary, self.config, logprobs=records)
        self.finish_reason, self.logprobs, self.grapheme_ends = None, text.logprobs, text.grapheme_ends
        # the positions at the ends of sampled pieces, from the last one that has been yielded as a whole
        ends = deque([(0, self._at)])
        try:
            if self._matcher is not None:
                self._matcher.restart()
            while text.finish_reason is None:
                symbol, drawn = self.draw(), text.drawn
                passed = text.push(symbol, self.logprob if records else 0.0)
                ended = symbol == stop
                if ended or text.drawn > drawn:  # else the first bytes of a character
                    ends.append((text.drawn, self._start if ended else self._at))
                    while len(ends) > 1 and ends[1][0] <= text.shown:
                        ends.popleft()
                if passed:
                    yield passed
            self.finish_reason = text.finish_reason
        finally:
            text.settle()
            self._at, self._logits = ends[0][1], None
