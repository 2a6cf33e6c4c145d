"""The text that a command looks at: files, standard input, or the string of ``--text``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, cast

import typer

from charlm.cli.options import choices_of
from charlm.config import DecodingErrors
from charlm.errors import UsageError

if TYPE_CHECKING:
    from charlm.text.corpus import Corpus

__all__ = [
    "EncodingOption",
    "ErrorsOption",
    "LiteralOption",
    "ModelArgument",
    "decoding_errors",
    "given_text",
    "read_sources",
    "show_remarks",
]

ModelArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="MODEL", help="A checkpoint or run folder.", show_default=False)
]
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
    """Return the text that the arguments give.

    Raises
    ------
    UsageError
        If they give none or two, or decoding settings that do not exist.
    CorpusError
        If a file cannot be read or decoded, or is empty.
    """
    if (literal is None) == (not sources):
        raise UsageError("give one text: files, or --text with the text itself")
    if literal is not None:
        decoding_errors(errors)
        return literal
    return read_sources(sources, encoding=encoding, errors=errors).text


def read_sources(sources: Sequence[str], *, encoding: str, errors: str, allow_empty: bool = False) -> Corpus:
    """Read sources as `read_corpus` does, standard input among them, and show its remarks on standard error.

    Raises
    ------
    UsageError, CorpusError
        As `read_corpus`.
    """
    from charlm.text.corpus import read_corpus

    how = decoding_errors(errors)
    stdin = None if sys.stdin is None else sys.stdin.buffer  # there is none behind `<&-`
    corpus = read_corpus(sources, encoding=encoding, errors=how, stdin=stdin, allow_empty=allow_empty)
    show_remarks(corpus.remarks)
    return corpus


def show_remarks(remarks: Sequence[str]) -> None:
    """Show on standard error what was read otherwise than a user may expect."""
    if remarks:
        from charlm.ui.sanitize import visible_line

        for remark in remarks:
            typer.echo(visible_line(remark), err=True)


def decoding_errors(errors: str) -> Literal["strict", "replace"]:
    """Return the value of ``--errors``.

    Raises
    ------
    UsageError
        If there is no such value.
    """
    if errors not in ("strict", "replace"):
        raise UsageError(f"--errors is {errors!r}; choose strict or replace")
    return cast(Literal["strict", "replace"], errors)
