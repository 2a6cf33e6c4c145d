"""Corpora as tables: which are built in, and what is in a text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from charlm.ui.sanitize import visible_line

__all__ = ["CorpusTable", "stats_table"]


class CorpusTable:
    """A renderable: the built-in corpora, one a line; in a narrow terminal each with its description below.

    Parameters
    ----------
    corpora : sequence of mappings
        Each with ``name``, ``characters``, ``description`` and ``true_bits``, which may be None.
    """

    NARROW = 60  # columns of a terminal

    def __init__(self, corpora: Sequence[Mapping[str, Any]]) -> None:
        self._corpora = corpora

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("corpus", no_wrap=True)
        table.add_column("characters", justify="right", no_wrap=True)
        table.add_column("bits/char", justify="right", no_wrap=True)
        narrow = options.max_width < self.NARROW
        if not narrow:
            table.add_column("what it is", overflow="fold")
        for corpus in self._corpora:
            cells = corpus["name"], f"{corpus['characters']:,}", _per_character(corpus["true_bits"])
            table.add_row(*cells, *([] if narrow else [Text(corpus["description"])]))
        yield table
        if narrow:
            yield Text()
            for corpus in self._corpora:
                yield Text(f"{corpus['name']}: {corpus['description']}")


def stats_table(corpora: Sequence[Mapping[str, Any]]) -> Table:
    """Show the counts of texts, one text a column.

    Parameters
    ----------
    corpora : sequence of mappings
        Each with ``name``, the fields of `charlm.text.text_stats.TextStats`, ``unigram_bits``, and
        ``true_nats`` and ``true_bits``, which may be None. Where one has ``baseline``, all have: the fields of
        `charlm.analysis.ngram.Baseline`, or None.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True, style="dim")
    for corpus in corpora:
        table.add_column(Text(visible_line(corpus["name"])), justify="right", overflow="fold")
    for label, name in _COUNTS:
        table.add_row(label, *(f"{corpus[name]:,}" for corpus in corpora))
    for label, name in _ENTROPIES:
        table.add_row(label, *(_per_character(corpus[name]) for corpus in corpora))
    if all("baseline" in corpus for corpus in corpora):
        found = [corpus["baseline"] for corpus in corpora]
        for label, unit in (("baseline nats/char", 1.0), ("baseline bits/char", math.log(2))):
            table.add_row(label, *(_per_character(entry and entry["nats"] / unit) for entry in found))
        table.add_row("baseline model", *(f"{entry['order']}-gram" if entry else "–" for entry in found))
    return table


_COUNTS = (
    ("characters", "characters"),
    ("distinct symbols", "symbols"),
    ("lines", "lines"),
    ("longest line", "longest_line"),
    ("bytes in UTF-8", "utf8_bytes"),
    ("beyond ASCII", "non_ascii"),
)
_ENTROPIES = (
    ("unigram nats/char", "unigram_nats"),
    ("unigram bits/char", "unigram_bits"),
    ("true nats/char", "true_nats"),
    ("true bits/char", "true_bits"),
)


def _per_character(entropy: float | None) -> str:
    return "–" if entropy is None else f"{entropy:.4f}"
