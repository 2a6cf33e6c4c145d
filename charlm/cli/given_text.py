"""The text that a command looks at: files, standard input, or the string of ``--text``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias, cast

import typer

from charlm.errors import UsageError

__all__ = ["EncodingOption", "ErrorsOption", "LiteralOption", "ModelArgument", "decoding_errors", "given_text"]

ModelArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="MODEL", help="A checkpoint or run folder.", show_default=False)
]
LiteralOption: TypeAlias = Annotated[
    str | None, typer.Option("--text", metavar="STRING", help="The text itself, in place of a file.")
]
EncodingOption: TypeAlias = Annotated[str, typer.Option("--encoding", help="Of the files.")]
ErrorsOption: TypeAlias = Annotated[
    str, typer.Option("--errors", metavar="strict|replace", help="What becomes of bytes that cannot be decoded.")
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
    from charlm.text.corpus import read_corpus

    if (literal is None) == (not sources):
        raise UsageError("give one text: files, or --text with the text itself")
    how = decoding_errors(errors)
    if literal is not None:
        return literal
    return read_corpus(sources, encoding=encoding, errors=how, stdin=sys.stdin.buffer).text


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
