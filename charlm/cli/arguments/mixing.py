"""``--mix`` and ``--counts``: other predictors in a mixture with the model of a command."""

from __future__ import annotations

from collections.abc import Sequence
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
    from charlm.models.language_model import CharModel
    from charlm.models.predictor import Predictor

__all__ = ["CountsOption", "MixOption", "SamplingCountsOption", "SamplingMixOption", "mixed"]


def _mix(panel: str | None = None) -> Any:
    said = "Average the probabilities with another model's, of this weight; may be repeated. MODEL has the rest."
    return typer.Option("--mix", metavar="MODEL:WEIGHT", help=said, rich_help_panel=panel)


def _counts(panel: str | None = None) -> Any:
    said = "Mix with the n-gram counts of MODEL's training text; weights fitted on its end."
    return typer.Option("--counts/--no-counts", help=said, rich_help_panel=panel)


MixOption: TypeAlias = Annotated[list[str] | None, _mix()]
CountsOption: TypeAlias = Annotated[bool, _counts()]
SamplingMixOption: TypeAlias = Annotated[list[str] | None, _mix(SAMPLING)]
SamplingCountsOption: TypeAlias = Annotated[bool, _counts(SAMPLING)]


def mixed(loaded: Checkpoint[CharModel], mix: Sequence[str] | None, counts: bool) -> Predictor:
    """Return a model, mixed with what the flags name; the weights of counts are reported on standard error.

    Raises
    ------
    UsageError
        For a weight that is none, and for models of different vocabularies.
    CheckpointError
        If a model cannot be read.
    CorpusError
        If the training text is missing or has changed.
    """
    model: Predictor = loaded.model
    if mix:
        from charlm.models.mixture import Mixture

        named = [_split(one) for one in mix]
        rest = 1 - sum(weight for _, weight in named)
        if rest <= 0:
            raise UsageError(f"the weights of --mix sum to {1 - rest:g} and leave MODEL nothing; give less than 1")
        others = [checkpoint.load_checkpoint(checkpoint.find_model(name)).model for name, _ in named]
        model = Mixture([model, *others], [rest, *(weight for _, weight in named)])
    if counts:
        with waiting("reading the training text"):
            text = preparation.learnt_text(loaded, remedy="leave --counts out").learnt
        on_unknown: OnUnknown = "error" if model.vocabulary.unknown_id is None else "replace"  # as the run did
        with waiting("counting n-grams"):
            mixture = analysis.with_counts(model, text, on_unknown=on_unknown)
        typer.echo(f"counts of {len(text):,} characters, weight {mixture.weights[1]:.2f}", err=True)
        model = mixture
    return model


def _split(value: str) -> tuple[str, float]:
    name, colon, number = value.rpartition(":")
    try:
        weight = float(number)
    except ValueError:
        weight = -1
    if not colon or not name or not 0 < weight < 1:
        raise UsageError(
            f"--mix {value!r} has no weight between 0 and 1; write MODEL:WEIGHT, checkpoints/tales:0.3 say"
        )
    return name, weight
