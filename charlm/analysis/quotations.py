"""`measure_novelty`: whether texts are new, or quote what a model was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from charlm.analysis.novelty import Overlap, excerpts, overlaps

__all__ = ["Novelty", "measure_novelty"]

_EXCERPTS = 20  # of held-out text, to compare with
_LONG = 30  # characters that count as quoted where nothing was held out


class Novelty(NamedTuple):
    """Runs of a text that occur in a training text, compared with those of held-out text.

    Attributes
    ----------
    found : Overlap
    unseen : int or None
        Characters of the longest run in excerpts of held-out text, each as long as the longest text; None where
        nothing was held out.
    """

    found: Overlap
    unseen: int | None

    @property
    def border(self) -> int:
        """Characters from which on a run counts as quoted: more than the language's own phrases have."""
        return _LONG if self.unseen is None else self.unseen + 1

    def to_json(self) -> dict[str, object]:
        """Return the longest run, its places, and the parts that are quoted."""
        found = self.found
        return {
            "longest": found.longest,
            "start": found.start,
            "text": found.run,
            "offset": found.offset,
            "held_out": self.unseen,
            "quoted": found.runs(self.border),
        }


def measure_novelty(
    texts: Sequence[str], learnt: str, unseen: str = "", *, progress: Callable[[int, int], None] | None = None
) -> list[Novelty]:
    """Look texts up in a training text, and excerpts of a held-out text for comparison.

    Parameters
    ----------
    texts : sequence of str
        Looked up together, which takes no longer than one of them.
    learnt, unseen : str
        What a model was trained on, and what was held out; see `charlm.training.preparation.learnt_text`.
    progress : callable, optional
        As for `overlaps`.

    Returns
    -------
    list of Novelty
        One for each text.

    Examples
    --------
    >>> (one,) = measure_novelty(["to be or maybe"], "not to be or to be", "or so")
    >>> one.found.run, one.border
    ('to be or ', 4)
    """
    others = excerpts(unseen, max(map(len, texts), default=0), _EXCERPTS)
    found = overlaps([*texts, *others], learnt, progress=progress)
    longest = max((one.longest for one in found[len(texts) :]), default=None)
    return [Novelty(one, longest) for one in found[: len(texts)]]
