"""``--mix`` and ``--counts``: other predictors in a mixture with the model of a command."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from charlm import analysis, checkpoint
from charlm.cli.options import SAMPLING
from charlm.cli.terminal.waiting import waiting
from charlm.config import OnUnknown
from charlm.errors import UsageError
from charlm.training import preparation

if TYPE_CHECKING:
    from charlm.checkpoint import Checkpoint
    from charlm.models.predictor import Predictor

__all__ = [
    "CountsOption",
    "MixOption",
    "SamplingCountsOption",
    "SamplingMixOption",
    "count_ahead",
    "has_counts",
    "learnt_characters",
    "mixed",
    "split_weight",
    "with_chosen_counts",
]


def _mix(panel: str | None = None) -> Any:
    said = "Average the probabilities with another model's, of this weight; may be repeated. MODEL has the rest."
    return typer.Option("--mix", metavar="MODEL:WEIGHT", help=said, rich_help_panel=panel)


def _counts(panel: str | None = None) -> Any:
    said = "Mix with the n-gram counts of MODEL's training text; weights fitted on its end. "
    said += "--no-counts leaves those of a mixture out."
    return typer.Option("--counts/--no-counts", help=said, rich_help_panel=panel)


MixOption: TypeAlias = Annotated[list[str] | None, _mix()]
CountsOption: TypeAlias = Annotated[bool | None, _counts()]
SamplingMixOption: TypeAlias = Annotated[list[str] | None, _mix(SAMPLING)]
SamplingCountsOption: TypeAlias = Annotated[bool | None, _counts(SAMPLING)]


def mixed(
    loaded: Checkpoint[Predictor],
    mix: Sequence[str] | None,
    counts: bool | None,
    *,
    load: Callable[[str], Checkpoint[Predictor]] | None = None,
) -> Predictor:
    """Return a model, mixed with what the flags name; the weights of counts are reported on standard error.

    Parameters
    ----------
    loaded : Checkpoint
    mix, counts
        The flags; None for what the model has.
    load : callable, optional
        Finds and reads a checkpoint by a name.

    Raises
    ------
    UsageError
        For a weight that is none, and for models of different vocabularies.
    CheckpointError
        If a model cannot be read.
    CorpusError
        If the training text is missing or has changed.
    """
    from charlm.models.mixture import Mixture

    loaded = with_chosen_counts(loaded, counts)
    members: list[Predictor] = [loaded.model]
    weights = [1.0]
    if mix:
        named = [split_weight(one) for one in mix]
        rest = 1 - sum(weight for _, weight in named)
        if rest <= 0:
            raise UsageError(f"the weights of --mix sum to {1 - rest:g} and leave MODEL nothing; give less than 1")
        members += [(load or _load)(name).model for name, _ in named]
        weights = [rest, *(weight for _, weight in named)]
    model = Mixture(members, weights) if mix else loaded.model
    if counts and not has_counts(loaded.model):
        text, on_unknown = learnt_characters(loaded, remedy="leave --counts out")
        with waiting("counting n-grams"):
            counted = analysis.with_counts(model, text, on_unknown=on_unknown)
        rest, weight = counted.weights
        typer.echo(f"counts of {len(text):,} characters, weight {weight:.2f}", err=True)
        model = Mixture([*members, counted.members[1]], [*(w * rest for w in weights), weight])
    count_ahead(model)
    return model


def count_ahead(model: Predictor) -> None:
    """Count the n-grams of a mixture and say so, if that takes long; its first use would count without a word."""
    if has_counts(model):
        with waiting("counting n-grams"):
            model.stepper()


def has_counts(model: Predictor) -> bool:
    """Return whether a model is a mixture with counts, its own or those of a member."""
    from charlm.models.counts import Counts
    from charlm.models.mixture import Mixture

    return isinstance(model, Mixture) and any(isinstance(one, Counts) or has_counts(one) for one in model.members)


def with_chosen_counts(loaded: Checkpoint[Predictor], counts: bool | None) -> Checkpoint[Predictor]:
    """Return a checkpoint; under ``--no-counts`` that of a mixture without its counts.

    Raises
    ------
    UsageError
        If nothing is left.
    """
    from charlm.models.counts import Counts
    from charlm.models.mixture import Mixture

    model = loaded.model
    if counts is not False or not isinstance(model, Mixture):
        return loaded
    pairs = zip(model.members, model.weights, strict=True)
    rest = {member: weight for member, weight in pairs if not isinstance(member, Counts)}
    if len(rest) == len(model.members):
        return loaded
    if not rest:
        raise UsageError("the model has counts alone; leave --no-counts out")
    # of a run, the networks have learnt alike, and their weights beside counts may be those of chance
    total = 0 if loaded.training else sum(rest.values())
    weights = [weight / total for weight in rest.values()] if total else None
    return dataclasses.replace(loaded, model=next(iter(rest)) if len(rest) == 1 else Mixture([*rest], weights))


def learnt_characters(loaded: Checkpoint[Predictor], *, remedy: str) -> tuple[str, OnUnknown]:
    """Return the text that a model has learnt, and the treatment of its unknown characters.

    Raises
    ------
    CorpusError
        If the text is missing or has changed.
    UsageError
        If the model has no record of it.
    """
    with waiting("reading the training text"):
        text = preparation.learnt_text(loaded, remedy=remedy).learnt
    return text, "error" if loaded.model.vocabulary.unknown_id is None else "replace"  # as the run did


def _load(name: str) -> Checkpoint[Predictor]:
    return checkpoint.load_predictor(checkpoint.find_model(name))


def split_weight(value: str, flag: str = "--mix", *, removes: bool = False) -> tuple[str, float]:
    """Split MODEL:WEIGHT.

    Parameters
    ----------
    value : str
    flag : str
        The flag or command, for messages.
    removes : bool
        Whether a weight of 0 is one.

    Raises
    ------
    UsageError
        If there is no weight between 0 and 1.
    """
    name, colon, number = value.rpartition(":")
    try:
        weight = float(number)
    except ValueError:
        weight = -1
    if not colon or not name or not (0 < weight < 1 or (removes and weight == 0)):
        raise UsageError(
            f"{flag} {value!r} has no weight between 0 and 1; write MODEL:WEIGHT, checkpoints/tales:0.3 say"
        )
    return name, weight
