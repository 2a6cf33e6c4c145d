"""`ModelConfig`: the shape of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.config.checks import check_choice, check_number

__all__ = ["CellName", "DTypeName", "GruReset", "InitName", "ModelConfig"]

CellName: TypeAlias = Literal["rnn", "lstm", "gru"]
GruReset: TypeAlias = Literal["after", "before"]
DTypeName: TypeAlias = Literal["float32", "float64"]
InitName: TypeAlias = Literal["uniform", "min-char-rnn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """The shape of a `CharModel`.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Kind of recurrent cell.
    hidden_size : int
        Hidden units H of each layer.
    layers : int
        Number of recurrent layers.
    embedding_size : int
        Features E of the learned input embedding; 0 for one-hot input.
    dropout : float
        Probability that an activation is dropped while training, between layers and before the head.
    variational : bool
        Whether dropout drops the same units at all steps of a window (Gal & Ghahramani 2016).
    weight_drop : float
        Probability that a recurrent weight is dropped for an update (DropConnect; Merity et al. 2018).
    gru_reset : {"after", "before"}
        Place of a GRU's reset gate: after the recurrent product (PyTorch) or before it (Cho et al. 2014).
    init : {"uniform", "min-char-rnn"}
        Initial weights: uniform in ±1/√H, or ±1 for one-hot input, and forget-gate bias 1; or 0.01·N(0, 1) and zero
        biases.
    dtype : {"float32", "float64"}
        Precision of weights and arithmetic.
    """

    cell: CellName = "lstm"
    hidden_size: int = 128
    layers: int = 1
    embedding_size: int = 0
    dropout: float = 0.0
    variational: bool = False
    weight_drop: float = 0.0
    gru_reset: GruReset = "after"
    init: InitName = "uniform"
    dtype: DTypeName = "float32"

    def __post_init__(self) -> None:
        check_choice("cell", self.cell, CellName)
        check_number("hidden_size", self.hidden_size, low=1, high=65536, whole=True)
        check_number("layers", self.layers, low=1, high=64, whole=True)
        check_number("embedding_size", self.embedding_size, high=65536, whole=True)
        check_number("dropout", self.dropout, high=1, below=True)
        check_number("weight_drop", self.weight_drop, high=1, below=True)
        check_choice("gru_reset", self.gru_reset, GruReset)
        check_choice("init", self.init, InitName)
        check_choice("dtype", self.dtype, DTypeName)
