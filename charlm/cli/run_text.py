"""The text that a run has learnt, read again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from charlm.checkpoint import Checkpoint
from charlm.cli.given_text import read_sources, refuse_models
from charlm.cli.waiting import waiting
from charlm.config import TrainConfig, from_mapping
from charlm.errors import CorpusError, UsageError
from charlm.models.language_model import CharModel
from charlm.text.corpus import BUILTIN, STDIN, Corpus, read_corpus
from charlm.training.task import TextTask, text_task

__all__ = ["LearntText", "held_out_text", "learnt_text", "read_run_text", "refuse_pipe"]


class LearntText(NamedTuple):
    """What a model was trained on, as it read it, and what of its text was held out; either may be empty."""

    learnt: str
    unseen: str


def held_out_text(checkpoint: Checkpoint[CharModel]) -> str:
    """Read what was held out of a model's training text.

    Raises
    ------
    CorpusError
        If the text is no longer there, or is another.
    UsageError
        If the model does not know where its text is, or nothing was held out.
    """
    remedy = "give one text: files, or --text with the text itself"
    unseen = learnt_text(checkpoint, remedy=remedy).unseen
    if checkpoint.model.vocabulary.unit == "byte":
        unseen = unseen.lstrip("\N{REPLACEMENT CHARACTER}")  # bytes of a character that begins before
    if not unseen:
        raise UsageError(f"nothing was held out of this model's training text; {remedy}")
    return unseen


def learnt_text(
    checkpoint: Checkpoint[CharModel],
    source: str | None = None,
    *,
    remedy: str = "give the text with --novelty-corpus",
) -> LearntText:
    """Read what a model was trained on.

    Parameters
    ----------
    checkpoint : Checkpoint[CharModel]
    source : str, optional
        A corpus to take for it: a file, a folder or ``builtin:NAME``. Of one that is the run's own text, the part
        that was held out is set apart; of any other, all counts as learnt.
    remedy : str
        What errors advise.

    Raises
    ------
    CorpusError
        If the text is no longer there, or is another.
    UsageError
        If the model does not know where its text is.
    """
    vocabulary = checkpoint.model.vocabulary
    try:
        origin = dict(checkpoint.training["origin"])
        config = from_mapping(TrainConfig, dict(checkpoint.training["train"]))
        own_sha256 = origin["sha256"]
        decoding: dict[str, Any] = {"encoding": origin["encoding"], "errors": origin["errors"]}
    except (KeyError, TypeError, ValueError) as error:  # saved by hand, imported, or from a stranger
        if source is None:
            raise UsageError(f"this model does not say what text it has learnt; {remedy}") from error
        own_sha256, decoding = None, {"encoding": "utf-8", "errors": "strict"}
    if source is None:
        try:
            with waiting("reading the training text"):
                text, validation = read_run_text(origin)
        except CorpusError as error:
            cause, _, _ = str(error).partition("; ")
            raise CorpusError(f"the training text cannot be read again: {cause}; {remedy}") from error
    else:
        refuse_models([source])
        corpus, validation = read_sources([source], **decoding), None
        if corpus.sha256 != own_sha256:
            return LearntText(vocabulary.prepare(corpus.text), "")
        text = corpus.text
    with waiting("reading the training text"):
        return _parts(text_task(vocabulary, text, config, validation))


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


def read_run_text(origin: Mapping[str, Any]) -> tuple[str, str | None]:
    """Read a run's text and the text that it validates on, if that is another.

    Parameters
    ----------
    origin : mapping
        What the run's checkpoint says of it.

    Raises
    ------
    CorpusError
        If a text is no longer there, or is another.
    """
    decoding: dict[str, Any] = {"encoding": origin["encoding"], "errors": origin["errors"]}
    sources, validation = [str(source) for source in origin["sources"]], origin["val_file"]
    text = _read_again(sources, origin["sha256"], decoding).text
    if validation is None:
        return text, None
    return text, _read_again([str(validation)], origin.get("val_sha256"), decoding).text


def _read_again(sources: list[str], sha256: str | None, decoding: dict[str, Any]) -> Corpus:
    """Read a text that was read before, and make sure that it is the same; `sha256` None is not known."""
    for source in sources:
        refuse_pipe(source, "text")
    corpus = read_corpus(sources, **decoding)
    if sha256 not in (None, corpus.sha256):
        raise CorpusError(
            f"the text of this run has changed ({', '.join(map(repr, sources))}); "
            f"put the old one back, or train a new run on the new text"
        )
    return corpus


def refuse_pipe(source: str, what: str) -> None:
    """Refuse a source that can be read only once; reading it again might wait for ever.

    Raises
    ------
    CorpusError
    """
    path = Path(source)
    is_pipe = not source.startswith(BUILTIN) and path.exists() and not (path.is_file() or path.is_dir())
    if source == STDIN or is_pipe:
        where = "standard input" if source == STDIN else f"the pipe {source!r}"
        raise CorpusError(f"this run read its {what} from {where}, which is gone; save it to a file and train")
