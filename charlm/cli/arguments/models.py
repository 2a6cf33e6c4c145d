"""The model that an argument names, and the classification of arguments into models and texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from charlm import checkpoint, runs
from charlm.errors import CheckpointError, UsageError
from charlm.ui.flags import argument
from charlm.ui.sanitize import visible_line

if TYPE_CHECKING:
    from charlm.models.language_model import CharModel
    from charlm.models.predictor import Predictor

__all__ = ["model_and_texts", "named_model", "named_models", "named_networks", "named_transducer"]


def named_model(
    name: str | None,
    *,
    names_own: bool = False,
    kind: Literal["language model", "transducer"] | None = "language model",
) -> Path:
    """Return the checkpoint that MODEL names, by default that of the newest run with a model of the right kind.

    A default that came with charlm, or that is not the newest run of all, is reported on standard error.

    Parameters
    ----------
    name : str, optional
    names_own : bool
        Whether a default is always reported.
    kind : str, optional
        Of the newest run's model; None for either.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    if name is not None:
        return checkpoint.find_model(name)
    run = checkpoint.newest_run(kind)
    passed_over = run != checkpoint.list_runs()[0]
    if run.shipped or names_own or passed_over:
        origin = "which came with charlm" if run.shipped else "the newest run"
        origin += f" of a {kind}" if passed_over and not run.shipped else ""
        typer.echo(f"model {visible_line(run.name)}, {origin}", err=True)
    return checkpoint.find_model(run.file.parent)


def named_models(paths: Sequence[Path]) -> dict[str, Predictor]:
    """Load language models and mixtures, by the labels of their runs, harmless.

    Raises
    ------
    CheckpointError
        If one cannot be read.
    """
    names = map(visible_line, runs.name_runs([str(path) for path in paths]))
    return {name: checkpoint.load_predictor(path).model for name, path in zip(names, paths, strict=True)}


def named_networks(paths: Sequence[Path], number: int | None) -> dict[str, CharModel]:
    """Load networks, by the labels of their runs; of a mixture one of its networks.

    Parameters
    ----------
    paths : sequence of Path
    number : int, optional
        Of the network, counted from 1; by default the first, which is reported on standard error.

    Raises
    ------
    CheckpointError
        If a model cannot be read.
    UsageError
        If a model has no such network.
    """
    from charlm.models.ensemble import networks_of
    from charlm.models.mixture import Mixture

    found: dict[str, CharModel] = {}
    for name, model in named_models(paths).items():
        networks = networks_of(model)
        if not networks:
            raise UsageError(f"{name!r} is a mixture without a network; give a model that has one")
        chosen = 1 if number is None else number
        if not 1 <= chosen <= len(networks):
            raise UsageError(f"--network is {chosen}, and {name!r} has {len(networks)}; count them from 1")
        if len(networks) > 1 and number is None:
            typer.echo(f"network 1 of the {len(networks)} of {name}; --network names another", err=True)
        found[f"{name}, network {chosen}" if isinstance(model, Mixture) else name] = networks[chosen - 1]
    return found


def named_transducer(name: str | None) -> Path:
    """Return the checkpoint that MODEL names, by default that of the newest run of a transducer.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    try:
        return named_model(name, names_own=True, kind="transducer")
    except CheckpointError as error:
        if name is None:
            raise
        raise CheckpointError(f"{error}; MODEL comes first, then each STRING") from error


def model_and_texts(
    command: str, model: str | None, texts: Sequence[str], literal: str | None
) -> tuple[str | None, tuple[str, ...]]:
    """Separate MODEL from the texts: the first argument is MODEL, unless a text has that name.

    Parameters
    ----------
    command : str
        Its name, for the corrected command in an error.
    model : str, optional
        The first argument.
    texts : sequence of str
        The others.
    literal : str, optional
        The text that ``--text`` gives.

    Returns
    -------
    model : str or None
        None if not given.
    texts : tuple of str

    Raises
    ------
    UsageError
        For a model in place of a text, or the reverse.
    CheckpointError
        If the first argument is neither a model nor a text.
    """
    if model is None or checkpoint.is_model(model):
        checkpoint.refuse_models(texts)
        return model, tuple(texts)
    if not checkpoint.is_text(model):
        try:
            checkpoint.find_model(model)
        except CheckpointError as error:
            if texts or literal is not None:
                raise
            _, _, remedy = str(error).rpartition("; ")
            raise CheckpointError(f"there is no model and no text {model!r}; {remedy}") from error
    models = [text for text in texts if checkpoint.is_model(text) and not checkpoint.is_text(text)]
    if models:
        words = [models[0], model, *(text for text in texts if text != models[0])]
        raise UsageError(
            f"{model!r} is a text and {models[0]!r} a model, which comes first; "
            f"charlm {command} {' '.join(map(argument, words))}"
        )
    return None, (model, *texts)
