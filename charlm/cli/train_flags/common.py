"""The flags of ``charlm train`` that most runs need."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias, get_args

import typer

from charlm.cli.train_flags.declare import setting_option
from charlm.config.presets import PresetName

__all__ = [
    "Corpus",
    "Documents",
    "DryRun",
    "Epochs",
    "InitFrom",
    "Minutes",
    "Out",
    "Preset",
    "Steps",
]

option = partial(setting_option, panel="Common")

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
    option(
        "--preset",
        help=f"Named starting point; a flag beats it. One of {', '.join(get_args(PresetName))}. auto chooses "
        "by the size of the text and the budget.",
        value="PRESET",
    ),
]
Minutes: TypeAlias = Annotated[
    float | None, option("--minutes", help="Minutes that the whole command takes.", value="X")
]
Epochs: TypeAlias = Annotated[float | None, option("--epochs", help="Or passes over the text.", value="X")]
Steps: TypeAlias = Annotated[
    int | None,
    option("--steps", help="Or updates; 0 writes the start weights.", value="N"),
]
Out: TypeAlias = Annotated[
    Path | None,
    option("--out", help="Run folder; left out, checkpoints/<name of the text>.", value="DIR"),
]
Documents: TypeAlias = Annotated[
    bool | None, option("--documents/--no-documents", help="Each line is a text of its own.")
]
InitFrom: TypeAlias = Annotated[
    str | None,
    option(
        "--init-from",
        help="Fine-tune this model: take its weights, shape and vocabulary, extended by new symbols, and, of a "
        "model of documents, --documents. To continue a run as a whole, charlm resume.",
        value="MODEL",
    ),
]
DryRun: TypeAlias = Annotated[bool, option("--dry-run", help="Show steps, time and memory; train nothing.")]
