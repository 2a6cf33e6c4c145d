"""Facts of a checkpoint, and the list of runs, as tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from charlm.checkpoint import ModelInfo, RunInfo, TensorInfo
from charlm.runs.history import History, stored_number
from charlm.ui.plot.sparkline import sparkline
from charlm.ui.sanitize import visible_line
from charlm.ui.wording import baselines, bits, duration, judged, mixture_line, model_line, number

__all__ = ["model_view", "run_facts", "run_table"]

_CURVE_WIDTH = 40
_LABELS = 12  # listed labels


def model_view(info: ModelInfo, history: History) -> RenderableType:
    """Show the facts of a checkpoint: shape, origin, history, and every tensor with its checksum.

    Parameters
    ----------
    info : ModelInfo
    history : History
        Of its run; empty if unknown.
    """
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for label, value in _facts(info, history):
        facts.add_row(label, Text(visible_line(value)))
    return Group(facts, Text(), _TensorTable([*info.weights, *info.others]))


def run_facts(history: History) -> dict[str, Any]:
    """Return the facts of a run, for JSON."""
    best, exact = history.best, _exact(history)
    return {
        "ended": history.reason or None,
        "step": int(history.last_step),
        "steps": history.steps or None,
        "best_loss": best and best.loss,
        "best_step": best and int(best.step),
        "exact": exact[-1] if exact else None,
        "baseline": history.start.get("baseline"),
        "verdict": judged(history).to_json(),
    }


def run_table(runs: Sequence[RunInfo]) -> RenderableType:
    """List runs, one a line; a damaged one with its error."""
    broken = [Text(visible_line(run.error), style="red") for run in runs if run.error]
    return Group(_RunTable(runs), *broken)


class _RunTable:
    """The list of runs, as a table with the columns that fit beside the names."""

    NARROW = 72  # columns of a terminal
    WIDE = 90  # for models of pairs, which have longer descriptions

    def __init__(self, runs: Sequence[RunInfo]) -> None:
        self._runs = runs

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names = ["model", "parameters", "step", "best nats", "saved"]
        if options.max_width < self.NARROW:
            names = ["model", "step", "best nats"]
        elif options.max_width < self.WIDE and any(run.output for run in self._runs):
            names.remove("parameters")
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("run", overflow="fold", min_width=6)
        for name in names:
            table.add_column(name, justify="left" if name in ("model", "saved") else "right", no_wrap=True)
        for run in self._runs:
            cells = _run_cells(run)
            table.add_row(Text(visible_line(run.name)), *(cells[name] for name in names))
        yield table


def _run_cells(run: RunInfo) -> dict[str, Text]:
    saved = Text(_when(run.saved_s))
    if run.error:
        unknown = dict.fromkeys(("parameters", "step", "best nats"), Text("–"))
        return {"model": Text("damaged", style="red"), **unknown, "saved": saved}
    layers = f"{run.layers} × " if (run.layers or 1) > 1 else ""
    makes = f" → {run.output}" if run.output else ", mixed" * (run.kind == "mixture")
    return {
        "model": Text(f"{visible_line(run.cell)} {layers}{run.hidden_size}{makes}"),
        "parameters": Text(_count(run.parameters)),
        "step": Text(_count(run.step)),
        "best nats": Text(number(math.nan if run.best_loss is None else run.best_loss)),
        "saved": saved,
    }


_OF_TEXTS = ("documents", "sampling", "seq_length", "seq_length_min", "state_reset")


def _facts(info: ModelInfo, history: History) -> list[tuple[str, str]]:
    networks = sum("parameters" in member for member in info.members)
    start = {"config": {"model": info.config, "members": networks}, "parameters": info.parameters}
    if info.targets is None:
        start["features" if info.unit == "number" else "vocabulary"] = info.symbols
    # these are in the line "model"
    defaults = {
        "cell",
        "hidden_size",
        "layers",
        "embedding_size",
        "features",
        "output",
        "attention",
        "bidirectional",
        "ngrams",
    }
    rows = [
        ("checkpoint", info.path),
        ("saved", f"{_when(info.saved_s)} · {info.bytes:,} bytes"),
        ("model", model_line(start)),
        *_pairs_made(info),
        *([("mixture", mixture_line(info.members))] if info.members else []),
        ("settings", _settings({k: v for k, v in info.config.items() if k not in defaults})),
        ("unit", info.unit),
    ]
    progress = info.training.get("progress")
    if isinstance(progress, dict):
        rows += _progress(progress, "squared error" if info.unit == "number" else "nats")
    rows += _run(history)
    train, origin = (
        values if isinstance(values := info.training.get(k), dict) else {} for k in ("train", "origin")
    )
    if train:
        shown = {k: v for k, v in train.items() if info.targets is None or k not in _OF_TEXTS}
        rows.append(("training", _settings(shown)))
    return rows + _text(origin)


def _exact(history: History) -> list[float]:
    """Return the share of exact outputs of each evaluation that has it."""
    return [point.exact for point in history.evaluations if math.isfinite(point.exact)]


def _pairs_made(info: ModelInfo) -> list[tuple[str, str]]:
    """Describe sources and targets of a model of pairs."""
    if info.targets is None:
        return []
    few = ", ".join(info.labels[:_LABELS]) + ", …" * (len(info.labels) > _LABELS)
    makes = {
        "label": f"one of {info.targets:,} labels: {few}",
        "tags": f"{info.targets:,} tags",
        "text": f"text of {info.targets:,}",
    }
    return [("kind", f"transducer, from text of {info.symbols:,} symbols to {makes[info.config['output']]}")]


def _run(history: History) -> list[tuple[str, str]]:
    """Describe the whole run; the checkpoint may be from any update of it."""
    if not history.train and not history.evaluations:
        return []
    at = history.last_step if math.isnan(history.ended_at) else history.ended_at
    step = f"step {at:,.0f}" + (f" of {history.steps:,}" if history.steps else "")
    ends = [points[-1].elapsed_s for points in (history.train, history.evaluations) if points]
    lasted = f", {duration(max(ends))}" if all(map(math.isfinite, ends)) else ""
    match history.reason:
        case "diverged":
            ending = f"diverged at {step}"
        case "interrupted":
            ending = f"stopped, resumable, {step}"
        case reason:
            ending = f"{reason or 'not finished'}, {step}"
    rows = [("run", f"{ending}{lasted}")]
    if exact := _exact(history):
        rows.append(("exact", f"{exact[-1]:.2%} of held-out sources, {max(exact):.2%} at best"))
    if baselines(history):
        rows.append(("compare", f"{baselines(history)} nats"))
    return [*rows, ("verdict", str(judged(history)))]


def _text(origin: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Describe the origin of the text, without the baseline, which has its own row."""
    known = ("sources", "pairs", "sha256", "baseline")
    rest = {name: value for name, value in origin.items() if name not in known}
    rows = {
        "text": _plain(origin.get("sources")),
        "pairs": _plain(origin.get("pairs")),
        f"{'pairs' if origin.get('pairs') else 'text'} sha256": _plain(origin.get("sha256")),
        "read": _settings(rest),
    }
    return [(label, value) for label, value in rows.items() if value and value != "None"]


