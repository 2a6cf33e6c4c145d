"""The data of a stored model: the part that it was trained on, and the part that was held out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from charlm.checkpoint import Checkpoint
from charlm.checkpoint.model_or_text import refuse_models
from charlm.config import TrainConfig, from_mapping
from charlm.errors import CorpusError, UsageError
from charlm.models.predictor import Predictor
from charlm.models.transducer import Transducer
from charlm.text.corpus import read_corpus
from charlm.text.pairs import Pair, split_pairs
from charlm.training.preparation.run_data import RunData, read_run_data
from charlm.training.task import TextTask, text_task

__all__ = ["LearntText", "held_out_pairs", "held_out_text", "learnt_text"]


class LearntText(NamedTuple):
    """The text of a model's run, after the vocabulary's normalisation.

    Attributes
    ----------
    learnt, unseen : str
        The part that it was trained on and the part that was held out; either may be empty.
    remarks : tuple of str
        Notes to the user about the reading.
    """

    learnt: str
    unseen: str
    remarks: tuple[str, ...] = ()


def learnt_text(
    checkpoint: Checkpoint[Predictor],
    source: str | None = None,
    *,
    stdin: BinaryIO | None = None,
    remedy: str = "give the text",
) -> LearntText:
    """Read the text of a model's run.

    Parameters
    ----------
    checkpoint : Checkpoint[Predictor]
    source : str, optional
        A corpus in its place: a file, a folder or ``builtin:NAME``. If it is the run's text, the held-out part is
        split off; all of any other text counts as learnt.
    stdin : binary stream, optional
        Standard input.
    remedy : str
        Remedy of error messages.

    Raises
    ------
    CorpusError
        If the text is missing or has changed.
    UsageError
        If the model has no record of its text.
    """
    vocabulary = checkpoint.model.vocabulary
    if source is None:
        data, config = _run_data(checkpoint, "text", "the training text", remedy)
        return _parts(text_task(vocabulary, data.train, config, data.validation))
    refuse_models([source])
    own: tuple[str, TrainConfig] | None = None
    decoding: dict[str, Any] = {"encoding": "utf-8", "errors": "strict"}
    with contextlib.suppress(KeyError, TypeError, ValueError):  # saved without a run, imported, or untrusted
        origin, config = _run_of(checkpoint)
        decoding = {"encoding": origin["encoding"], "errors": origin["errors"]}
        own = origin["sha256"], config
    corpus = read_corpus([source], stdin=stdin, **decoding)
    if own is None or corpus.sha256 != own[0]:
        return LearntText(vocabulary.prepare(corpus.text), "", corpus.remarks)
    return _parts(text_task(vocabulary, corpus.text, own[1]))._replace(remarks=corpus.remarks)


def held_out_text(checkpoint: Checkpoint[Predictor], *, remedy: str = "give a text") -> str:
    """Read the held-out part of a model's text.

    Raises
    ------
    CorpusError
        If the text is missing or has changed.
    UsageError
        If the model has no record of its text, or nothing was held out.
    """
    unseen = learnt_text(checkpoint, remedy=remedy).unseen
    if checkpoint.model.vocabulary.unit == "byte":
        # bytes of a character that begins before the held-out part
        unseen = unseen.lstrip("\N{REPLACEMENT CHARACTER}")
    if not unseen:
        raise UsageError(f"nothing was held out of this model's training text; {remedy}")
    return unseen


def held_out_pairs(checkpoint: Checkpoint[Transducer], *, remedy: str = "give pairs") -> list[Pair]:
    """Read the held-out pairs of a model.

    Raises
    ------
    CorpusError
        If the pairs are missing or have changed.
    UsageError
        If the model has no record of its pairs, or none were held out.
    """
    data, config = _run_data(checkpoint, "pairs", "the run's pairs", remedy)
    unseen: list[Pair] | None = data.validation
    if unseen is None:
        _, unseen = split_pairs(data.train, config.val_frac, config.seed)
    if not unseen:
        raise UsageError(f"nothing was held out of this model's pairs; {remedy}")
    return unseen


def _run_data(checkpoint: Checkpoint[Any], kind: str, what: str, remedy: str) -> tuple[RunData, TrainConfig]:
    try:
        origin, config = _run_of(checkpoint)
        return read_run_data(checkpoint.model, origin), config
    except (KeyError, TypeError, ValueError) as error:  # saved without a run, imported, or untrusted
        raise UsageError(f"this model does not say what {kind} it has learnt; {remedy}") from error
    except CorpusError as error:
        cause, _, _ = str(error).partition("; ")
        raise CorpusError(f"{what} cannot be read again: {cause}; {remedy}") from error


def _run_of(checkpoint: Checkpoint[Any]) -> tuple[dict[str, Any], TrainConfig]:
    """Return origin and configuration of a model's run; raise KeyError, TypeError or ValueError without one."""
    training: Mapping[str, Any] = checkpoint.training
    return dict(training["origin"]), from_mapping(TrainConfig, dict(training["train"]))


def _parts(task: TextTask) -> LearntText:
    learnt = [task.train] if isinstance(task.train, np.ndarray) else task.train
    held_out, decode = task.held_out, task.vocabulary.decode
    if held_out is None:
        unseen = []
    elif held_out.warmup:
        unseen = [held_out.targets[held_out.warmup :]]
    else:
        unseen = np.split(held_out.targets, np.flatnonzero(held_out.resets))[1:]  # nothing is before the first
    return LearntText("\n".join(map(decode, learnt)), "\n".join(map(decode, unseen)))
