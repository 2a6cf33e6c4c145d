"""The evaluation of a model on a text, in lines and for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from charlm.analysis.breakdown import BINS, Breakdown, Share
from charlm.analysis.evaluation import Evaluation
from charlm.analysis.ngram import Baseline
from charlm.config import DynamicConfig, Unit
from charlm.runs.history import stored_number
from charlm.ui.predictor import predictor_line
from charlm.ui.sanitize import visible_line
from charlm.ui.wording import number

__all__ = ["breakdown_lines", "evaluation_lines", "evaluation_table", "evaluation_values", "stored_baseline"]

_NAMES = 26  # columns


def evaluation_lines(
    found: Evaluation,
    unit: Unit,
    *,
    baseline: Baseline | Mapping[str, Any] | None = None,
    dynamic: DynamicConfig | None = None,
) -> Iterator[str]:
    """Yield what was measured, a line each.

    Parameters
    ----------
    found : Evaluation
    unit : {"char", "byte", "grapheme"}
        Of the model's vocabulary.
    baseline : Baseline or mapping, optional
        Of an n-gram model on the same text; or what a run stored of it.
    dynamic : DynamicConfig, optional
        Of dynamic evaluation.
    """
    symbol = "character" if unit == "char" else unit
    rows = [
        (f"nats per {symbol}", f"{found.nats:.4f}"),
        ("bits per character", f"{found.bits_per_char:.4f}"),
        (f"perplexity per {symbol}", f"{found.perplexity:.3f}"),
        ("characters predicted", f"{found.characters:,}"),
    ]
    if baseline:
        numbers = baseline if isinstance(baseline, Mapping) else baseline.to_json()
        rows.append((f"{numbers['order']}-gram baseline, nats", f"{numbers['nats']:.4f}"))
        if numbers.get("true_nats") is not None:
            rows.append(("true entropy, nats", f"{numbers['true_nats']:.4f}"))
    yield from (f"{name:<{_NAMES}}{value}" for name, value in rows)
    if dynamic is not None:
        mixing = f", mixing {dynamic.mixing:g}" * (len(found.members) > 1)
        yield f"dynamic: rate {dynamic.rate:g}, decay {dynamic.decay:g}{mixing}, every {dynamic.length} {symbol}s"
    if len(found.members) > 1:
        yield ""
        alone = [number(one.nats) for one in found.members]
        width = max(map(len, alone))
        yield f"{'alone':>{width}}  weight  member"
        for nats, one in zip(alone, found.members, strict=True):
            yield f"{nats:>{width}}{one.weight:>8.3f}  {predictor_line(one.model)}"


def evaluation_values(found: Evaluation, unit: Unit, *, dynamic: DynamicConfig | None = None) -> dict[str, Any]:
    """Return what was measured, for JSON."""
    return {
        "nats": found.nats,
        "bits_per_char": found.bits_per_char,
        "perplexity": found.perplexity,
        "characters": found.characters,
        "symbols": found.symbols,
        "unit": unit,
        "dynamic": None if dynamic is None else asdict(dynamic),
        "members": [
            {"model": predictor_line(one.model), "nats": one.nats, "weight": one.weight} for one in found.members
        ],
    }


def stored_baseline(training: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run stored of the n-gram baseline on its held-out text; empty if there is nothing valid."""
    origin = training.get("origin")
    stored = origin.get("baseline") if isinstance(origin, Mapping) else None
    if not isinstance(stored, Mapping):
        return {}
    order, nats, true_nats = (stored_number(stored.get(name)) for name in ("order", "nats", "true_nats"))
    if math.isnan(order + nats):
        return {}
    return {"order": int(order), "nats": nats, "true_nats": None if math.isnan(true_nats) else true_nats}


def evaluation_table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the evaluations of several models and texts, a line each; the best of each text is marked.

    Parameters
    ----------
    rows : sequence of mapping
        As `evaluation_values`, with ``model`` and ``text``.
    """
    best = {row["text"]: min(r["bits_per_char"] for r in rows if r["text"] == row["text"]) for row in rows}
    width = max(len("model"), *(len(visible_line(row["model"])) for row in rows)) + 2
    yield f"{'model':<{width}}bits/char    nats  characters  text"
    for row in rows:
        mark = "*" if row["bits_per_char"] == best[row["text"]] and len(rows) > len(best) else " "
        numbers = f"{row['bits_per_char']:>8.4f}{mark}{row['nats']:>8.4f}  {row['characters']:>10,}"
        yield f"{visible_line(row['model']):<{width}}{numbers}  {visible_line(row['text'])}"


def breakdown_lines(found: Breakdown) -> Iterator[str]:
    """Yield where a loss comes from: interval, accuracy, calibration, and the loss by class and place."""
    yield ""
    if found.interval is not None:
        low, high = found.interval
        yield f"{'95 % interval, bits':<{_NAMES}}{low:.4f} to {high:.4f}"
    yield f"{'likeliest came':<{_NAMES}}{found.accuracy:.2%}"
    calibration = found.calibration
    yield f"{'calibration error':<{_NAMES}}{calibration.expected_error:.2%}"
    yield ""
    yield f"{'probability of likeliest':<{_NAMES}}{'came':>8}{'predictions':>14}"
    for k in range(BINS):
        if calibration.counts[k]:
            expected, came = (number(float(of[k]), ".1%") for of in (calibration.confidence, calibration.accuracy))
            yield f"{expected:>6}{came:>{_NAMES + 2}}{calibration.counts[k]:>14,}"
    yield from _shares("by class", found.classes)
    yield from _shares("letter of the word", found.word_positions)
    yield from _shares("place in the line", found.line_starts)


def _shares(title: str, shares: Mapping[str, Share]) -> Iterator[str]:
    if shares:
        yield ""
        yield f"{title:<{_NAMES}}{'bits':>8}{'characters':>14}"
        yield from (f"{name:<{_NAMES}}{share.bits:>8.3f}{share.count:>14,}" for name, share in shares.items())
