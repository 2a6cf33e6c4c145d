"""Candidates: several continuations of one turn, sampled or searched for, of which one is adopted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from charlm.conversation.surprisal import character_bits, recorded_bits
from charlm.generation import BeamSearcher, Hypothesis, Position, Sampler
from charlm.text.vocabulary import Vocabulary

__all__ = ["Candidate", "CandidateSearch", "SampledCandidates"]


class Candidate(NamedTuple):
    """A continuation that is not yet part of the text.

    Parameters
    ----------
    text : str
    position : Position
        Position of the model after it.
    bits : list of float
        Surprisal of each character; empty unless it is recorded.
    """

    text: str
    position: Position
    bits: list[float]


class SampledCandidates:
    """Continuations that are sampled side by side.

    Parameters
    ----------
    samplers : sequence of Sampler
        One for each, at the position where the continuation begins.
    """

    def __init__(self, samplers: Sequence[Sampler]) -> None:
        self._samplers = samplers
        self._streams = [sampler.stream() for sampler in samplers]
        self._pieces: list[list[str]] = [[] for _ in samplers]

    def advance(self) -> bool:
        """Extend each continuation that has not ended; return whether there was one."""
        extended = False
        for stream, pieces in zip(self._streams, self._pieces, strict=True):
            if piece := next(stream, ""):
                pieces.append(piece)
                extended = True
        return extended

    def ends(self, most: int) -> list[tuple[str, list[float]]]:
        """Return the last `most` pieces of each, and the surprisal of their characters where it is recorded."""
        found = []
        for sampler, pieces in zip(self._samplers, self._pieces, strict=True):
            text = "".join(pieces[-most:])
            length = sum(map(len, pieces)) if sampler.records else 0
            found.append((text, recorded_bits(sampler, length - len(text), length) if length else []))
        return found

    def finish(self) -> list[Candidate]:
        """End all, complete or not, and return them."""
        for stream in self._streams:
            stream.close()  # which leaves the sampler behind the text that it has yielded
        texts = map("".join, self._pieces)
        return [
            Candidate(text, sampler.position, recorded_bits(sampler, 0, len(text)) if sampler.records else [])
            for text, sampler in zip(texts, self._samplers, strict=True)
        ]


class CandidateSearch:
    """A beam search for the likeliest continuations.

    Parameters
    ----------
    beam : BeamSearcher
    vocabulary : Vocabulary
    """

    def __init__(self, beam: BeamSearcher, vocabulary: Vocabulary) -> None:
        self._beam = beam
        self._vocabulary = vocabulary

    @property
    def symbols(self) -> int:
        """Symbols of the longest text so far."""
        return self._beam.symbols

    def advance(self) -> bool:
        """Extend all texts by a symbol; return False when the likeliest are found.

        Raises
        ------
        DivergedError
            If the model's output is not finite.
        """
        return self._beam.advance()

    def finish(self) -> list[Candidate]:
        """Return the likeliest, the best first."""
        best = self._beam.best()
        return [Candidate(found.text, self._beam.end_of(found), self._bits(found)) for found in best]

    def _bits(self, found: Hypothesis) -> list[float]:
        ends: list[int] = []
        if self._vocabulary.unit == "grapheme":
            symbols = (self._vocabulary.symbols[k] for k in found.symbols if k != self._vocabulary.stop_id)
            ends = list(accumulate(len(str(symbol)) for symbol in symbols))
        return character_bits(found.logprobs, ends, 0, len(found.text))
