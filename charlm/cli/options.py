"""Options that several commands share, each with its names and its line of help in one place.

Defaults are not here: a command takes them from the configuration's dataclass.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args

import typer

from charlm.config import DecodingErrors, OnUnknown, SampleConfig

__all__ = [
    "OUTPUT",
    "PROMPT",
    "SAMPLING",
    "BeamOption",
    "LengthOption",
    "MinPOption",
    "ModelArgument",
    "NaturalLengthOption",
    "NoColorOption",
    "NoEchoOption",
    "OnUnknownOption",
    "PromptEncodingOption",
    "PromptErrorsOption",
    "PromptFileOption",
    "PromptOption",
    "RawOption",
    "RegexOption",
    "RepeatLastNOption",
    "RepeatPenaltyOption",
    "SeedOption",
    "StopOption",
    "TemperatureOption",
    "TemplateOption",
    "TensorboardOption",
    "TopKOption",
    "TopPOption",
    "TypicalPOption",
    "choices_of",
]

PROMPT, SAMPLING, OUTPUT = "Prompt", "Sampling", "Output"
"""Titles of panels, in which the help shows the flags of commands that write text."""


def choices_of(literal: Any) -> str:
    """Return how the help shows the choices of a flag, which are those of a `Literal`."""
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
# a str and not a Literal, which typer does not know in all versions allowed: SampleConfig checks it
OnUnknownOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--on-unknown",
        metavar=choices_of(OnUnknown),
        help="What becomes of characters that the model does not know.",
    ),
]
LengthOption: TypeAlias = Annotated[
    int, _option("--length", value="N", help="Characters of the continuation.", panel=SAMPLING)
]
NaturalLengthOption: TypeAlias = Annotated[
    int | None,
    _option(
        "--length",
        value="N",
        help=f"Characters of the continuation; left out, {SampleConfig().length} and the rest of the line.",
        panel=SAMPLING,
    ),
]
TemperatureOption: TypeAlias = Annotated[
    float,
    _option(
        "--temp",
        "--temperature",
        value="X",
        help="Boldness: 0 takes the most likely character, above 1 dares more.",
        panel=SAMPLING,
    ),
]
SeedOption: TypeAlias = Annotated[
    int | None,
    _option(
        "--seed", value="N", help="Same seed, same text; left out, one is chosen and reported.", panel=SAMPLING
    ),
]
TopKOption: TypeAlias = Annotated[
    int,
    _option("--top-k", value="N", help="Draw from the N most likely characters only; 0 from all.", panel=SAMPLING),
]
TopPOption: TypeAlias = Annotated[
    float,
    _option(
        "--top-p",
        value="P",
        help="Draw from the fewest characters that together have probability P; 1 from all.",
        panel=SAMPLING,
    ),
]
MinPOption: TypeAlias = Annotated[
    float,
    _option(
        "--min-p",
        value="P",
        help="Draw from characters at least P times as likely as the likeliest; 0 from all.",
        panel=SAMPLING,
    ),
]
TypicalPOption: TypeAlias = Annotated[
    float,
    _option(
        "--typical-p",
        value="P",
        help="Draw from the most typical characters that together have probability P: neither too obvious nor too "
        "surprising; 1 from all.",
        panel=SAMPLING,
    ),
]
RepeatPenaltyOption: TypeAlias = Annotated[
    float,
    _option(
        "--repeat-penalty",
        value="X",
        help="Multiplies log p of the characters seen lately: above 1 they become rarer, 1 changes nothing.",
        panel=SAMPLING,
    ),
]
RepeatLastNOption: TypeAlias = Annotated[
    int,
    _option("--repeat-last-n", value="N", help="How many characters back the penalty looks.", panel=SAMPLING),
]
BeamOption: TypeAlias = Annotated[
    int | None,
    _option(
        "--beam",
        value="N",
        help="Do not draw: search for the likeliest text, following N at once.",
        panel=SAMPLING,
    ),
]
StopOption: TypeAlias = Annotated[
    list[str] | None,
    _option("--stop", value="STRING", help="End before this text; may be repeated.", panel=SAMPLING),
]
RegexOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--regex",
        metavar="PATTERN",
        help="Write only what matches in full: a pattern, or @date, @email, @word and others by name. In a pattern "
        "@file:words.txt is any word of a list, one a line.",
        rich_help_panel=SAMPLING,
        show_default=False,
    ),
]
TemplateOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--template",
        metavar="STRING",
        help="Fill the holes of a text: {name:PATTERN}, {name:@date}, or {name} for a word; {{ and }} are braces.",
        rich_help_panel=SAMPLING,
        show_default=False,
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
