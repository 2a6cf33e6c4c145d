"""The training dashboard as a pure function of the run's state, the time and the size of the screen.

Every row is one line of text no wider than the screen, so the number of rows is known in advance, and the sample
gets the remaining rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from operator import itemgetter

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from charlm.ui.plot.curves import Curves, Ranges, curves_of, levels, ranges
from charlm.ui.plot.sparkline import sparkline
from charlm.ui.plot.terminal import draw_curves
from charlm.ui.run.state import RunState
from charlm.ui.sanitize import visible, visible_line
from charlm.ui.wording import VALIDATION, VERDICT_STYLES, bits, duration, engine_line, model_line, number

__all__ = ["RunView", "bar", "chart", "metrics", "verdict"]

TWO_COLUMNS = 68
LOW = 24  # rows
LABEL = 15


class RunView:
    """The dashboard of a run at one time.

    Parameters
    ----------
    state : RunState
    now_s : float
        Time of the clock of `state`.
    """

    def __init__(self, state: RunState, now_s: float) -> None:
        self.state = state
        self.now_s = now_s

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield at most as many lines as the screen is high."""
        width, height = options.max_width, options.height or options.size.height
        rows = self._rows(console, width, height)
        for row in rows[:height]:
            row.truncate(width, overflow="ellipsis")
        yield Text("\n", no_wrap=True, overflow="crop").join(rows[:height])

    def _rows(self, console: Console, width: int, height: int) -> list[Text]:
        state, foot = self.state, _foot(self.state, console, width, height)
        height -= len(foot) - 1
        if state.phase:
            rows = [*_head(state), Text(), _phase(state, self.now_s)]
        else:
            rows = [*_head(state), Text(), *_progress(state, self.now_s, width), *verdict(state, console, width)]
            rows += [Text(), *metrics(state, width, low=height < LOW)]
        free = height - len(rows) - 2
        if free >= 3:
            left = free - SAMPLE_ROWS * bool(state.sample)
            rows += [Text(), *chart(state, width, height=min(left, CHART_ROWS))]
        free = height - len(rows) - 2
        if free >= 2 and state.sample:
            rows += [Text(), *_sample(state, console, width, free - 1)]
        rows += [Text()] * (height - 1 - len(rows))
        return [*rows[: height - 1], *foot]


HINT = "Ctrl-C saves and stops"
PREPARING = "Ctrl-C stops"
CHART_ROWS, LOWEST_CHART = 12, 3
SAMPLE_ROWS = 6  # with its heading, if they fit
VERDICT_ROWS = NOTICE_ROWS = 3


