"""The text of arguments: files, standard input or ``--text``, and its decoding."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any, TypeAlias

import typer

from charlm import checkpoint, text
from charlm.cli.options import choices_of
from charlm.cli.terminal.streams import stdin_bytes, stdin_is_terminal
from charlm.cli.terminal.waiting import waiting
from charlm.config import DecodingErrors
from charlm.errors import UsageError
from charlm.ui.sanitize import visible_line

__all__ = [
    "ONE_TEXT",
    "EncodingOption",
    "ErrorsOption",
    "LiteralOption",
    "given_text",
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


def given_text(sources: Sequence[str], literal: str | None, *, encoding: str, errors: str) -> str:
    """Return the text of the arguments.

    Raises
    ------
    UsageError
        For no text or two, or unknown decoding settings.
    CorpusError
        If a file cannot be read or decoded, or is empty.
    """
    if (literal is None) == (not sources):
        raise UsageError(ONE_TEXT)
    text.check_errors(errors)
    if literal is not None:
        return literal
    checkpoint.refuse_models(sources)
    return read_sources(sources, encoding=encoding, errors=errors).text


def read_sources(sources: Sequence[str], *, encoding: str, errors: str, allow_empty: bool = False) -> text.Corpus:
    """Read sources with `read_corpus`, standard input included, and show its remarks on standard error.

    Raises
    ------
    UsageError, CorpusError
        As `read_corpus`.
    """
    decoding: dict[str, Any] = {"encoding": encoding, "errors": errors}
    with reading("the text", sources):
        corpus = text.read_corpus(sources, stdin=stdin_bytes(), allow_empty=allow_empty, **decoding)
    show_remarks(corpus.remarks)
    return corpus


def reading(what: str, sources: Sequence[str]) -> AbstractContextManager[object]:
    """Return a progress message for reading sources, or none if a person types one of them."""
    if text.STDIN in sources and stdin_is_terminal():
        return contextlib.nullcontext()
    return waiting(f"reading {what}")


def show_remarks(remarks: Sequence[str]) -> None:
    """Show remarks on the reading of a text on standard error."""
    for remark in remarks:
        typer.echo(visible_line(remark), err=True)
