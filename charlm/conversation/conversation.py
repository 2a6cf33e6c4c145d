"""A text that a person and a model write by turns: what the console is about, without terminal or files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from charlm.blas import available_cores
from charlm.config import SampleConfig
from charlm.conversation.candidates import Answer, bits_of
from charlm.conversation.turns import Place, Turn, length, turns_up_to
from charlm.errors import UsageError
from charlm.generation import BeamSearcher, Sampler, Snapshot, start_position
from charlm.models.language_model import CharModel

__all__ = ["Conversation"]


class Conversation:
    """The text so far, and the model that goes on with it.

    Parameters
    ----------
    model : CharModel
    config : SampleConfig
        How the model goes on; a turn ends after ``config.length`` characters.
    seed : int
        Start of the random stream: the same seed, model, settings and lines give the same text.

    Attributes
    ----------
    model, config, seed
        As in force now.
    last : Turn or None
        The last turn; each knows the one before.
    branches : dict of str to Place
        The places that bear a name.
    measures : bool
        Whether the surprisal of what the model writes is noted with each turn.
    """

    def __init__(self, model: CharModel, config: SampleConfig, *, seed: int) -> None:
        self.model = model
        self.config = config
        self.seed = seed
        self.last: Turn | None = None
        self.branches: dict[str, Place] = {}
        self.measures = False
        self._past: Place | None = None
        self._left: Place | None = None
        self._rng = np.random.default_rng(seed)
        self._sampler = self.sampler()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns, in the order of the text."""
        return turns_up_to(self.last)

    @property
    def text(self) -> str:
        """All that was typed and generated."""
        return "".join(turn.typed + turn.generated for turn in self.turns)

    @property
    def characters(self) -> int:
        """Length of the text; quick however long it is."""
        return length(self.last)

    # -- writing --

    def say(self, typed: str) -> None:
        """Begin a turn: append a text, an empty one to let the model just go on.

        Raises
        ------
        VocabularyError
            For a symbol that the model does not know; nothing has changed then.
        """
        here = self.place()
        self._sampler.feed(typed)
        self._begin(typed, here)

    def pick(self, symbol: int) -> None:
        """Begin a turn with a symbol by its id; the model completes the character that a byte begins.

        A stop symbol ends the document: what follows belongs to the next.
        """
        here = self.place()
        decoder = self.model.vocabulary.decoder()
        piece = ""
        while symbol != self.model.vocabulary.stop_id:
            self._sampler.feed_ids([symbol])
            piece = decoder.feed(symbol)
            if piece:
                break
            symbol = self._sampler.draw()
        else:
            piece = decoder.flush()
            self._sampler.position = start_position(self.model)
        self._begin(piece, here)

    def _begin(self, typed: str, here: Place) -> None:
        self._past = here
        self.last = Turn(typed, self.last, self.characters, here.snapshot, self.seed, self._sampler.position)

    def answer(self, joined: Callable[[Iterator[str]], Iterator[str]] = iter) -> Generator[str, None, None]:
        """Let the model go on; yield its text piece by piece.

        What has been yielded belongs to the text. Close the iterator to stop the model.

        Parameters
        ----------
        joined : callable
            Puts pieces together before they are yielded; it holds none back when it yields.
        """
        turn, shown = self._turn(), 0
        self._sampler.records = self.measures
        stream = self._sampler.stream()
        try:
            with closing(stream):
                for piece in joined(stream):
                    turn.pieces.append(piece)
                    if self.measures:
                        turn.bits.extend(bits_of(self._sampler, shown, shown + len(piece)))
                        shown += len(piece)
                    yield piece
        finally:
            turn.pieces[:] = ["".join(turn.pieces)]

    def newest_bits(self, piece: str) -> list[float]:
        """Return the surprisal of the answer's last characters, as many as a piece has; none if not noted."""
        return self._turn().bits[-len(piece) :]

    def answer_one(self) -> Generator[str, None, None]:
        """Let the model go on by one character, whatever the length and the stop texts."""
        self._sampler.configure(dataclasses.replace(self.config, length=1, stop=(), regex="", template=""))
        try:
            yield from self.answer()
        finally:
            self._sampler.configure(self.config)

    def alternatives(self, count: int) -> list[Sampler]:
        """Return samplers that stand where the last turn's answer begins, each with a random stream of its own.

        The streams follow from the conversation's, which goes on by as much whatever becomes of them.
        """
        here = self._turn().answer_from
        samplers = []
        for seed in self._rng.integers(2**63, size=count).tolist():
            sampler = self._sampler_of(self.model, np.random.default_rng(seed), logprobs=self.measures)
            sampler.position = here
            samplers.append(sampler)
        return samplers

    def beam(self, width: int, count: int) -> BeamSearcher:
        """Return a search for the likeliest answers to the last turn."""
        return BeamSearcher(self.model, self.config, self._turn().answer_from, width=width, count=count)

    def adopt(self, answer: Answer) -> None:
        """Let a text that was written elsewhere be the last turn's answer."""
        turn = self._turn()
        turn.pieces[:], turn.bits[:] = [answer.text], answer.bits if self.measures else []
        self._sampler.position = answer.position

    def probabilities(self) -> NDArray[np.float64]:
        """Return how likely each symbol is to come next, (V,), with the settings in force."""
        return self._sampler.probabilities()

    def _turn(self) -> Turn:
        if self.last is None:
            raise UsageError("there is nothing to try again; type a line first")
        return self.last

    # -- going back --

    def retry(self) -> Turn:
        """Take the model's last answer back, so that it can `answer` anew, and return the turn.

        The random stream goes on: from where it was, the answer would come out the same.

        Raises
        ------
        UsageError
            If there is no turn.
        """
        self.last = dataclasses.replace(self._turn(), pieces=[], bits=[])
        self._sampler.position = self.last.answer_from
        return self.last

    def undo(self) -> None:
        """Go back to before the last turn, clearing, loading or change of model, the random stream included.

        Raises
        ------
        UsageError
            If nothing has happened yet.
        """
        if self._past is None:
            raise UsageError("there is nothing to undo; write something first")
        self._go(self._past)

    def clear(self) -> None:
        """Begin a new text; the random stream goes on."""
        self._past = self.place()
        self.last = None
        self._sampler = self.sampler()

    def place(self) -> Place:
        """Return where the conversation stands, to come back to."""
        return Place(self.model, self._sampler, self._sampler.snapshot(), self.seed, self.last, self._past)

    def return_to(self, name: str | None = None) -> None:
        """Go to a branch; without a name, back to where the last return was made from.

        Raises
        ------
        UsageError
            If there is no such place.
        """
        there = self._left if name is None else self.branches.get(name)
        if there is None:
            what = "there is nowhere to return to" if name is None else f"there is no branch {name!r}"
            raise UsageError(f"{what}; /branch keeps a place, /branches lists them")
        self._left = self.place()
        self._go(there)

    def _go(self, place: Place) -> None:
        self.model, self._sampler, self.seed = place.model, place.sampler, place.seed
        self.last, self._past = place.last, place.past
        self._sampler.restore(place.snapshot)
        self._sampler.configure(self.config)

    # -- what it is written with --

    def switch(self, model: CharModel) -> None:
        """Let another model go on with the text.

        Raises
        ------
        VocabularyError
            If it does not know a symbol of the text; nothing has changed then.
        """
        sampler = self._sampler_of(model, self._rng)
        last = None
        for turn in self.turns:
            begin = Snapshot(sampler.position, turn.start.random)
            sampler.feed(turn.typed)
            last = Turn(turn.typed, last, turn.begins, begin, turn.seed, sampler.position, [*turn.pieces])
            sampler.feed(turn.generated)
        self._past = self.place()
        self.model, self._sampler, self.last = model, sampler, last

    def replace(self, here: Place, branches: Mapping[str, Place], config: SampleConfig) -> None:
        """Go on with another conversation, one of the same model and of samplers that `sampler` has made."""
        self.config, self.branches = config, dict(branches)
        self._left = None
        self._go(here)

    def sampler(self) -> Sampler:
        """Return a sampler of the model that draws from the conversation's random stream."""
        return self._sampler_of(self.model, self._rng)

    def _sampler_of(self, model: CharModel, rng: np.random.Generator, *, logprobs: bool = False) -> Sampler:
        return Sampler(model, self.config, rng=rng, logprobs=logprobs, cores=available_cores())

    def reseed(self, seed: int) -> None:
        """Start the random stream anew."""
        self.seed = seed
        self._rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state

    def configure(self, config: SampleConfig) -> None:
        """Change how the model goes on from here.

        Raises
        ------
        UsageError, ConstraintError
            For a pattern that is none, or that no text matches; nothing has changed then.
        """
        self._sampler.configure(config)
        self.config = config
