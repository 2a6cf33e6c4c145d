"""`Sampler`: draws a text from a model, symbol by symbol or as a stream of strings."""

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
from charlm.models.language_model import CharModel
from charlm.models.learner import check_kind

__all__ = ["Sampler", "Snapshot"]


class Snapshot(NamedTuple):
    """The position and the random state: with model and configuration they determine the rest of a text."""

    position: Position
    random: dict[str, Any]


class Sampler:
    """One text that a model continues.

    A model of documents starts, and starts again after each end, from its stop symbol. Any other starts from
    zero state: with the first symbol of what it is fed, or with nothing fed as if it had just read the end of a
    line; where the vocabulary has no line feed, the first symbol is drawn as if all were equally likely.

    Parameters
    ----------
    model : CharModel
        Its weights as they are now; later changes are not seen.
    config : SampleConfig, optional
        How symbols are chosen, and where `stream` ends.
    rng : numpy.random.Generator
        Source of randomness: exactly one uniform number a symbol, whatever the configuration.
    logprobs : bool
        Whether `stream` notes the log-probabilities of what it yields.
    cores : int, optional
        How many may work on a model too large for the cache of one; as many as BLAS has threads in force when left
        out. Changes no bit.

    Raises
    ------
    UsageError
        For fewer cores than one, and for what `configure` refuses.
    ConstraintError
        As `configure`.

    Attributes
    ----------
    records : bool
        Whether the next `stream` does.
    finish_reason : {"length", "stop", "regex"} or None
        Why the last `stream` ended; None until it has.
    logprobs : list of float
        Filled by `stream` where asked for: of each character that it yields (each grapheme, for a model of
        graphemes) ln p in nats. These are the model's own probabilities, before filters and at temperature 1, as
        `charlm.score` gives them; nan where the model did not predict. Bytes of a character are summed.
    grapheme_ends : list of int
        Filled by `stream` for a model of graphemes: characters up to the end of each.
    """

    def __init__(
        self,
        model: CharModel,
        config: SampleConfig | None = None,
        *,
        rng: np.random.Generator,
        logprobs: bool = False,
        cores: int | None = None,
    ) -> None:
        if cores is not None and cores < 1:
            raise UsageError(f"cores is {cores}; it must be at least 1")
        check_kind(model, CharModel)
        self.vocabulary = model.vocabulary
        self._logits: NDArray[Any] | None = None
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
        """Change the configuration of the symbols to come.

        Raises
        ------
        UsageError, ConstraintError
            For a faulty pattern, or one that no text matches; the configuration is then unchanged.
        """
        matcher = None
        if config.constrained:
            matcher = constraint.Matcher(constraint.constraint_for(config, self.vocabulary))
        self.config, self._matcher = config, matcher
        size, unknown = len(self.vocabulary), self.vocabulary.unknown_id
        choose = Chooser(config, size, forbidden=unknown, matcher=matcher)
        self._freely = Chooser(config, size, forbidden=unknown)
        self._choose = choose.__call__  # a twentieth of a microsecond quicker than the object itself
        self._window = window(config.repeat_last_n)

    @property
    def position(self) -> Position:
        """The current position; set it to move there."""
        return Position(self._state, self._last, self._recent)

    @position.setter
    def position(self, position: Position) -> None:
        self._state, self._last, self._recent = position
        self._logits = None

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the current position for `restore`."""
        return Snapshot(self.position, dict(self._rng.bit_generator.state))

    def restore(self, snapshot: Snapshot) -> None:
        """Return to the position of a snapshot: from there the same symbols are drawn."""
        self.position = snapshot.position
        self._rng.bit_generator.state = snapshot.random

    def feed(self, text: str) -> None:
        """Read a text, such as a prompt.

        Raises
        ------
        VocabularyError
            For a symbol outside the vocabulary, unless ``config.on_unknown`` says otherwise; nothing has been
            read then.
        """
        self.feed_ids(self.vocabulary.encode(text, on_unknown=self.config.on_unknown).tolist())

    def feed_ids(self, ids: Sequence[int]) -> None:
        """Read symbols by their ids."""
        self.position = self.position.after(ids, self._step, self.config.repeat_last_n)

    def draw(self) -> int:
        """Draw the next symbol and return its id; the model reads it when the one after it is drawn.

        The symbol may be the stop symbol of a model of documents, or under a pattern the end of the text, which has
        the id V and adds nothing to the text; `stream` handles both.

        Raises
        ------
        DivergedError
            If the model's output is not finite.
        """
        last = self._first_input if self._last is None else self._last
        if last is None:
            logits, state = None, self._state
        else:
            logits, state = self._step(last, self._state)
        recent = self._recent
        symbol = self._choose(self._uniform_logits if logits is None else logits, self._random(), recent)
        if symbol == self._end:
            return symbol
        # without a penalty, too: it may be switched on in the middle of a text
        recent = (recent + self._codes[symbol])[self._window]
        # at once and last, so that an interrupt cannot leave a symbol half read
        self._logits, self._state, self._last, self._recent = logits, state, symbol, recent
        return symbol

    def probabilities(self) -> NDArray[np.float64]:
        """Return how likely each symbol is to be drawn next, (V,): penalty, filters and temperature have acted.

        Patterns have not: a text that must match one begins with `stream`. Position and random generator are
        unchanged.

        Raises
        ------
        DivergedError
            If the model's output is not finite.
        """
        last = self._first_input if self._last is None else self._last
        logits = self._uniform_logits if last is None else self._step(last, self._state)[0]
        return self._freely.probabilities(logits, self._recent)

    @property
    def logprob(self) -> float:
        """Natural log-probability of the symbol just drawn: the model's own, before filters, at temperature 1.

        nan unless a symbol has just been drawn, and for a first symbol that the model did not predict.
        """
        if self._logits is None or self._last is None:
            return math.nan
        z = self._logits.astype(np.float64)  # the sums of `target_nats`, four times as quick for one stream
        z -= z[z.argmax()]
        return float(z[self._last] - np.log(np.add.reduce(np.exp(z))))

    def stream(self) -> Generator[str, None, None]:
        """Continue the text; yield it in pieces, usually one symbol each.

        Ends after ``config.length`` characters (graphemes, for a model of graphemes), with ``config.finish_line``
        before the end of the line in which that is reached or of a word soon after, before the first stop string,
        or where the model itself ends a document. Under a pattern each stream is a text of its own, which matches
        it and ends for no other reason. Whatever ends it, an exception and closing it included, the sampler then
        stands right behind the text that was yielded, or at the start of the next document.

        Yields
        ------
        str
            Never empty. Bytes that are no valid UTF-8 come as U+FFFD.

        Raises
        ------
        DivergedError
            If the model's output is not finite.
        """
        records, stop = self.records, self.vocabulary.stop_id
        text = Detokenizer(self.vocabulary, self.config, logprobs=records)
        self.finish_reason, self.logprobs, self.grapheme_ends = None, text.logprobs, text.grapheme_ends
        trail = _Trail(self.position)
        try:
            if self._matcher is not None:
                self._matcher.restart()
            while text.finish_reason is None:
                symbol, drawn = self.draw(), text.drawn
                passed = text.push(symbol, self.logprob if records else 0.0)
                ended = symbol == stop
                if ended or text.drawn > drawn:  # else the first bytes of a character
                    position = self._start if ended else Position(self._state, symbol, self._recent)
                    trail.extend(text.drawn, text.shown, position)
                if passed:
                    yield passed
            self.finish_reason = text.finish_reason
        finally:
            text.settle()
            self.position = trail.last_shown


class _Trail:
    """The ends of the drawn pieces, from the last one of which all was shown."""

    def __init__(self, position: Position) -> None:
        self._ends = deque([(0, position)])

    def extend(self, drawn: int, shown: int, position: Position) -> None:
        """Record the end of a piece: `drawn` characters up to there, `shown` of which have been shown."""
        self._ends.append((drawn, position))
        while len(self._ends) > 1 and self._ends[1][0] <= shown:
            self._ends.popleft()

    @property
    def last_shown(self) -> Position:
        """The position at the end of the text that was shown."""
        return self._ends[0][1]
