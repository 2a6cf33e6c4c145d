"""Measures of a model of pairs as plain text: accuracies, tags and confusions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from charlm.analysis.pair_loss import PairNats
from charlm.analysis.pair_measures import PairMeasures, TagMeasures
from charlm.config import OutputName
from charlm.ui.sanitize import visible_line
from charlm.ui.wording import number

__all__ = ["measure_lines", "measure_values"]

_NAMES = 24  # columns
_MOST = 10  # listed confusions
_UNIT = {"text": "character", "label": "label", "tags": "tag"}


def measure_lines(measures: PairMeasures, nats: PairNats, output: OutputName, width: int) -> Iterator[str]:
    """Yield the measures, one a line, sanitised.

    Parameters
    ----------
    measures : PairMeasures
    nats : PairNats
    output : {"text", "label", "tags"}
    width : int
        Columns for a table.
    """
    right = round(measures.exact * measures.pairs)
    yield _figure("exact match", f"{measures.exact:.2%}, {right:,}/{measures.pairs:,}")
    if (rate := measures.character_error_rate) is not None:
        yield _figure("character error rate", "–" if math.isnan(rate) else f"{rate:.2%}")
        yield _figure("accuracy per character", f"{nats.accuracy:.2%}, those before it given")
    if output == "tags" and measures.accuracy is not None:
        yield _figure("accuracy per tag", f"{measures.accuracy:.2%}")
    yield _figure(f"nats per {_UNIT[output]}", number(nats.nats))
    if nats.left_out:
        yield _figure(
            "cannot be written", f"{nats.left_out:,} target{'s' * (nats.left_out != 1)}, wrong and not in the nats"
        )
    if measures.tags:
        yield ""
        yield from _tags(measures.tags)
    if output == "label":
        yield ""
        yield from _confusions(measures.confusions, width)


def measure_values(measures: PairMeasures, nats: PairNats, output: OutputName) -> dict[str, Any]:
    """Return what was measured, for JSON."""
    accuracy = {"accuracy": nats.accuracy} if output == "text" else {}
    values = {"output": output, **measures.to_json(), "nats": nats.nats, "symbols": nats.symbols, **accuracy}
    return values | {"left_out": nats.left_out}


def _figure(name: str, value: str) -> str:
    return f"{name:<{_NAMES}}{value}"


def _tags(tags: Mapping[str, TagMeasures]) -> Iterator[str]:
    rows = [
        [visible_line(tag), *(number(x) for x in (one.precision, one.recall, one.f1)), f"{one.count:,}"]
        for tag, one in tags.items()
    ]
    return _table([["tag", "precision", "recall", "F1", "count"], *rows])


def _confusions(found: Mapping[str, Mapping[str, int]], width: int) -> Iterator[str]:
    """Yield the confusion matrix if it fits, else the most frequent confusions."""
    labels = sorted({*found, *(label for made in found.values() for label in made)})
    if 3 * len(labels) <= width:  # a column has at least a digit and two spaces
        counts = ([str(found.get(label, {}).get(other, 0)) for other in labels] for label in labels)
        names = [*map(visible_line, labels)]
        rows = [[name, *row] for name, row in zip(names, counts, strict=True)]
        table = list(_table([["target", *names], *rows]))
        if max(map(cell_len, table)) <= width:
            yield "Rows are targets, columns are outputs:"
            yield from table
            return
    wrong = [(n, target, made) for target, row in found.items() for made, n in row.items() if made != target]
    yield "Most frequent confusions, target → output:" if wrong else "No label is confused with another."
    for count, target, made in sorted(wrong, key=lambda one: (-one[0], *one[1:]))[:_MOST]:
        yield f"{count:>7,}  {visible_line(target)} → {visible_line(made)}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows with the first column left-aligned and the others right-aligned."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [first + " " * (widths[0] - cell_len(first))]
        cells += [" " * (width - cell_len(cell)) + cell for cell, width in zip(others, widths[1:], strict=True)]
        yield "  ".join(cells).rstrip()
