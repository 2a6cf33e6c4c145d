"""``--novelty``: overlaps of samples with the training text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from charlm import analysis
from charlm.cli.arguments.texts import reading, show_remarks
from charlm.cli.sampling.samples import Written
from charlm.cli.terminal.streams import stdin_bytes
from charlm.cli.terminal.waiting import waiting
from charlm.training import preparation

if TYPE_CHECKING:
    from charlm.analysis import Novelty
    from charlm.checkpoint import Checkpoint
    from charlm.models.predictor import Predictor
    from charlm.training.preparation import LearntText

__all__ = ["with_novelty"]

_TOGETHER = 2**18  # characters looked up at once: they share a pass over the training text


def with_novelty(
    samples: Iterable[Written], checkpoint: Checkpoint[Predictor], corpus: str | None, *, expected: int
) -> Iterator[tuple[Written, Novelty]]:
    """Return samples, each with its runs in the training text; they are read when the result is.

    Parameters
    ----------
    samples : iterable of Written
    checkpoint : Checkpoint
    corpus : str, optional
        A corpus to take for the training text; None for that of the model's run.
    expected : int
        Characters of all samples, if none ends early; for the report of progress.

    Raises
    ------
    CorpusError, UsageError
        If the training text cannot be read.
    """
    remedy = "give the text with --novelty-corpus"
    with reading("the training text", [] if corpus is None else [corpus]):
        text = preparation.learnt_text(checkpoint, corpus, stdin=stdin_bytes(), remedy=remedy)
    show_remarks(text.remarks)
    return _looked_up(samples, text, expected)  # a text that cannot be read is refused before anything is written


def _looked_up(samples: Iterable[Written], text: LearntText, expected: int) -> Iterator[tuple[Written, Novelty]]:
    rest, characters = iter(samples), 0
    while batch := _read_some(rest, characters, expected):
        contents = [content for _, content in batch]
        characters += sum(map(len, contents))
        with waiting("looking for quotations") as progress:
            found = analysis.measure_novelty(contents, text.learnt, text.unseen, progress=progress)
        yield from zip((sample for sample, _ in batch), found, strict=True)


def _read_some(samples: Iterator[Written], done: int, expected: int) -> list[tuple[Written, str]]:
    """Read the next samples, of `_TOGETHER` characters or a little more."""
    batch: list[tuple[Written, str]] = []
    characters = done
    with waiting("writing") as progress:
        for sample in samples:
            pieces = []
            for piece in sample.stream():
                pieces.append(piece)
                characters += len(piece)
                progress(characters, expected)
            batch.append((sample, "".join(pieces)))
            if characters >= done + _TOGETHER:
                break
    return batch
