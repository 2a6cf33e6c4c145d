"""Collection of the data of a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from charlm import checkpoint as checkpoints
from charlm.analysis.breakdown import break_down
from charlm.analysis.candidates import likeliest
from charlm.analysis.inspection.connectivity import connectivity
from charlm.analysis.inspection.reading import read_units, unit_name
from charlm.analysis.inspection.search import find_units
from charlm.cli.app import build
from charlm.errors import CharlmError, CorpusError
from charlm.models.language_model import CharModel
from charlm.models.mixture import Mixture
from charlm.runs.samples import some, stored_samples
from charlm.runs.stored import find_history, name_runs
from charlm.training.preparation.fine_tuning import PREPARATION
from charlm.training.preparation.learnt import held_out_text
from charlm.ui.flags import argument, as_flags
from charlm.ui.page.report import HeldOut, RunReport
from charlm.ui.wording import mixture_line

__all__ = ["gather", "train_command"]

_SAMPLES = 5
_PASSAGE, _EXAMINED, _SHOWN_UNITS = 1200, 60_000, 2  # characters, characters, units
_CONNECTED = 160
_READ = ("val_file", "encoding", "errors", "init_from")  # how a run read its texts


def gather(checkpoint: Any) -> RunReport:
    """Read a run's log and held-out text, and run its model on the text.

    Parameters
    ----------
    checkpoint : Checkpoint
        Of any kind of model; sections that a kind lacks are left out.

    Raises
    ------
    CheckpointError
        If it is of no run, so that there are no losses.
    """
    history = find_history(checkpoint.path)
    info = checkpoints.describe_model(checkpoint.path)
    training = info.training
    origin = _mapping(training, "origin")
    settings = {**info.config, **_shared(checkpoint.model), **_mapping(training, "train")}
    sources = origin.get("sources") or origin.get("pairs")
    facts = {
        "kind": info.kind,
        **({"mixture": mixture_line(info.members)} if info.members else {}),
        "parameters": f"{info.parameters:,}",
        "vocabulary": f"{info.symbols:,} ({info.unit})",
        "text": ", ".join(map(str, sources)) if isinstance(sources, list) else str(sources or "unknown"),
        "text sha256": str(origin.get("sha256", "unknown")),
        "checkpoint": Path(info.path).name,
    }
    held_out, missing = _held_out(checkpoint)
    return RunReport(
        name=name_runs([str(checkpoint.path)])[0],
        history=history,
        facts=facts,
        settings=settings,
        command=train_command(settings, origin),
        samples=some(stored_samples(checkpoint.path), _SAMPLES),
        held_out=held_out,
        missing=missing,
    )


def train_command(settings: Mapping[str, Any], origin: Mapping[str, Any]) -> str:
    """Return the command that trains a run with these settings, all explicit."""
    sources = origin.get("sources")
    pairs = origin.get("pairs")
    words = ["charlm", "train", *(map(str, sources) if isinstance(sources, list) else [])]
    if isinstance(pairs, str):
        words += ["--pairs", pairs]
    read = {name: origin[name] for name in _READ if name in origin}
    return " ".join([*map(argument, words), *_flags({**settings, **read})])


def _flags(settings: Mapping[str, Any]) -> Iterator[str]:
    params = {param.name: param for param in build().commands["train"].params}
    for name, value in settings.items():
        param = params.get(name)
        if param is None or value is None or name in ("workers", "shards", "seq_length_min"):
            continue
        long = [flag for flag in param.opts if flag.startswith("--")]
        if value is True or (value is False and param.secondary_opts):
            yield long[0] if value else param.secondary_opts[0]
        elif value is not False and long:
            low = settings.get("seq_length_min") if name == "seq_length" else None
            shown = _exact(value)
            yield f"{long[0]} {argument(f'{low}-{shown}' if low else shown)}"
    if settings.get("shards"):
        yield f"--shards {settings['shards']}"


def _exact(value: Any) -> str:
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)


def _shared(model: Any) -> dict[str, Any]:
    """Return the settings of a language model or a mixture that its networks share."""
    if not isinstance(model, (CharModel, Mixture)):
        return {}
    members = len(model.networks) if isinstance(model, Mixture) else 1
    return {name: getattr(model.vocabulary, name) for name in PREPARATION} | {"members": members}


def _held_out(checkpoint: Any) -> tuple[HeldOut | None, str]:
    """Run a language model on its held-out text; without such a text, return the reason."""
    model, network = checkpoint.model, checkpoint.model
    if isinstance(model, Mixture) and model.networks:  # whose units are shown
        network = model.networks[0]
    if not isinstance(network, CharModel):
        measured = "; charlm eval measures it" if model.kind == "transducer" else ""
        return None, f"This is a {model.kind}{measured}."
    unknown = model.vocabulary.training_on_unknown
    try:
        text = held_out_text(checkpoint, remedy="the sections that need it are left out")[:_EXAMINED]
        breakdown = break_down(model, text, on_unknown=unknown)
    except CharlmError as error:
        return None, as_flags(str(error))
    passage = text[:_PASSAGE]
    try:
        units = find_units(network, text, on_unknown=unknown)
    except CorpusError:  # a text too short, or one in which nothing varies
        units = []
    chosen = list(dict.fromkeys(one.unit for one in units if one.tracks))[:_SHOWN_UNITS]
    values = read_units(network, passage, units=chosen, on_unknown=unknown) if chosen else None
    tracked = {unit: next(one.feature for one in units if one.unit == unit) for unit in chosen}
    of = "" if network is model else " of the first network"
    names = [f"unit {unit_name(network, unit)}{of}: {tracked[unit]}" for unit in chosen]
    columns = [] if values is None else values.values.T.tolist()
    held_out = HeldOut(
        breakdown=breakdown,
        passage=list(likeliest(model, passage, whole_characters=True, on_unknown=unknown)),
        units=units,
        unit_values=dict(zip(names, columns, strict=True)),
        unit_text=() if values is None else values.pieces,
        connectivity=connectivity(network, passage[:_CONNECTED], on_unknown=unknown),
    )
    return held_out, ""


def _mapping(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}
