"""Formats of numbers, durations and descriptions, shared by all screens."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

from charlm.runs.history import History
from charlm.runs.verdict import Verdict, Word, judge
from charlm.ui.flags import as_flags
from charlm.ui.sanitize import visible_line

__all__ = [
    "VALIDATION",
    "VERDICT_STYLES",
    "baselines",
    "bits",
    "counts_line",
    "duration",
    "engine_line",
    "judged",
    "mixture_line",
    "model_line",
    "number",
    "parts_line",
]


VALIDATION = "magenta"  # the colour of the validation loss of a single run

VERDICT_STYLES: dict[Word, str] = {
    "early": "dim",
    "learns": "green",
    "settled": "cyan",
    "stalls": "yellow",
    "overfits": "yellow",
    "diverges": "bold red",
}


def number(value: float | None, digits: str = ".4f") -> str:
    """Format a number, as a dash if it is missing; very large ones in exponent form.

    Examples
    --------
    >>> number(1.58), number(None), number(7.25e19), number(2e6, ",.0f")
    ('1.5800', '–', '7.25e+19', '2,000,000')
    """
    if value is None or math.isnan(value):
        return "–"
    if abs(value) >= 1e6 and "," not in digits:
        digits = ".3g"
    return format(value, digits)


def bits(nats: float) -> str:
    """Format a loss in nats as bits."""
    return number(nats / math.log(2), ".3f")


def duration(seconds: float) -> str:
    """Format a span of time.

    Examples
    --------
    >>> duration(42), duration(3723), duration(200_000), duration(float("nan"))
    ('0:42', '1:02:03', '2 d 07:33', '–')
    """
    if not math.isfinite(seconds):
        return "–"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour:02}:{minute:02}"
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def mixture_line(members: Iterable[Mapping[str, Any]]) -> str:
    """Describe the members of a mixture, as `charlm.checkpoint.ModelInfo` has them.

    Examples
    --------
    >>> mixture_line([{"weight": 0.75, "parameters": 9000}, {"weight": 0.25, "symbols": 500, "order": 10}])
    '0.750 network of 9,000 parameters · 0.250 counts of 500 symbols, order 10'
    """
    parts = []
    for member in members:
        if "parameters" in member:
            what = f"network of {_count(member['parameters'], 'parameter')}"
        else:
            what = counts_line(member["order"], member["symbols"])
        parts.append(f"{member['weight']:.3f} {what}")
    return " · ".join(parts)


def counts_line(order: int, symbols: int) -> str:
    """Describe the counts of a mixture."""
    return f"counts of {_count(symbols, 'symbol')}, order {order}"


def model_line(start: Mapping[str, Any]) -> str:
    """Describe a model by the details of a "start" report; missing ones are left out.

    Examples
    --------
    >>> config = {"cell": "lstm", "layers": 1, "hidden_size": 192, "embedding_size": 0}
    >>> model_line({"config": {"model": config}, "vocabulary": 65, "parameters": 203009})
    'lstm 192 · 65 symbols · 203,009 parameters'
    >>> model_line({"config": {"model": config | {"output": "label"}}, "vocabulary": 18})
    'lstm 192 · 18 labels'
    """
    model = start.get("config", {}).get("model", {})
    parts = []
    if model:
        layers = f"{model['layers']} × " if model["layers"] > 1 else ""
        members = start.get("config", {}).get("members", 1)
        networks = f"{members} networks, each " if members > 1 else ""
        parts.append(f"{networks}{model['cell']} {layers}{model['hidden_size']}")
        if model.get("embedding_size"):
            parts.append(f"embedding {model['embedding_size']}")
        parts += ["both directions"] * bool(model.get("bidirectional"))
        parts += [f"n-grams of up to {model['ngrams']}"] if model.get("ngrams") else []
        parts += ["attention"] * (model.get("output") == "text" and model.get("attention") is not False)
    choice = {"label": "label", "tags": "tag"}.get(str(model.get("output")), "symbol")
    counts = {"vocabulary": choice, "features": "feature", "parameters": "parameter"}
    parts += [_count(start[key], noun) for key, noun in counts.items() if key in start]
    return visible_line(" · ".join(parts))


def parts_line(evaluation: Mapping[str, Any]) -> str:
    """Describe the parts of a mixture by the details of an "eval" report: the loss of each alone, and its weight.

    Examples
    --------
    >>> parts_line({"networks": [1.512, 1.498], "counts": 1.523, "weights": [0.3, 0.31, 0.39]})
    'networks alone 1.512 (weight 0.30), 1.498 (0.31); counts alone 1.523 (0.39)'
    >>> parts_line({"networks": [0.512], "counts": 0.523, "weights": [1.0]})
    'network alone 0.512; counts alone 0.523, which would not help'
    """
    networks, counts = evaluation.get("networks", []), evaluation.get("counts")
    if not networks:
        return ""
    weights = [f"{weight:.2f}" for weight in evaluation.get("weights", [])]
    losses = [number(loss, ".3f") for loss in [*networks, *([] if counts is None else [counts])]]
    if len(weights) > 1:
        weights[0] = f"weight {weights[0]}"
        losses = [f"{loss} ({w})" for loss, w in zip(losses, weights, strict=False)] + losses[len(weights) :]
    line = f"network{'s' * (len(networks) > 1)} alone {', '.join(losses[: len(networks)])}"
    if counts is None:
        return line
    return f"{line}; counts alone {losses[-1]}{', which would not help' * (len(weights) <= len(networks))}"


def engine_line(start: Mapping[str, Any]) -> str:
    """Describe data and workers by the details of a "start" report; missing ones are left out.

    Examples
    --------
    >>> engine_line({"characters": 1115394, "preset": "small", "shards": 2, "workers": 1})
    '1,115,394 characters · preset small · 2 shards on 1 worker'
    """
    lines = ", each line a document" if start.get("config", {}).get("train", {}).get("documents") else ""
    parts = [f"{start['characters']:,} characters{lines}"] if "characters" in start else []
    if "pairs" in start:
        parts = [f"{start['pairs']:,} pairs, {start['validation_pairs']:,} held out"]
    if start.get("preset"):
        parts.append(f"preset {start['preset']}")
    if start.get("init_from"):
        parts.append(f"from {start['init_from']}, {_count(start.get('new_symbols', 0), 'new symbol')}")
    if "shards" in start and "workers" in start:
        workers = "rank" if "ranks" in start else "worker"
        networks = start.get("config", {}).get("members", 1)
        each = f"{networks} networks of " if networks > 1 else ""
        parts.append(f"{each}{_count(start['shards'], 'shard')} on {_count(start['workers'], workers)}")
    return visible_line(" · ".join(parts))


def _count(value: int, noun: str) -> str:
    return f"{value:,} {noun}{'' if value == 1 else 's'}"


def judged(history: History) -> Verdict:
    """Return the verdict on a run, with flags in its remedy."""
    verdict = judge(history)
    return dataclasses.replace(verdict, remedy=as_flags(verdict.remedy))


def baselines(history: History) -> str:
    """Format the baselines of a run's loss, in nats; empty without any.

    Examples
    --------
    >>> history = History()
    >>> baseline = {"order": 5, "nats": 1.89, "uniform_nats": 4.1744, "true_nats": None}
    >>> history.add({"event": "start", "step": 0, "baseline": baseline})
    >>> baselines(history)
    '5-gram baseline 1.8900 · uniform 4.1744'
    """
    known = (
        (f"{history.baseline('order'):.0f}-gram baseline", history.baseline("nats")),
        ("uniform", history.baseline("uniform_nats")),
        ("true entropy", history.baseline("true_nats")),
    )
    return " · ".join(f"{name} {nats:.4f}" for name, nats in known if math.isfinite(nats))
