"""``--novelty``: whether samples write, or quote what the model has learnt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, TypeVar

from charlm.analysis.novelty import Overlap, excerpts, overlaps
from charlm.cli.run_text import LearntText

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
    def read(self) -> str: ...


_Text = TypeVar("_Text", bound=_Readable)


def measured(samples: Iterable[_Text], text: LearntText) -> Iterator[tuple[_Text, Novelty]]:
    """Read samples, many at once, and look them up; yield each with what was found."""
    batch: list[tuple[_Text, str]] = []
    characters = 0
    for sample in samples:
        batch.append((sample, sample.read()))
        characters += len(batch[-1][1])
        if characters >= _TOGETHER:
            yield from _looked_up(batch, text)
            batch, characters = [], 0
    yield from _looked_up(batch, text)


def _looked_up(batch: list[tuple[_Text, str]], text: LearntText) -> Iterator[tuple[_Text, Novelty]]:
    written = [content for _, content in batch]
    others = excerpts(text.unseen, max(map(len, written), default=0), _EXCERPTS)
    found = overlaps([*written, *others], text.learnt)
    unseen = max((one.longest for one in found[len(batch) :]), default=None)
    for (sample, _), one in zip(batch, found[: len(batch)], strict=True):
        yield sample, Novelty(one, unseen)
