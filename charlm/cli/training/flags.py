"""The flags of ``charlm train`` that are not settings of `charlm.config`, and the check for incompatible flags."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args

import typer

from charlm.cli.options import choices_of
from charlm.config import DecodingErrors, ModelConfig, TransducerConfig
from charlm.config.presets import PresetName
from charlm.config.settings import settings_of
from charlm.errors import UsageError

__all__ = [
    "Corpus",
    "Distributed",
    "DryRun",
    "Encoding",
    "Errors",
    "Force",
    "InitFrom",
    "Json",
    "Members",
    "Out",
    "Pairs",
    "Preset",
    "Quiet",
    "ValFile",
    "VocabFrom",
    "refuse_flags",
]


def _option(flag: str, *, help: str, panel: str, value: str | None = None) -> Any:  # noqa: A002
    return typer.Option(flag, help=help, metavar=value, rich_help_panel=panel)


Corpus: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CORPUS",
        help="Files, folders, .zip, .gz and the like, - for stdin, or builtin:NAME; none: builtin:tales.",
        show_default=False,
    ),
]
Preset: TypeAlias = Annotated[
    str,
    _option(
        "--preset",
        help=f"Named starting point; a flag beats it. One of {', '.join(get_args(PresetName))}. auto chooses "
        "by the size of the text and the budget.",
        panel="Common",
        value="PRESET",
    ),
]
Out: TypeAlias = Annotated[
    Path | None,
    _option("--out", help="Run folder; left out, checkpoints/<name of the text>.", panel="Common", value="DIR"),
]
InitFrom: TypeAlias = Annotated[
    str | None,
    _option(
        "--init-from",
        help="Fine-tune this model: take its weights, shape and vocabulary, extended by new symbols, and, of a "
        "model of documents, --documents. To continue a run as a whole, charlm resume.",
        panel="Common",
        value="MODEL",
    ),
]
Members: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--members",
        help="Networks of a mixture, trained side by side from different seeds; their average is better than any.",
        metavar="K",
        rich_help_panel="Model",
        show_default="by preset",
    ),
]
DryRun: TypeAlias = Annotated[
    bool, _option("--dry-run", help="Show steps, time and memory; train nothing.", panel="Common")
]
VocabFrom: TypeAlias = Annotated[
    str | None, _option("--vocab-from", help="Take the vocabulary of this model.", panel="Text", value="MODEL")
]
ValFile: TypeAlias = Annotated[
    str | None, _option("--val-file", help="Held-out text.", panel="Text", value="CORPUS")
]
Encoding: TypeAlias = Annotated[str, _option("--encoding", help="Of the files.", panel="Text", value="ENCODING")]
Errors: TypeAlias = Annotated[
    str,
    _option(
        "--errors",
        help="Refuse bytes that cannot be decoded, or replace them.",
        panel="Text",
        value=choices_of(DecodingErrors),
    ),
]
Pairs: TypeAlias = Annotated[
    str | None,
    _option(
        "--pairs",
        help="Learn to map each source to its target: a file with source<TAB>target a line, or "
        "builtin:NAME. charlm transduce applies the model.",
        panel="Pairs",
        value="FILE",
    ),
]
Force: TypeAlias = Annotated[bool, _option("--force", help="Replace a run folder that exists.", panel="Run")]
Distributed: TypeAlias = Annotated[
    bool,
    _option(
        "--distributed",
        help="Under mpiexec: share the shards among its ranks, on one machine or several; never changes a bit.",
        panel="Run",
    ),
]
Json: TypeAlias = Annotated[bool, _option("--json", help="Events as JSON lines on stdout.", panel="Output")]
Quiet: TypeAlias = Annotated[bool, _option("--quiet", help="Show nothing.", panel="Output")]

_OF_PAIRS = tuple(settings_of(TransducerConfig).keys() - settings_of(ModelConfig).keys())
_OF_TEXTS = (
    *("documents", "init_from", "vocab_from", "unit", "normalize", "lowercase", "members", "counts"),
    *("sampling", "state_reset", "seq_length"),
)


def refuse_flags(flags: Mapping[str, Any]) -> None:
    """Refuse flags that exclude or need ``--pairs``, and standard input that is given twice.

    Raises
    ------
    UsageError
    """
    of_pairs = flags["pairs"] is not None
    for name in _OF_TEXTS if of_pairs else _OF_PAIRS:
        if flags.get(name) is not None:
            flag = "--" + name.replace("_", "-")
            raise UsageError(f"{flag} is for {'texts, not for pairs' if of_pairs else 'pairs; add --pairs FILE'}")
    if of_pairs and flags["corpus"]:
        raise UsageError(
            f"--pairs brings the data along; leave {flags['corpus'][0]!r} out, or leave --pairs out to learn a text"
        )
    if flags["val_file"] == "-" and "-" in (flags["pairs"], *(flags["corpus"] or ())):
        raise UsageError("standard input can be read once; give --val-file a file")