def _foot(state: RunState, console: Console, width: int, height: int) -> list[Text]:
    """Return the last rows: a notice, whole if it fits into a few rows, or a hint."""
    if not state.notice:
        return [Text(PREPARING if state.phase else HINT, "dim")]
    notice = Text(visible_line(state.notice), "bold yellow")
    rows = list(notice.wrap(console, width))
    return rows if len(rows) <= min(NOTICE_ROWS, height // 4) else [notice]


def _head(state: RunState) -> Iterator[Text]:
    yield Text.assemble(("charlm  ", "dim"), (visible_line(state.name), "bold cyan"))
    yield Text(model_line(state.start), "dim")
    yield Text(engine_line(state.start), "dim")


def _phase(state: RunState, now_s: float) -> Text:
    """Return the row of the phase before the first update."""
    return Text.assemble((visible_line(state.phase), "bold"), (f" …  {duration(now_s - state.phase_s)}", "dim"))


def _progress(state: RunState, now_s: float, width: int) -> Iterator[Text]:
    left = duration(state.remaining_s(now_s))
    words = f"  {state.fraction:4.0%}  {duration(state.elapsed_s(now_s))}, {left} left"
    yield bar(state.fraction, max(width - len(words), 4)).append(words)
    yield Text(f"step {state.step:,} of {state.steps:,} · epoch {state.epoch:,.2f}")


def bar(fraction: float, width: int) -> Text:
    """Draw a progress bar whose parts differ in shape too, for screens without colour."""
    done = round(min(max(fraction, 0.0), 1.0) * width)
    return Text.assemble(("━" * done, "bold green"), ("─" * (width - done), "dim"))


def metrics(state: RunState, width: int, *, low: bool = False) -> list[Text]:
    """Return the metrics, in two columns if they fit; on a narrow and `low` screen only the most important ones."""
    if math.isfinite(state.published_loss):
        train = _figure("train loss", number(state.published_loss, ".3f"), " summed, smoothed", "bold")
    else:
        train = _loss("train loss", state.train_loss.value, "bold")
    if state.history.start_value("validation_characters") == 0:
        left = [train, _figure("validation", "no text is held out", "", "dim")]
    else:
        left = [
            train,
            _loss("validation", state.val_loss, f"bold {VALIDATION}"),
            _loss("best", state.best_loss, VALIDATION, f"step {state.best_step:,}"),
        ]
        if networks := state.history.networks:
            left.insert(1, _loss(networks, state.history.evaluations[-1].alone, VALIDATION, "alone"))
        if state.of_pairs:
            exact = "–" if math.isnan(state.exact) else f"{state.exact:.2%}"
            left.insert(2, _figure("exact", exact, " of sources", f"bold {VALIDATION}"))
    right = [
        _figure("speed", number(state.chars_per_s.value, ",.0f"), " characters/s", "bold"),
        _figure("learning rate", number(state.learning_rate, ".3g"), "", ""),
        _figure("gradient norm", number(state.grad_norm, ".3g"), "", ""),
    ]
    nats, order, true_nats = (state.history.baseline(name) for name in ("nats", "order", "true_nats"))
    if math.isfinite(nats):
        left.append(_loss("baseline", nats, "", f"{order:.0f}-gram"))
        known = math.isfinite(true_nats)
        right += [_loss("true entropy", true_nats, "")] * known
    if width < TWO_COLUMNS:
        return left + (right[:1] if low else right)
    rows = []
    for first, second in zip_longest(left, right, fillvalue=Text()):
        first.pad_right(max(width // 2 - first.cell_len, 1))
        rows.append(first + second)
    return rows


def _loss(label: str, nats: float, style: str, beside: str = "") -> Text:
    unit = f" nats  {beside or bits(nats) + ' bits'}" if math.isfinite(nats) else ""
    return _figure(label, number(nats), unit, style)


def _figure(label: str, value: str, unit: str, style: str) -> Text:
    return Text.assemble((f"{label:<{LABEL}}", "dim"), (value, style), (unit, "dim"))


def verdict(state: RunState, console: Console, width: int) -> list[Text]:
    """Return the verdict with its word in colour, in at most `VERDICT_ROWS` rows."""
    line = Text(visible_line(str(state.verdict)))
    line.stylize(f"bold {VERDICT_STYLES[state.verdict.word]}", 0, len(state.verdict.word))
    return list(line.wrap(console, width))[:VERDICT_ROWS]


def chart(state: RunState, width: int, height: int) -> list[Text]:
    """Draw the losses so far, with the range beside the top and bottom row: training as dots, validation as marks.

    On the right are notes for the baseline, the best evaluation and the peak of a clipped curve. Below
    `LOWEST_CHART` rows there is one row of blocks, of the training loss.
    """
    if not state.history.train:
        return []
    curves = curves_of(state.name, state.history)
    span = ranges([curves])
    high, low = f"{span.high_y:.2f} ", f"{span.low_y:.2f} "
    margin = max(len(high), len(low))
    if height < LOWEST_CHART:
        losses = [min(nats, span.high_y) for _, nats in curves.train]
        line = sparkline(losses, width=max(width - margin, 1))[0]
        return [Text.assemble((f"{min(losses):.2f} ", "dim"), (line, "cyan"))]
    labels = [high, *[""] * (height - 2), low]
    notes = list(_notes(curves, span, wide=width >= TWO_COLUMNS))
    room = max((note.cell_len for _, note in notes), default=0)
    canvas = draw_curves([curves], span, max(width - margin - room, 1), height)
    beside = _in_rows([(canvas.row(span.place((0, nats))[1]), note) for nats, note in notes], height)
    return [
        Text.assemble((f"{label:>{margin}}", "dim"), row, note)
        for label, row, note in zip(labels, canvas.rows(), beside, strict=True)
    ]


def _notes(curves: Curves, span: Ranges, *, wide: bool) -> Iterator[tuple[float, Text]]:
    """Yield the notes beside a chart, each with its height: the peak, the levels, the best evaluation."""
    if span.peak is not None:
        yield span.high_y, Text(f" clipped ↑{span.peak:.3g}" if wide else f" ↑{span.peak:.3g}", "dim")
    for level in levels([curves]):
        if level.nats >= span.low_y:
            name = level.name.removesuffix(" baseline")
            yield level.nats, Text(f" {name} {level.nats:.2f}" if wide else f" {name}", "dim")
    if curves.validation:
        best = min(nats for _, nats in curves.validation)
        yield best, Text(f" best {best:.2f}" if wide else " best", VALIDATION)


def _in_rows(notes: Iterable[tuple[int, Text]], height: int) -> list[Text]:
    """Distribute notes over rows: each in its own row, or in the next free one."""
    rows, wanted = [Text() for _ in range(height)], sorted(notes, key=itemgetter(0))[:height]
    free = 0
    for k, (row, note) in enumerate(wanted):
        row = min(max(row, free), height - (len(wanted) - k))  # those that follow need a row each
        rows[row], free = note, row + 1
    return rows


def _sample(state: RunState, console: Console, width: int, height: int) -> Iterator[Text]:
    heading = f"── sample, step {state.sample_step:,} "
    yield Text(heading + "─" * max(width - len(heading), 0), "dim")
    yield from Text(visible(state.sample)).wrap(console, width, tab_size=4)[:height]
