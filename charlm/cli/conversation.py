"""A text that a person and a model write by turns: what the console is about, without terminal or files."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from charlm.config import SampleConfig
from charlm.errors import UsageError
from charlm.generation import Position, Sampler, Snapshot
from charlm.model import CharModel

__all__ = ["Conversation", "Turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the person typed, and how the model went on.

    Parameters
    ----------
    typed : str
    answer_from : Position
        Where the model stands when it has read `typed`.
    pieces : list of str
        The model's text, growing while it answers.
    """

    typed: str
    answer_from: Position
    pieces: list[str] = field(default_factory=list)

    @property
    def generated(self) -> str:
        """The model's text so far."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class _Mark:
    """All that brings the conversation back to one moment. States are values, so it costs next to nothing."""

    model: CharModel
    sampler: Sampler
    snapshot: Snapshot
    seed: int
    turns: tuple[Turn, ...]


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
    turns : tuple of Turn
    """

    def __init__(self, model: CharModel, config: SampleConfig, *, seed: int) -> None:
        self.model = model
        self.config = config
        self.seed = seed
        self.turns: tuple[Turn, ...] = ()
        self._past: list[_Mark] = []
        self._rng = np.random.default_rng(seed)
        self._sampler = Sampler(model, config, rng=self._rng)

    @property
    def text(self) -> str:
        """All that was typed and generated."""
        return "".join(turn.typed + turn.generated for turn in self.turns)

    def say(self, typed: str) -> None:
        """Begin a turn: append a text, an empty one to let the model just go on.

        Raises
        ------
        VocabularyError
            For a symbol that the model does not know; nothing has changed then.
        """
        mark = self._mark()
        self._sampler.feed(typed)
        self._past.append(mark)
        self.turns += (Turn(typed, self._sampler.position),)

    def answer(self) -> Generator[str, None, None]:
        """Let the model go on; yield its text piece by piece.

        What has been yielded belongs to the text. Close the iterator to stop the model.
        """
        pieces = self.turns[-1].pieces
        stream = self._sampler.stream()
        with closing(cast("Generator[str, None, None]", stream)):
            for piece in stream:
                pieces.append(piece)
                yield piece

    def retry(self) -> Turn:
        """Take the model's last answer back, so that it can `answer` anew, and return the turn.

        The random stream goes on: from where it was, the answer would come out the same.

        Raises
        ------
        UsageError
            If there is no turn.
        """
        if not self.turns:
            raise UsageError("there is nothing to try again; type a line first")
        last = self.turns[-1]
        turn = Turn(last.typed, last.answer_from)
        self.turns = (*self.turns[:-1], turn)
        self._sampler.position = turn.answer_from
        return turn

    def undo(self) -> None:
        """Go back to before the last turn, clearing or change of model, the random stream included.

        Raises
        ------
        UsageError
            If nothing has happened yet.
        """
        if not self._past:
            raise UsageError("there is nothing to undo; write something first")
        mark = self._past.pop()
        self.model, self._sampler, self.seed, self.turns = mark.model, mark.sampler, mark.seed, mark.turns
        self._sampler.restore(mark.snapshot)
        self._sampler.configure(self.config)

    def clear(self) -> None:
        """Begin a new text; the random stream goes on."""
        self._past.append(self._mark())
        self.turns = ()
        self._sampler = Sampler(self.model, self.config, rng=self._rng)

    def switch(self, model: CharModel) -> None:
        """Let another model go on with the text.

        Raises
        ------
        VocabularyError
            If it does not know a symbol of the text; nothing has changed then.
        """
        sampler = Sampler(model, self.config, rng=self._rng)
        turns = []
        for turn in self.turns:
            sampler.feed(turn.typed)
            turns.append(Turn(turn.typed, sampler.position, turn.pieces))
            sampler.feed(turn.generated)
        self._past.append(self._mark())
        self.model, self._sampler, self.turns = model, sampler, tuple(turns)

    def reseed(self, seed: int) -> None:
        """Start the random stream anew."""
        self.seed = seed
        self._rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state

    def configure(self, config: SampleConfig) -> None:
        """Change how the model goes on from here."""
        self.config = config
        self._sampler.configure(config)

    def _mark(self) -> _Mark:
        return _Mark(self.model, self._sampler, self._sampler.snapshot(), self.seed, self.turns)
