"""``--novelty``: whether samples write, or quote what the model has learnt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from charlm.analysis.novelty import Overlap, excerpts, overlaps
from charlm.cli.terminal.waiting import Progress, waiting
from charlm.training.preparation.learnt import LearntText

__all__ = ["Novelty", "measured"]

_TOGETHER = 2**18  # characters looked up at once: they share a pass over the training text
_EXCERPTS = 20  # of held-out text, to compare with
_LONG = 30  # characters that count as quoted where nothing was held out


class Novelty(NamedTuple):
    """What of a sample stands in the training text, beside what is usual.

    Parameters
    ----------
    found : Overlap
    unseen : int or None
        Characters of the longest run in excerpts of held-out text, each as long as the longest sample; None where
        nothing was held out.
    """

    found: Overlap
    unseen: int | None

    @property
    def border(self) -> int:
        """Runs of at least so many characters are more than chance and the language's own phrases."""
        return _LONG if self.unseen is None else self.unseen + 1

    def to_json(self) -> dict[str, object]:
        """Return what ``--json`` tells."""
        found = self.found
        return {
            "longest": found.longest,
            "start": found.start,
            "text": found.run,
            "offset": found.offset,
            "held_out": self.unseen,
            "quoted": found.runs(self.border),
        }


class _Readable(Protocol):
    def stream(self) -> Iterator[str]: ...


_Text = TypeVar("_Text", bound=_Readable)


def measured(samples: Iterable[_Text], text: LearntText, *, expected: int) -> Iterator[tuple[_Text, Novelty]]:
    """Read samples, many at once, and look them up; yield each with what was found.

    Parameters
    ----------
    samples : iterable
    text : LearntText
    expected : int
        Characters of all samples, if none ends early; for the report of progress.
    """
    rest, characters = iter(samples), 0
    while True:
        batch: list[tuple[_Text, str]] = []
        end = characters + _TOGETHER
        with waiting("writing") as progress:
            for sample in rest:
                pieces = []
                for piece in sample.stream():
                    pieces.append(piece)
                    characters += len(piece)
                    progress(characters, expected)
                batch.append((sample, "".join(pieces)))
                if characters >= end:
                    break
        if not batch:
            return
        with waiting("looking for quotations") as progress:
            found = _looked_up([content for _, content in batch], text, progress)
        yield from zip((sample for sample, _ in batch), found, strict=True)


def _looked_up(written: Sequence[str], text: LearntText, progress: Progress) -> list[Novelty]:
    others = excerpts(text.unseen, max(map(len, written)), _EXCERPTS)
    found = overlaps([*written, *others], text.learnt, progress=progress)
    unseen = max((one.longest for one in found[len(written) :]), default=None)
    return [Novelty(one, unseen) for one in found[: len(written)]]
