"""The flags of ``charlm train`` for pairs, and those of a text that do not go with them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, TypeAlias

from charlm import config
from charlm.cli.train_flags.declare import setting_option
from charlm.errors import UsageError

__all__ = ["Attention", "Bidirectional", "Output", "Pairs", "refuse_flags"]

option = partial(setting_option, panel="Pairs")

Pairs: TypeAlias = Annotated[
    str | None,
    option(
        "--pairs",
        help="Learn from pairs to make of each source its target: a file with source<TAB>target a line, or "
        "builtin:NAME. charlm transduce applies the model.",
        value="FILE",
    ),
]
Output: TypeAlias = Annotated[
    str | None,
    option(
        "--output",
        help="What targets are: texts, labels, or tags, one symbol for each character.",
        choices=config.OutputName,
    ),
]
Attention: TypeAlias = Annotated[
    bool | None,
    option("--attention/--no-attention", help="For output text: look back at the source at every symbol."),
]
Bidirectional: TypeAlias = Annotated[
    bool | None, option("--bidirectional/--no-bidirectional", help="Read the source from both ends.")
]

_OF_PAIRS = ("output", "attention", "bidirectional")
_OF_TEXTS = (
    *("documents", "init_from", "vocab_from", "unit", "normalize", "lowercase"),
    *("sampling", "state_reset", "seq_length"),
)


def refuse_flags(flags: Mapping[str, Any]) -> None:
    """Refuse what does not go with ``--pairs``, or goes with it alone, and standard input as two things at once.

    Raises
    ------
    UsageError
    """
    of_pairs = flags["pairs"] is not None
    for name in _OF_TEXTS if of_pairs else _OF_PAIRS:
        if flags[name] is not None:
            flag = "--" + name.replace("_", "-")
            raise UsageError(f"{flag} is for {'texts, not for pairs' if of_pairs else 'pairs; add --pairs FILE'}")
    if of_pairs and flags["corpus"]:
        raise UsageError(
            f"--pairs brings the data along; leave {flags['corpus'][0]!r} out, or leave --pairs out to learn a text"
        )
    if flags["val_file"] == "-" and "-" in (flags["pairs"], *(flags["corpus"] or ())):
        raise UsageError("standard input can be read once; give --val-file a file")
