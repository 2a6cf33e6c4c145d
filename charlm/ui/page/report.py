"""A run as one self-contained page of HTML, for light and dark screens of any width."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from charlm.analysis.breakdown import BINS, Breakdown, Share
from charlm.analysis.candidates import Candidate
from charlm.analysis.inspection.connectivity import Connectivity
from charlm.analysis.inspection.search import TrackingUnit
from charlm.runs.history import History
from charlm.runs.samples import StoredSample
from charlm.ui.heat import with_base
from charlm.ui.inspect.connectivity import SCRIPT, STYLE, connectivity_panels
from charlm.ui.plot.curves import curves_of, last_train_loss
from charlm.ui.plot.picture import draw_picture
from charlm.ui.plot.svg import to_picture
from charlm.ui.run.comparison import setting_texts
from charlm.ui.sanitize import markup_text, visible_line
from charlm.ui.wording import bits, duration, judged, number

__all__ = ["HeldOut", "RunReport", "report_page"]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Measurements of a model on a passage of its held-out text.

    Parameters
    ----------
    breakdown : Breakdown
        Of more of the text.
    passage : list
        Of each symbol: the symbol, its surprisal in bits, and the most probable symbols at its place.
    units : list of TrackingUnit
    unit_values : mapping
        The activations of some of these units over `unit_text`, by their names.
    unit_text : sequence of str
    connectivity : Connectivity
    """

    breakdown: Breakdown
    passage: Sequence[tuple[str, float, list[Candidate]]]
    units: Sequence[TrackingUnit]
    unit_values: Mapping[str, Sequence[float]]
    unit_text: Sequence[str]
    connectivity: Connectivity


@dataclass(frozen=True, slots=True, eq=False)
class RunReport:
    """The values of a report.

    Parameters
    ----------
    name : str
    history : History
    facts : mapping of str to str
        Of the model and its text.
    settings : mapping
        Of model and training.
    command : str
        The command that trains the run again.
    samples : sequence of StoredSample
    held_out : HeldOut, optional
        None without a held-out text.
    missing : str
        The reason, if there is none.
    """

    name: str
    history: History
    facts: Mapping[str, str]
    settings: Mapping[str, Any]
    command: str
    samples: Sequence[StoredSample] = field(default_factory=tuple)
    held_out: HeldOut | None = None
    missing: str = ""


def report_page(report: RunReport) -> str:
    """Return the report of a run as a page of HTML.

    Parameters
    ----------
    report : RunReport

    Returns
    -------
    str
        Self-contained.
    """
    parts = {
        "title": markup_text(f"Report of {report.name}"),
        "style": STYLE,
        "script": SCRIPT,
        "body": "\n".join(_body(report)),
    }
    template = files("charlm.ui.page").joinpath("report.html").read_text("utf-8")
    return re.sub("@(title|style|script|body)@", lambda found: parts[found[1]], template)


def _body(report: RunReport) -> Iterator[str]:
    history = report.history
    yield f'<p class="pale">{markup_text(str(judged(history)))}</p>'
    yield _figures(history)
    yield "<h2>Learning</h2>"
    curves = [curves_of(visible_line(report.name), history, axis="steps")]
    yield f'<figure class="curves" style="margin:0">{to_picture(draw_picture(curves, axis="steps"))}</figure>'
    if report.samples:
        yield "<h2>Samples during training</h2>"
        for sample in report.samples:
            updates = f"{sample.step:,} update{'s' * (sample.step != 1)}"
            yield f"<h3>after {updates}</h3>\n<pre>{_text(sample.text)}</pre>"
    if report.held_out is None:
        yield f'<h2>On held-out text</h2>\n<p class="pale">{markup_text(report.missing)}</p>'
    else:
        yield from _held_out(report.held_out)
    yield "<h2>Configuration</h2>"
    yield f'<div class="columns">{_pairs(report.facts)}{_pairs(report.settings)}</div>'
    yield f"<h2>Make it again</h2>\n<pre>{markup_text(report.command)}</pre>"
    yield '<p class="pale">The same text, settings, seed and shards give the same bits.</p>'


def _figures(history: History) -> str:
    best = history.best
    ends = [points[-1].elapsed_s for points in (history.train, history.evaluations) if points]
    shown = {
        "best validation, nats": number(best and best.loss),
        "bits per symbol": "–" if best is None else bits(best.loss),
        "training, nats": number(last_train_loss(history)),
        "n-gram model": number(history.baseline("nats")),
        "true entropy": number(history.baseline("true_nats")),
        "updates": f"{history.last_step:,.0f}",
        "time": duration(max(ends, default=math.nan)),
    }
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in shown.items() if value != "–")
    return f'<dl class="figures">{cells}</dl>'


