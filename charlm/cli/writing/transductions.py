"""Output of ``charlm transduce``: lines or JSON, with attention if it is requested."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

from charlm import ui
from charlm.cli.terminal.streams import stdout_console
from charlm.cli.writing.files import write_file
from charlm.text.pairs import escaped
from charlm.ui.sanitize import json_text, visible_line

if TYPE_CHECKING:
    from charlm.generation import Transduction

__all__ = ["TransductionWriter"]

PICTURED = 100  # maps in a picture or on a page, at most


class TransductionWriter:
    """Writer of transductions, with their attention if it is requested.

    Parameters
    ----------
    stream : TextIO
        Standard output.
    seed : int, optional
        Seed of the random generator.
    as_json, raw, no_color, attention : bool
        As the flags of ``charlm transduce``.
    pictures : bool
        Whether maps are stored for `write_pictures`.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        seed: int | None,
        as_json: bool,
        raw: bool,
        no_color: bool,
        attention: bool,
        pictures: bool,
    ) -> None:
        self._stream, self._seed, self._as_json, self._raw = stream, seed, as_json, raw
        self._attention = attention
        self._screen = stdout_console(no_color) if attention and not as_json else None
        self._pictures = pictures
        self._maps: list[ui.Attended] = []
        self._count = self._cut = 0

    def write(self, answers: Iterable[Transduction]) -> None:
        """Write some transductions, and flush."""
        for one in answers:
            self._count += 1
            self._cut += one.finish_reason == "length"
            if self._as_json:
                self._stream.write(json_text(self._values(one)) + "\n")
            else:
                line = escaped(one.text)
                self._stream.write((line if self._raw else visible_line(line)) + "\n")
            if self._screen is not None and one.attention is not None:
                self._screen.print(ui.AttentionMap(one.source_symbols, one.symbols, one.attention))
            if self._pictures and one.attention is not None and len(self._maps) < PICTURED:
                self._maps.append(ui.Attended(one.source, one.text, one.source_symbols, one.symbols, one.attention))
        self._stream.flush()

    def _values(self, one: Transduction) -> dict[str, Any]:
        values: dict[str, Any] = {
            "source": one.source,
            "text": one.text,
            "score": one.score,
            "symbols": one.symbols,
            "logprobs": one.logprobs,
            "finish_reason": one.finish_reason,
        }
        if self._seed is not None:
            values["seed"] = self._seed
        if one.labels:
            values["probabilities"] = one.probabilities
        if self._attention and one.attention is not None:
            values["source_symbols"] = one.source_symbols
            values["attention"] = one.attention.tolist()
        return values

    def write_pictures(self, svg: Path | None, html: Path | None, *, title: str) -> None:
        """Write the maps of the first sources to files."""
        write_file(svg, lambda: ui.attention_to_picture(self._maps, title=title))
        write_file(html, lambda: ui.attention_to_page(self._maps, title=title))

    def report(self, length: int) -> None:
        """Report outputs without an end, and maps left out of the pictures, on standard error."""
        if self._cut:
            outputs = "output" if self._cut == 1 else "outputs"
            typer.echo(f"{self._cut:,} {outputs} had no end at --length {length}", err=True)
        if self._pictures and self._count > PICTURED:
            typer.echo(f"--svg and --html show the first {PICTURED} of {self._count:,} sources", err=True)
