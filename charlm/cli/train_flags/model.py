"""The flags of ``charlm train`` for the shape of the model."""

from __future__ import annotations

from functools import partial
from typing import Annotated, TypeAlias

from charlm import config
from charlm.cli.train_flags.declare import setting_option

__all__ = [
    "Cell",
    "Dropout",
    "Dtype",
    "EmbeddingSize",
    "GruReset",
    "HiddenSize",
    "Layers",
    "Variational",
    "WeightDrop",
]

option = partial(setting_option, panel="Model")

Cell: TypeAlias = Annotated[str | None, option("--model", help="Recurrent cell.", choices=config.CellName)]
HiddenSize: TypeAlias = Annotated[
    int | None, option("--hidden-size", "--rnn-size", help="Hidden units of a layer.", value="N")
]
Layers: TypeAlias = Annotated[int | None, option("--layers", "--num-layers", help="Recurrent layers.", value="N")]
EmbeddingSize: TypeAlias = Annotated[
    int | None,
    option("--embedding-size", help="Features of the input embedding; 0 is one-hot.", value="N"),
]
Dropout: TypeAlias = Annotated[
    float | None, option("--dropout", help="Share of activations dropped while training.", value="P")
]
Variational: TypeAlias = Annotated[
    bool | None,
    option("--variational", help="Drop the same units at all steps of a window."),
]
WeightDrop: TypeAlias = Annotated[
    float | None,
    option("--weight-drop", help="Share of recurrent weights dropped in an update.", value="P"),
]
GruReset: TypeAlias = Annotated[
    str | None,
    option(
        "--gru-reset",
        help="Whether a GRU's reset gate acts after the recurrent product or before it.",
        choices=config.GruReset,
    ),
]
Dtype: TypeAlias = Annotated[
    str | None, option("--dtype", help="Precision of weights and arithmetic.", choices=config.DTypeName)
]