def _held_out(found: HeldOut) -> Iterator[str]:
    breakdown = found.breakdown
    yield "<h2>A held-out passage</h2>"
    yield (
        "<p>The deeper the colour, the more a character surprised the model. Point at one for its bits and for "
        "what the model expected.</p>"
    )
    yield f'<pre class="heat">{"".join(_heated(*one) for one in found.passage)}</pre>'
    yield "<h2>Where the loss comes from</h2>"
    interval = breakdown.interval
    between = "" if interval is None else f", between {interval[0]:.3f} and {interval[1]:.3f} with 95 % confidence"
    count = sum(share.count for share in breakdown.classes.values())
    yield (
        f"<p>{breakdown.bits:.3f} bits per character{between}, over {count:,} characters; {breakdown.accuracy:.1%} "
        "of the symbols were the likeliest.</p>"
    )
    yield '<div class="columns">'
    for title, shares in (
        ("By class", breakdown.classes),
        ("By position in the word", breakdown.word_positions),
        ("By position in the line", breakdown.line_starts),
    ):
        yield f"<section><h3>{title}</h3>{_shares(shares)}</section>"
    yield f"<section><h3>Calibration</h3>{_reliability(breakdown)}</section></div>"
    if found.units:
        yield "<h2>Units that track something</h2>"
        yield "<p>One half of a held-out text chose the unit of each property, the other half measured it.</p>"
        yield _units(found.units)
        for name, values in found.unit_values.items():
            spans = "".join(map(_activated, found.unit_text, values))
            yield f'<h3>{markup_text(name)}</h3>\n<pre class="unit">{spans}</pre>'
    yield "<h2>Memory</h2>"
    yield (
        "<p>Point at a character, or touch it: the earlier characters on which its prediction depends are "
        "coloured.</p>"
    )
    yield connectivity_panels({"": found.connectivity})


def _heated(symbol: str, value: float, candidates: Sequence[Candidate]) -> str:
    if math.isnan(value):
        return f"<span>{_text(symbol)}</span>"
    expected = ", ".join(f"{with_base(one.symbol)} {one.probability:.0%}" for one in candidates)
    hint = markup_text(f"{value:.1f} bits; expected {expected}")
    return f'<span style="--s:{min(value / 10, 1):.2f}" title="{hint}">{_text(symbol)}</span>'


def _activated(symbol: str, value: float) -> str:
    side = "p" if value > 0 else "m"
    return f'<span class="{side}" style="--s:{min(abs(value), 1) * 0.8:.2f}">{_text(symbol)}</span>'


def _text(text: str) -> str:
    """Escape a text except line feeds."""
    return "\n".join(map(markup_text, text.split("\n"))) if text != "\n" else "↵\n"


def _shares(shares: Mapping[str, Share]) -> str:
    top = max((share.bits for share in shares.values()), default=1.0) or 1.0
    rows = (
        f'<tr><td>{name}</td><td class="n">{share.count:,}</td><td class="n">{share.bits:.2f}</td>'
        f'<td class="bars"><span class="bar" style="width:{100 * share.bits / top:.0f}%"></span></td></tr>'
        for name, share in shares.items()
    )
    head = '<tr><th></th><th class="n">count</th><th class="n">bits</th><th></th></tr>'
    return f"<table>{head}{''.join(rows)}</table>"


def _reliability(breakdown: Breakdown) -> str:
    calibration, side, left = breakdown.calibration, 160, 24
    bars = []
    for k in range(BINS):
        if calibration.counts[k]:
            height = side * float(calibration.accuracy[k])
            right = f"{calibration.accuracy[k]:.0%} right, {calibration.counts[k]:,}"
            hint = f"{calibration.confidence[k]:.0%} expected, {right}"
            bars.append(
                f'<rect class="bin" x="{left + k * side / BINS + 1:g}" y="{side - height + 4:.1f}" '
                f'width="{side / BINS - 2:g}" height="{height:.1f}"><title>{hint}</title></rect>'
            )
    width, height = left + side + 8, side + 32
    return (
        f'<svg class="reliability" viewBox="0 0 {width} {height}" role="img"><title>Reliability diagram</title>'
        f'<rect class="frame" x="{left}" y="4" width="{side}" height="{side}"/>{"".join(bars)}'
        f'<path class="ideal" d="M{left} {side + 4}L{left + side} 4"/><text x="{left}" y="{side + 16}">0</text>'
        f'<text x="{left + side}" y="{side + 16}" text-anchor="end">probability of the likeliest</text>'
        f'<text x="{left - 4}" y="12" text-anchor="end">right</text></svg>'
        f'<p class="pale">Expected calibration error {calibration.expected_error:.1%}.</p>'
    )


def _units(units: Sequence[TrackingUnit]) -> str:
    head = "".join(
        f"<th{' class=n' if k else ''}>{name}</th>"
        for k, name in enumerate(("property", "unit", "correlation", "chance", "AUC", "tracks"))
    )
    rows = "".join(
        f'<tr><td>{one.feature}</td><td class="n">{one.unit}</td><td class="n">{one.correlation:+.2f}</td>'
        f'<td class="n">±{one.baseline:.2f}</td><td class="n">{"" if one.auc is None else f"{one.auc:.2f}"}</td>'
        f'<td class="n">{"yes" if one.tracks else "no"}</td></tr>'
        for one in units
    )
    return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _pairs(values: Mapping[str, Any]) -> str:
    rows = (
        f"<tr><th>{markup_text(name.replace('_', ' '))}</th><td>{markup_text(setting_texts([value])[0])}</td></tr>"
        for name, value in values.items()
    )
    return f"<table>{''.join(rows)}</table>"
