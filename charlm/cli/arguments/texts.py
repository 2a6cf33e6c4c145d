"""The model and the text that a command looks at: which of its arguments is which, and reading the text."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from charlm.cli.options import choices_of
from charlm.cli.terminal.streams import stdin_bytes, stdin_is_terminal
from charlm.config import DecodingErrors
from charlm.errors import UsageError

if TYPE_CHECKING:
    from charlm.text.corpus import Corpus

__all__ = [
    "ONE_TEXT",
    "EncodingOption",
    "ErrorsOption",
    "LiteralOption",
    "given_text",
    "model_and_texts",
    "named_model",
    "read_sources",
    "reading",
    "show_remarks",
]

ONE_TEXT = "give one text: files, or --text with the text itself"

LiteralOption: TypeAlias = Annotated[
    str | None, typer.Option("--text", metavar="STRING", help="The text itself, in place of a file.")
]
EncodingOption: TypeAlias = Annotated[str, typer.Option("--encoding", metavar="ENCODING", help="Of the files.")]
ErrorsOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--errors",
        metavar=choices_of(DecodingErrors),
        help="Refuse bytes that cannot be decoded, or replace them.",
    ),
]


def named_model(
    name: str | None,
    *,
    names_own: bool = False,
    kind: Literal["language model", "transducer"] | None = "language model",
) -> Path:
    """Return the checkpoint that MODEL names; left out, that of the newest run whose model is of the right kind.

    Where that is a model that came with charlm, or a newer run is of another kind, standard error names it.

    Parameters
    ----------
    name : str, optional
    names_own : bool
        Whether to name a run of one's own in any case.
    kind : str, optional
        Of the newest run's model; None for either.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    from charlm.checkpoint import find_model, list_runs, newest_run
    from charlm.ui.sanitize import visible_line

    if name is not None:
        return find_model(name)
    run = newest_run(kind)
    passed_over = run != list_runs()[0]
    if run.shipped or names_own or passed_over:
        origin = "which came with charlm" if run.shipped else "the newest run"
        origin += f" of a {kind}" if passed_over and not run.shipped else ""
        typer.echo(f"model {visible_line(run.name)}, {origin}", err=True)
    return find_model(run.file.parent)


def model_and_texts(
    command: str, model: str | None, texts: Sequence[str], literal: str | None
) -> tuple[str | None, tuple[str, ...]]:
    """Tell MODEL from the texts behind it: the first argument is MODEL, unless there is a text of that name.

    Parameters
    ----------
    command : str
        Its name, to correct a command with.
    model : str, optional
        The first argument.
    texts : sequence of str
        The others.
    literal : str, optional
        The text that ``--text`` gives.

    Returns
    -------
    model : str or None
        None where it was left out.
    texts : tuple of str

    Raises
    ------
    UsageError
        If a model stands where a text belongs, or the other way round.
    CheckpointError
        If the first argument is neither a model nor a text.
    """
    from charlm.checkpoint import find_model
    from charlm.checkpoint.model_or_text import is_model, is_text, refuse_models
    from charlm.errors import CheckpointError
    from charlm.ui.flags import argument

    if model is None or is_model(model):
        refuse_models(texts)
        return model, tuple(texts)
    if not is_text(model):
        try:
            find_model(model)
        except CheckpointError as error:
            if texts or literal is not None:
                raise
            _, _, remedy = str(error).rpartition("; ")
            raise CheckpointError(f"there is no model and no text {model!r}; {remedy}") from error
    models = [text for text in texts if is_model(text) and not is_text(text)]
    if models:
        words = [models[0], model, *(text for text in texts if text != models[0])]
        raise UsageError(
            f"{model!r} is a text and {models[0]!r} a model, which comes first; "
            f"charlm {command} {' '.join(map(argument, words))}"
        )
    return None, (model, *texts)


def given_text(sources: Sequence[str], literal: str | None, *, encoding: str, errors: str) -> str:
    """Return the text that the arguments give.

    Raises
    ------
    UsageError
        If they give none or two, or decoding settings that do not exist.
    CorpusError
        If a file cannot be read or decoded, or is empty.
    """
    from charlm.checkpoint.model_or_text import refuse_models
    from charlm.text.decoding import check_errors

    if (literal is None) == (not sources):
        raise UsageError(ONE_TEXT)
    check_errors(errors)
    if literal is not None:
        return literal
    refuse_models(sources)
    return read_sources(sources, encoding=encoding, errors=errors).text


def read_sources(sources: Sequence[str], *, encoding: str, errors: str, allow_empty: bool = False) -> Corpus:
    """Read sources as `read_corpus` does, standard input among them, and show its remarks on standard error.

    Raises
    ------
    UsageError, CorpusError
        As `read_corpus`.
    """
    from charlm.text.corpus import read_corpus

    decoding: dict[str, Any] = {"encoding": encoding, "errors": errors}
    with reading("the text", sources):
        corpus = read_corpus(sources, stdin=stdin_bytes(), allow_empty=allow_empty, **decoding)
    show_remarks(corpus.remarks)
    return corpus


def reading(what: str, sources: Sequence[str]) -> AbstractContextManager[object]:
    """Return `waiting` for what reads sources; nothing where a person types one of them."""
    from charlm.cli.terminal.waiting import waiting
    from charlm.text.corpus import STDIN

    if STDIN in sources and stdin_is_terminal():
        return contextlib.nullcontext()
    return waiting(f"reading {what}")


def show_remarks(remarks: Sequence[str]) -> None:
    """Show on standard error what was read otherwise than a user may expect."""
    if remarks:
        from charlm.ui.sanitize import visible_line

        for remark in remarks:
            typer.echo(visible_line(remark), err=True)
