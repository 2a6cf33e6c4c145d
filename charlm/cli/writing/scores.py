"""The views of ``charlm score``, and scores as they come, so that a long text takes no more memory."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from charlm import analysis, ui
from charlm.cli.terminal.streams import stdout_console
from charlm.cli.terminal.waiting import Progress, waiting
from charlm.cli.writing.views import Shown
from charlm.config import OnUnknown
from charlm.errors import UsageError
from charlm.ui.sanitize import json_text

if TYPE_CHECKING:
    from rich.console import Console

    from charlm.analysis import Score
    from charlm.models.predictor import Predictor

__all__ = ["LONG", "VIEWS", "Scoring", "print_heat", "stream_scores", "write_scores"]

LONG = 200_000
"""Characters beyond which a text is shown as it is read."""


class Scoring(NamedTuple):
    """The request: models by name, the one asked for first; the text; the treatment of unknown symbols."""

    models: Mapping[str, Predictor]
    text: str
    on_unknown: OnUnknown
    progress: Progress

    @property
    def model(self) -> Predictor:
        """The first model."""
        return next(iter(self.models.values()))


def _heat(asked: Scoring) -> Shown:
    score = analysis.score(asked.model, asked.text, on_unknown=asked.on_unknown, progress=asked.progress)
    bits = score.bits.tolist()
    return Shown(ui.Heat(score.pieces, bits), {"bits": bits, "pieces": score.pieces})


def _likeliest(asked: Scoring) -> Shown:
    found = list(analysis.likeliest(asked.model, asked.text, on_unknown=asked.on_unknown, progress=asked.progress))
    rows = [[{"symbol": s, "probability": p} for s, p in candidates] for _, _, candidates in found]
    pieces, bits = [one[0] for one in found], [one[1] for one in found]
    return Shown(ui.LikeliestHeat(found), {"bits": bits, "pieces": pieces, "likeliest": rows})


def _totals(asked: Scoring) -> Shown:
    totals = analysis.Totals()
    for symbol, bits, candidates in analysis.likeliest(
        asked.model, asked.text, whole_characters=True, on_unknown=asked.on_unknown, progress=asked.progress
    ):
        totals.add(symbol, bits, candidates)
    return Shown(ui.totals_view(totals), totals.to_json())


def _against(asked: Scoring) -> Shown:
    first, other = (
        analysis.score(model, asked.text, on_unknown=asked.on_unknown, progress=asked.progress)
        for model in asked.models.values()
    )
    if first.pieces != other.pieces:
        raise UsageError(
            "the two models read different pieces of the text; give models of one unit and normalisation that know "
            "all its characters"
        )
    bits, beside = first.bits.tolist(), other.bits.tolist()
    heat = ui.difference_heat(first.pieces, bits, beside, tuple(asked.models))
    return Shown(heat, {"bits": bits, "against": beside, "pieces": first.pieces})


VIEWS: Mapping[str | None, Callable[[Scoring], Shown]] = {
    None: _heat,
    "likeliest": _likeliest,
    "totals": _totals,
    "against": _against,
}


def stream_scores(model: Predictor, text: str, *, on_unknown: OnUnknown, as_json: bool, no_color: bool) -> None:
    """Write the scores of a long text to standard output as they come."""
    console = stdout_console(no_color)
    silent = console.is_terminal and not as_json  # the text itself shows how far it is
    with contextlib.nullcontext() if silent else waiting("scoring", moving=not no_color) as progress:
        parts = analysis.score_parts(model, text, on_unknown=on_unknown, progress=progress)
        if as_json:
            write_scores(parts)
        else:
            print_heat(parts, console)


def print_heat(parts: Iterable[Score], console: Console) -> None:
    """Print the heat map of a text, line by line, then its legend."""
    summary = ui.surprisal_line(_printed(parts, console))
    console.print(ui.Heat((), (), summary=summary))


def _printed(parts: Iterable[Score], console: Console) -> Iterator[float]:
    """Print the lines, and yield the bits of every piece."""
    for pieces, bits in _blocks(parts):
        console.print(ui.Heat(pieces, bits, foot=False))
        yield from bits


def _blocks(parts: Iterable[Score]) -> Iterator[tuple[list[str], list[float]]]:
    """Yield pieces and bits up to each line feed."""
    pieces: list[str] = []
    bits: list[float] = []
    for part in parts:
        for piece, value in zip(part.pieces, part.bits.tolist(), strict=True):
            pieces.append(piece)
            bits.append(value)
            if piece.endswith("\n"):
                yield pieces, bits
                pieces, bits = [], []
    if pieces:
        yield pieces, bits


def write_scores(parts: Iterable[Score]) -> None:
    """Write a line of JSON, ``bits`` and ``pieces``; the pieces wait in a file until the bits are written."""
    with tempfile.SpooledTemporaryFile(max_size=2**24, mode="w+", encoding="utf-8") as waiting:
        between = ""
        sys.stdout.write('{"bits": [')
        for part in parts:
            if part.pieces:
                sys.stdout.write(between + json_text(part.bits.tolist())[1:-1])
                waiting.write(between + json_text(part.pieces)[1:-1])
                between = ", "
        sys.stdout.write('], "pieces": [')
        waiting.seek(0)
        while block := waiting.read(2**20):
            sys.stdout.write(block)
        sys.stdout.write("]}\n")
