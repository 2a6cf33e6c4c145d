"""The comparison of runs: a table of settings and results, curves, samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from charlm.runs.comparison import ComparedRun, differing_settings
from charlm.runs.digits import told_apart
from charlm.ui.plot.curves import Curves, last_train_loss
from charlm.ui.plot.terminal import CurvePlot
from charlm.ui.sanitize import visible, visible_line
from charlm.ui.wording import duration, judged, number

__all__ = ["comparison_table", "comparison_view", "setting_texts"]


def comparison_view(runs: Sequence[ComparedRun], curves: Sequence[Curves], samples: Sequence[str | None]) -> Group:
    """Return the table of runs, their curves on one axis, and a sample of each if it is not None."""
    parts: list[RenderableType] = [comparison_table(runs), Text(), CurvePlot(curves, axis="steps")]
    for run, text in zip(runs, samples, strict=True):
        if text is not None:
            parts += [Text(), Text(f"{visible_line(run.name)} writes:", "bold"), Text(visible(text))]
    return Group(*parts)


def comparison_table(runs: Sequence[ComparedRun]) -> Table:
    """Return a column for each run: differing settings, losses, speed.

    The best loss is in bold where all are of one unit and output.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("", style="dim", overflow="fold")
    for run in runs:
        table.add_column(Text(visible_line(run.name), "bold"), overflow="fold")
    for name, values in differing_settings(runs).items():
        table.add_row(
            visible_line(name.replace("_", "-")), *(Text(visible_line(one)) for one in setting_texts(values))
        )
    best = [None if run.history.best is None else run.history.best.loss for run in runs]
    known = [loss for loss in best if loss is not None]
    alike = len({(run.settings.get("unit"), run.settings.get("output")) for run in runs}) == 1  # nats of one thing
    rows: dict[str, list[Text]] = {
        "best validation": [
            Text(
                number(loss),
                "bold green" if alike and loss is not None and len(known) > 1 and loss == min(known) else "",
            )
            for loss in best
        ],
        "training": [Text(number(last_train_loss(run.history))) for run in runs],
        "baseline": [Text(number(run.history.baseline("nats"))) for run in runs],
        "parameters": [Text(f"{run.parameters:,}") for run in runs],
        "updates": [Text(f"{run.history.last_step:,.0f}") for run in runs],
        "time": [Text(duration(60 * run.minutes) if run.minutes == run.minutes else "–") for run in runs],
        "characters/s": [Text(number(run.chars_per_s, ",.0f")) for run in runs],
        "verdict": [Text(judged(run.history).word) for run in runs],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def setting_texts(values: Sequence[Any]) -> list[str]:
    """Return a setting of several runs as texts: numbers with four significant digits, more if those are equal.

    Examples
    --------
    >>> setting_texts([None, "gru", 10, 2.0, 0.1, 0.00234567891])
    ['–', 'gru', '10', '2', '0.1', '0.002346']
    >>> setting_texts([0.35355339, 0.35357])
    ['0.35355', '0.35357']
    """
    numbers = iter(told_apart(*(one for one in values if isinstance(one, float)), least=4, zeros=False))
    others = ("–" if one is None else str(one) for one in values if not isinstance(one, float))
    return [next(numbers if isinstance(one, float) else others) for one in values]
