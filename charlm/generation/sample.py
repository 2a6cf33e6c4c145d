"""`Sample`: one of the texts that `sample_many` writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from charlm.errors import DivergedError
from charlm.generation.continuation import FinishReason

__all__ = ["Sample"]


class Sample:
    """A text that is drawn while it is read.

    Parameters
    ----------
    seed : int
        Of its random stream.
    logprobs : list of float
    advance : callable
        Draws some more and calls `grow`; texts of a block grow together.

    Attributes
    ----------
    seed : int
    finish_reason : {"length", "stop", "regex"} or None
        Why the text ended; None until it has.
    logprobs : list of float
        Where asked for: of each character so far (each grapheme, for a model of graphemes) ln p in nats, the
        model's own before filters and at temperature 1, as `charlm.score` gives it; nan where it did not predict.
    lost : bool
        Whether it cannot continue, because the model's output is not finite.
    """

    def __init__(self, seed: int, logprobs: list[float], advance: Callable[[], None]) -> None:
        self.seed, self.logprobs = seed, logprobs
        self.finish_reason: FinishReason | None = None
        self.lost = False
        self._advance = advance
        self._pieces: list[str] = []

    @property
    def ended(self) -> bool:
        """Whether drawing has ended."""
        return self.lost or self.finish_reason is not None

    def grow(self, piece: str, finish_reason: FinishReason | None, *, lost: bool = False) -> None:
        """Append a piece, and record whether it is the last."""
        self._pieces.append(piece)
        self.finish_reason, self.lost = finish_reason, lost and finish_reason is None

    def stream(self) -> Iterator[str]:
        """Yield the text in pieces as they are drawn, from where an earlier call left it.

        Yields
        ------
        str
            Never empty. Bytes that are no valid UTF-8 come as U+FFFD.

        Raises
        ------
        DivergedError
            If the model's output is not finite, behind the last character for which it was.
        """
        while True:
            piece, self._pieces = "".join(self._pieces), []
            if piece:
                yield piece
            elif self.lost:
                raise DivergedError.of_output()
            elif self.ended:
                return
            else:
                self._advance()

    def read(self) -> str:
        """Return all that `stream` would yield."""
        return "".join(self.stream())
