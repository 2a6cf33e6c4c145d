"""Options that several commands share, each with its names and its line of help in one place.

Defaults are not here: a command takes them from the configuration's dataclass.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias, get_args

import typer

from charlm.config import OnUnknown

__all__ = [
    "BeamOption",
    "LengthOption",
    "MinPOption",
    "ModelArgument",
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
]

ModelArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL", help="A checkpoint or run folder; left out, the newest run.", show_default=False
    ),
]
PromptOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--prompt", metavar="TEXT", help="Text to go on with."),
]
PromptFileOption: TypeAlias = Annotated[
    Path | None, typer.Option("--prompt-file", metavar="FILE", help="File with the text to go on with.")
]
PromptEncodingOption: TypeAlias = Annotated[
    str, typer.Option("--encoding", help="Of a prompt that comes from a file or a pipe.")
]
PromptErrorsOption: TypeAlias = Annotated[
    str,
    typer.Option("--errors", metavar="strict|replace", help="What becomes of bytes of it that cannot be decoded."),
]
BeamOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--beam", metavar="WIDTH", help="Do not draw: search for the likeliest text, following WIDTH at once."
    ),
]
LengthOption: TypeAlias = Annotated[int, typer.Option("--length", help="Characters of the continuation.")]
TemperatureOption: TypeAlias = Annotated[
    float,
    typer.Option(
        "--temp", "--temperature", help="Boldness: 0 takes the most likely character, above 1 dares more."
    ),
]
TopKOption: TypeAlias = Annotated[
    int, typer.Option("--top-k", help="Draw from the k most likely characters only; 0 from all.")
]
TopPOption: TypeAlias = Annotated[
    float,
    typer.Option("--top-p", help="Draw from the fewest characters that together have probability p; 1 from all."),
]
MinPOption: TypeAlias = Annotated[
    float,
    typer.Option("--min-p", help="Draw from characters at least p times as likely as the likeliest; 0 from all."),
]
TypicalPOption: TypeAlias = Annotated[
    float,
    typer.Option(
        "--typical-p",
        help="Draw from the most typical characters that together have probability p: neither too obvious nor too "
        "surprising; 1 from all.",
    ),
]
RepeatPenaltyOption: TypeAlias = Annotated[
    float,
    typer.Option(
        "--repeat-penalty",
        help="Multiplies log p of the characters seen lately: above 1 they become rarer, 1 changes nothing.",
    ),
]
RepeatLastNOption: TypeAlias = Annotated[
    int, typer.Option("--repeat-last-n", help="How many characters back the penalty looks.")
]
StopOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--stop", metavar="TEXT", help="End before this text; may be repeated.")
]
RegexOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--regex",
        metavar="PATTERN",
        help="Write only what matches in full: a pattern, or @date, @email, @word and others by name.",
        show_default=False,
    ),
]
TemplateOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--template",
        metavar="TEXT",
        help="Fill the holes of a text: {name:PATTERN}, {name:@date}, or {name} for a word; {{ and }} are braces.",
        show_default=False,
    ),
]
SeedOption: TypeAlias = Annotated[
    int | None, typer.Option("--seed", help="Same seed, same text; left out, one is chosen and reported.")
]
# a str and not a Literal, which typer does not know in all versions allowed: SampleConfig checks it
OnUnknownOption: TypeAlias = Annotated[
    str,
    typer.Option("--on-unknown", metavar="|".join(get_args(OnUnknown)), help="What becomes of unknown characters."),
]
NoColorOption: TypeAlias = Annotated[bool, typer.Option("--no-color", help="No colours and no moving screen.")]
NoEchoOption: TypeAlias = Annotated[bool, typer.Option("--no-echo", help="Write the model's text only.")]
RawOption: TypeAlias = Annotated[
    bool, typer.Option("--raw", help="Write control characters as they are; refused on a terminal.")
]
TensorboardOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--tensorboard",
        metavar="DIR",
        help="Write event files below this folder, too; needs the extra tensorboard.",
        rich_help_panel="Run",
        show_default=False,
    ),
]
