"""`Conversation`: a text that a person and a model write by turns."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.scoring import Score
from charlm.blas import available_cores
from charlm.config import SampleConfig
from charlm.conversation.candidates import Candidate, CandidateSearch, SampledCandidates
from charlm.conversation.surprisal import recorded_bits, turns_surprisal
from charlm.conversation.turns import ConversationSnapshot, Turn, text_length, turns_up_to
from charlm.errors import UsageError
from charlm.generation import BeamSearcher, Sampler, Snapshot, start_position
from charlm.models.predictor import Predictor

__all__ = ["Conversation"]


class Conversation:
    """A text, and the model that continues it.

    Parameters
    ----------
    model : Predictor
    config : SampleConfig, optional
        How the model continues; it stops after ``config.length`` characters.
    seed : int
        Of the random generator: the same seed, model, settings and input give the same text.

    Attributes
    ----------
    model, config, seed
        As in force now.
    last : Turn or None
        The last turn; it links to the previous one.
    branches : dict of str to ConversationSnapshot
        Snapshots by name.
    records_surprisal : bool
        Whether each turn records the surprisal of the model's text.
    """

    def __init__(self, model: Predictor, config: SampleConfig | None = None, *, seed: int = 0) -> None:
        self.model = model
        self.config = config or SampleConfig()
        self.seed = seed
        self.last: Turn | None = None
        self.branches: dict[str, ConversationSnapshot] = {}
        self.records_surprisal = False
        self._before: ConversationSnapshot | None = None  # which `undo` restores
        self._left: ConversationSnapshot | None = None  # where the last `return_to` was called
        self._rng = np.random.default_rng(seed)
        self._sampler = self.sampler()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns, in the order of the text."""
        return turns_up_to(self.last)

    @property
    def text(self) -> str:
        """The whole text, typed and generated."""
        return "".join(turn.typed + turn.generated for turn in self.turns)

    @property
    def characters(self) -> int:
        """Length of the text, in constant time."""
        return text_length(self.last)

    # -- writing --

    def append(self, typed: str) -> None:
        """Begin a turn with a text, which may be empty.

        Raises
        ------
        VocabularyError
            For a symbol that the model does not know; the conversation is then unchanged.
        """
        before = self.snapshot()
        self._sampler.feed(typed)
        self._begin(typed, before)

    def append_symbol(self, symbol: int) -> None:
        """Begin a turn with a symbol by its id; the model completes a character of which it is the first byte.

        A stop symbol ends the document: the text after it belongs to the next one.
        """
        before = self.snapshot()
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
        self._begin(piece, before)

    def _begin(self, typed: str, before: ConversationSnapshot) -> None:
        self._before = before
        self.last = Turn(typed, self.last, self.characters, before.start, self.seed, self._sampler.position)

    def generate(self) -> Generator[str, None, None]:
        """Let the model continue the text; yield its continuation in pieces.

        Each piece belongs to the text once it is yielded. Close the iterator to stop the model.
        """
        if self.last is None:
            self.append("")
        turn, length = self._turn(), 0
        self._sampler.records = self.records_surprisal
        try:
            with closing(self._sampler.stream()) as stream:
                for piece in stream:
                    turn.pieces.append(piece)
                    if self.records_surprisal:
                        turn.bits.extend(recorded_bits(self._sampler, length, length + len(piece)))
                        length += len(piece)
                    yield piece
        finally:
            turn.pieces[:] = ["".join(turn.pieces)]

    def latest_bits(self, piece: str) -> list[float]:
        """Return the recorded surprisal of the last characters, as many as a piece has."""
        return self._turn().bits[-len(piece) :]

    def generate_character(self) -> Generator[str, None, None]:
        """Let the model continue by one character, regardless of length, stop texts and pattern."""
        self._sampler.configure(dataclasses.replace(self.config, length=1, stop=(), regex="", template=""))
        try:
            yield from self.generate()
        finally:
            self._sampler.configure(self.config)

    def candidates(self, count: int) -> SampledCandidates:
        """Return continuations of the last turn to sample side by side, each with its own random generator.

        Their seeds are drawn from the conversation's generator.
        """
        position, samplers = self._turn().generated_from, []
        for seed in self._rng.integers(2**63, size=count).tolist():
            sampler = self._sampler_of(self.model, np.random.default_rng(seed), logprobs=self.records_surprisal)
            sampler.position = position
            samplers.append(sampler)
        return SampledCandidates(samplers)

    def search(self, width: int, count: int = 1) -> CandidateSearch:
        """Return a beam search for the `count` likeliest continuations of the last turn."""
        beam = BeamSearcher(self.model, self.config, self._turn().generated_from, width=width, count=count)
        return CandidateSearch(beam, self.model.vocabulary)

    def adopt(self, candidate: Candidate) -> None:
        """Make a candidate the continuation of the last turn."""
        turn = self._turn()
        turn.pieces[:], turn.bits[:] = [candidate.text], candidate.bits if self.records_surprisal else []
        self._sampler.position = candidate.position

    def probabilities(self) -> NDArray[np.float64]:
        """Return the next-character distribution under the present settings, (V,)."""
        return self._sampler.probabilities()

    def surprisal(self, most: int = 1000) -> Score:
        """Return the surprisal of the last `most` characters of the text; see `turns_surprisal`."""
        return turns_surprisal(self.model, self.last, self.config.on_unknown, most)

    def _turn(self) -> Turn:
        if self.last is None:
            raise UsageError("there is nothing to try again; type a line first")
        return self.last

    # -- navigation --

    def retry(self) -> Turn:
        """Remove the last continuation, so that `generate` writes another, and return the turn.

        The random generator is not reset, or the continuation would be the same.

        Raises
        ------
        UsageError
            If there is no turn.
        """
        self.last = dataclasses.replace(self._turn(), pieces=[], bits=[])
        self._sampler.position = self.last.generated_from
        return self.last

    def undo(self) -> None:
        """Restore the conversation before the last turn, `clear` or change of model, random state included.

        Raises
        ------
        UsageError
            If there was none.
        """
        if self._before is None:
            raise UsageError("there is nothing to undo; write something first")
        self.restore(self._before)

    def clear(self) -> None:
        """Begin a new text; the random generator is not reset."""
        self._before = self.snapshot()
        self.last = None
        self._sampler = self.sampler()

    def snapshot(self) -> ConversationSnapshot:
        """Return a snapshot for `restore`."""
        position = self._sampler.snapshot()
        return ConversationSnapshot(self.model, self._sampler, position, self.seed, self.last, self._before)

    def restore(self, snapshot: ConversationSnapshot) -> None:
        """Return to a snapshot; settings and branches remain."""
        self.model, self._sampler, self.seed = snapshot.model, snapshot.sampler, snapshot.seed
        self.last, self._before = snapshot.last, snapshot.before
        self._sampler.restore(snapshot.start)
        self._sampler.configure(self.config)

    def return_to(self, name: str | None = None) -> None:
        """Return to a branch; without a name, to where the last return was made from.

        Raises
        ------
        UsageError
            If there is no such branch.
        """
        target = self._left if name is None else self.branches.get(name)
        if target is None:
            what = "there is nowhere to return to" if name is None else f"there is no branch {name!r}"
            raise UsageError(f"{what}; /branch keeps a place, /branches lists them")
        self._left = self.snapshot()
        self.restore(target)

    # -- model and settings --

    def switch_model(self, model: Predictor) -> None:
        """Let another model read the text and continue it.

        Raises
        ------
        VocabularyError
            If it does not know a symbol of the text; the conversation is then unchanged.
        """
        sampler = self._sampler_of(model, self._rng)
        last = None
        for turn in self.turns:
            begin = Snapshot(sampler.position, turn.start.random)
            sampler.feed(turn.typed)
            last = Turn(turn.typed, last, turn.offset, begin, turn.seed, sampler.position, [*turn.pieces])
            sampler.feed(turn.generated)
        self._before = self.snapshot()
        self.model, self._sampler, self.last = model, sampler, last

    def replace(
        self, now: ConversationSnapshot, branches: Mapping[str, ConversationSnapshot], config: SampleConfig
    ) -> None:
        """Become another conversation with the same model; its samplers are those of `sampler`."""
        self.config, self.branches, self._left = config, dict(branches), None
        self.restore(now)

    def reseed(self, seed: int) -> None:
        """Restart the random generator."""
        self.seed = seed
        self._rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state

    def configure(self, config: SampleConfig) -> None:
        """Change the settings of what follows.

        Raises
        ------
        UsageError, ConstraintError
            For a faulty pattern, or one that no text matches; the settings are then unchanged.
        """
        self._sampler.configure(config)
        self.config = config

    def sampler(self) -> Sampler:
        """Return a new sampler of the model that shares the conversation's random generator."""
        return self._sampler_of(self.model, self._rng)

    def _sampler_of(self, model: Predictor, rng: np.random.Generator, *, logprobs: bool = False) -> Sampler:
        return Sampler(model, self.config, rng=rng, logprobs=logprobs, cores=available_cores())
