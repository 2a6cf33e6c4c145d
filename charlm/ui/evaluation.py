"""How well a model predicts a text, in lines and for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from charlm.analysis.evaluation import Evaluation
from charlm.analysis.ngram import Baseline
from charlm.config import DynamicConfig, Unit

__all__ = ["evaluation_lines", "evaluation_values"]

_NAMES = 26  # columns


def evaluation_lines(
    found: Evaluation, unit: Unit, *, baseline: Baseline | None = None, dynamic: DynamicConfig | None = None
) -> Iterator[str]:
    """Yield what was measured, a line each.

    Parameters
    ----------
    found : Evaluation
    unit : {"char", "byte", "grapheme"}
        Of the model's vocabulary.
    baseline : Baseline, optional
        Of an n-gram model on the same text.
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
    if baseline is not None:
        rows.append((f"{baseline.order}-gram baseline, nats", f"{baseline.nats:.4f}"))
    yield from (f"{name:<{_NAMES}}{value}" for name, value in rows)
    if dynamic is not None:
        yield f"dynamic: rate {dynamic.rate:g}, decay {dynamic.decay:g}, every {dynamic.length} {symbol}s"


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
    }