def _progress(progress: Mapping[str, Any], unit: str) -> list[tuple[str, str]]:
    """Describe the stored progress of training, without missing or invalid values."""
    step, best, elapsed_s = (stored_number(progress.get(name)) for name in ("step", "best_loss", "elapsed_s"))
    rows = [("trained", f"{number(step, ',.0f')} updates in {duration(elapsed_s)}")]
    if math.isfinite(best):
        at = stored_number(progress.get("best_step"))
        in_bits = f", {bits(best)} bits" if unit == "nats" else ""
        rows.append(("best loss", f"{number(best)} {unit}{in_bits}, at step {number(at, ',.0f')}"))
    history = progress.get("history")
    entries = [entry for entry in history if isinstance(entry, list)] if isinstance(history, list) else []
    for label, column in (("train", 1), ("validation", 2)):
        losses = [stored_number(entry[column]) for entry in entries if len(entry) > column]
        seen = [loss for loss in losses if math.isfinite(loss)]
        if seen:
            curve = sparkline(losses, width=_CURVE_WIDTH)[0]
            rows.append((label, f"{curve}  {number(seen[0])} → {number(seen[-1])} {unit}"))
    return rows


class _TensorTable:
    """The tensors, as a table with the columns that fit beside the names."""

    NARROW = 72  # columns of a terminal

    def __init__(self, tensors: Sequence[TensorInfo]) -> None:
        self._tensors = tensors

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names, digits = ["shape", "entries", "type", "sha256"], 16
        if options.max_width < self.NARROW:
            names, digits = ["shape", "sha256"], 8  # the others follow from the shape and from the settings
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("tensor", overflow="fold", min_width=12)
        for name in names:
            justify: JustifyMethod = "right" if name == "entries" else "left"
            table.add_column(name, justify=justify, style="dim" * (name == "sha256"), no_wrap=name != "shape")
        for tensor in self._tensors:
            cells = _tensor_cells(tensor, digits)
            table.add_row(Text(visible_line(tensor.name)), *(Text(visible_line(cells[name])) for name in names))
        yield table


def _tensor_cells(tensor: TensorInfo, digits: int) -> dict[str, str]:
    return {
        "shape": " × ".join(map(str, tensor.shape)) or "one",
        "entries": f"{tensor.entries:,}",
        "type": tensor.dtype,
        "sha256": tensor.sha256[:digits],
    }


def _settings(values: Mapping[str, Any]) -> str:
    given = {name: value for name, value in values.items() if value is not None}
    return " · ".join(f"{name.replace('_', '-')} {_plain(value)}" for name, value in given.items())


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
