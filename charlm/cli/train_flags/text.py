"""The flags of ``charlm train`` for the text and its vocabulary."""

from __future__ import annotations

from functools import partial
from typing import Annotated, TypeAlias

from charlm import config
from charlm.cli.train_flags.declare import setting_option

__all__ = [
    "Encoding",
    "Errors",
    "Lowercase",
    "MinCount",
    "Normalize",
    "Unit",
    "ValFile",
    "ValFrac",
    "VocabFrom",
]

option = partial(setting_option, panel="Text")

Unit: TypeAlias = Annotated[
    str | None, option("--unit", help="Symbols that the model reads and writes.", choices=config.Unit)
]
MinCount: TypeAlias = Annotated[
    int,
    option("--min-count", help="Rarer symbols become one unknown symbol; 1 keeps all.", value="N"),
]
Normalize: TypeAlias = Annotated[
    str | None, option("--normalize", help="Unicode normalisation.", choices=config.Normalization)
]
Lowercase: TypeAlias = Annotated[bool | None, option("--lowercase", help="Read everything in lower case.")]
VocabFrom: TypeAlias = Annotated[
    str | None, option("--vocab-from", help="Take the vocabulary of this model.", value="MODEL")
]
ValFrac: TypeAlias = Annotated[
    float | None,
    option("--val-frac", help="Share of the text to validate on; 0: none.", value="P"),
]
ValFile: TypeAlias = Annotated[str | None, option("--val-file", help="Text to validate on.", value="CORPUS")]
Encoding: TypeAlias = Annotated[str, option("--encoding", help="Of the files.", value="ENCODING")]
Errors: TypeAlias = Annotated[
    str,
    option(
        "--errors",
        help="Refuse bytes that cannot be decoded, or replace them.",
        choices=config.DecodingErrors,
    ),
]
