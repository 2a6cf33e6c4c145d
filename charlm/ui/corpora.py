"""Tables of the built-in texts and tasks of pairs, and of the statistics of texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from charlm.text.survey import RARE
from charlm.ui.sanitize import visible_line
from charlm.ui.wording import duration, number

__all__ = ["CorpusTable", "TaskTable", "stats_table"]


class _Described:
    """A renderable: rows with a name and a description; on a narrow terminal, descriptions are below the table."""

    NARROW = 60  # columns of a terminal
    NAME: str
    FIGURES: Sequence[tuple[str, Callable[[Mapping[str, Any]], str]]]

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column(self.NAME, no_wrap=True)
        for title, _ in self.FIGURES:
            table.add_column(title, justify="right", no_wrap=True)
        narrow = options.max_width < self.NARROW
        if not narrow:
            table.add_column("what it is", overflow="fold")
        for row in self._rows:
            cells = (figure(row) for _, figure in self.FIGURES)
            table.add_row(row["name"], *cells, *([] if narrow else [Text(row["description"])]))
        yield table
        if narrow:
            yield Text()
            for row in self._rows:
                yield Text(f"{row['name']}: {row['description']}")


class CorpusTable(_Described):
    """A renderable: the built-in corpora, one a line; on a narrow terminal, descriptions are below the table.

    Parameters
    ----------
    rows : sequence of mappings
        Each with ``name``, ``characters``, ``description`` and ``true_bits``, which may be None.
    """

    NAME = "corpus"
    FIGURES = (
        ("characters", lambda row: f"{row['characters']:,}"),
        ("bits/char", lambda row: _per_character(row["true_bits"])),
    )


class TaskTable(_Described):
    """A renderable: the built-in tasks of pairs, in the layout of `CorpusTable`.

    Parameters
    ----------
    rows : sequence of mappings
        Each with ``name``, ``pairs``, ``output``, ``minutes`` and ``description``.
    """

    NAME = "task"
    FIGURES = (
        ("pairs", lambda row: f"{row['pairs']:,}"),
        ("output", lambda row: str(row["output"])),
        ("minutes", lambda row: f"{row['minutes']:g}"),
    )


def stats_table(corpora: Sequence[Mapping[str, Any]]) -> Table:
    """Return the statistics of texts, one text a column.

    Parameters
    ----------
    corpora : sequence of mappings
        Each with ``name``, the fields of `charlm.text.text_stats.TextStats`, ``unigram_bits``, and
        ``true_nats`` and ``true_bits``, which may be None. All or none have ``baseline``: the fields of
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
    if all("details" in corpus for corpus in corpora):
        for label, cell in _DETAILS:
            table.add_row(label, *(Text(visible_line(cell(corpus["details"]))) for corpus in corpora))
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


_MODELS = ("1-gram", "2-gram", "3-gram", "4-gram", "5-gram", "6-gram", "xz")
_DETAILS: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("read as", lambda of: "; ".join([of["encoding"], *of["remarks"]])),
    ("graphemes", lambda of: f"{of['graphemes']:,}, {of['distinct_graphemes']:,} distinct"),
    ("distinct bytes", lambda of: f"{of['distinct_bytes']:,}"),
    (f"rarer than {RARE}", lambda of: _listed(of["rare"], of["rarest"])),
    ("controls", lambda of: ", ".join(f"{name} {count:,}" for name, count in of["controls"].items()) or "none"),
    ("scripts", lambda of: ", ".join(f"{name} {share:.1%}" for name, share in of["scripts"].items()) or "none"),
    ("line length", lambda of: f"median {of['median_line']:,}, 90 % below {of['long_line'] + 1:,}"),
    ("blank lines", lambda of: f"{of['blank_lines']:,}"),
    ("repeated lines", lambda of: f"{of['repeated_lines']:.1%}"),
    ("held-out lines known", lambda of: f"{of['leaked_lines']:.1%}"),
    *((f"{name} bits/char", partial(lambda name, of: number(of["bits"].get(name)), name)) for name in _MODELS),
    ("preset that fits", lambda of: of.get("preset") or of.get("note") or "–"),
    ("its model", lambda of: of.get("model") or "–"),
    ("its time here", lambda of: duration(60 * of["minutes"]) if "minutes" in of else "–"),
)


def _listed(count: int, some: Sequence[str]) -> str:
    shown = " ".join(map(visible_line, some))
    return f"{count:,}: {shown}{' …' if count > len(some) else ''}" if count else "none"


def _per_character(entropy: float | None) -> str:
    return "–" if entropy is None else f"{entropy:.4f}"
