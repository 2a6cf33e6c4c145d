"""Flags and arguments of several commands that are not settings of `charlm.config`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args

import typer

from charlm.cli.setting_flags import flag_of
from charlm.config import DecodingErrors, SampleConfig

__all__ = [
    "OUTPUT",
    "PROMPT",
    "SAMPLING",
    "BeamOption",
    "ModelArgument",
    "NoColorOption",
    "NoEchoOption",
    "OnUnknownOption",
    "PromptEncodingOption",
    "PromptErrorsOption",
    "PromptFileOption",
    "PromptOption",
    "RawOption",
    "SeedOption",
    "TemperatureOption",
    "TensorboardOption",
    "choices_of",
]

PROMPT, SAMPLING, OUTPUT = "Prompt", "Sampling", "Output"
"""Titles of panels of flags in the help of commands that generate text."""


def choices_of(literal: Any) -> str:
    """Return the choices of a `Literal` as the help shows them."""
    return "|".join(get_args(literal))


def _option(*names: str, help: str, panel: str, value: str | None = None) -> Any:  # noqa: A002
    return typer.Option(*names, help=help, metavar=value, rich_help_panel=panel)


ModelArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL",
        help="A checkpoint, run folder or name of a run; left out, the newest run.",
        show_default=False,
    ),
]
PromptOption: TypeAlias = Annotated[
    str | None, _option("--prompt", value="STRING", help="Text to continue.", panel=PROMPT)
]
PromptFileOption: TypeAlias = Annotated[
    Path | None, _option("--prompt-file", value="FILE", help="File with the text to continue.", panel=PROMPT)
]
PromptEncodingOption: TypeAlias = Annotated[
    str,
    _option("--encoding", value="ENCODING", help="Of a prompt that comes from a file or a pipe.", panel=PROMPT),
]
PromptErrorsOption: TypeAlias = Annotated[
    str,
    _option(
        "--errors",
        value=choices_of(DecodingErrors),
        help="Refuse bytes of it that cannot be decoded, or replace them.",
        panel=PROMPT,
    ),
]
NoEchoOption: TypeAlias = Annotated[
    bool, _option("--no-echo", help="Write the model's text only, without the prompt.", panel=PROMPT)
]
# a str and not a Literal, which old versions of typer do not support; SampleConfig checks it
OnUnknownOption: TypeAlias = Annotated[str, flag_of(SampleConfig, "on_unknown", panel="")]
TemperatureOption: TypeAlias = Annotated[float, flag_of(SampleConfig, "temperature")]
SeedOption: TypeAlias = Annotated[
    int | None,
    _option(
        "--seed", value="N", help="Same seed, same text; left out, one is chosen and reported.", panel=SAMPLING
    ),
]
BeamOption: TypeAlias = Annotated[
    int | None,
    _option(
        "--beam",
        value="N",
        help="Do not sample: search for the likeliest text, N hypotheses wide.",
        panel=SAMPLING,
    ),
]
NoColorOption: TypeAlias = Annotated[bool, typer.Option("--no-color", help="No colours and no moving screen.")]
RawOption: TypeAlias = Annotated[
    bool, _option("--raw", help="Write control characters as they are; refused on a terminal.", panel=OUTPUT)
]
TensorboardOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--tensorboard",
        metavar="DIR",
        help="Write event files below this folder, too; needs the extra tensorboard.",
        show_default=False,
    ),
]
