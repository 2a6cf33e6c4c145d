"""`SeriesConfig`: the shape of a model of a series of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.config.checks import check_choice, check_number
from charlm.config.model import CellName, DTypeName, GruReset
from charlm.errors import UsageError

__all__ = ["OutputActivation", "SeriesConfig"]

OutputActivation: TypeAlias = Literal["tanh", "identity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesConfig:
    """The shape of a `SeriesModel`.

    Parameters
    ----------
    features : int
        Features D, the numbers at each step.
    cell : {"rnn", "lstm", "gru"}
        Kind of recurrent cell.
    hidden_size : int
        Hidden units H of each layer.
    layers : int
        Number of recurrent layers.
    dropout : float
        Probability that an activation is dropped while training, between layers and before the head.
    gru_reset : {"after", "before"}
        Place of a GRU's reset gate: after the recurrent product (PyTorch) or before it (Cho et al. 2014).
    output_activation : {"tanh", "identity"}
        Output of an LSTM: o ⊙ tanh(c), or linear in c, o ⊙ c.
    dtype : {"float32", "float64"}
        Precision of weights and arithmetic.
    """

    features: int = 1
    cell: CellName = "lstm"
    hidden_size: int = 32
    layers: int = 1
    dropout: float = 0.0
    gru_reset: GruReset = "after"
    output_activation: OutputActivation = "tanh"
    dtype: DTypeName = "float32"

    def __post_init__(self) -> None:
        check_number("features", self.features, low=1, high=65536, whole=True)
        check_choice("cell", self.cell, CellName)
        check_number("hidden_size", self.hidden_size, low=1, high=65536, whole=True)
        check_number("layers", self.layers, low=1, high=64, whole=True)
        check_number("dropout", self.dropout, high=1, below=True)
        check_choice("gru_reset", self.gru_reset, GruReset)
        check_choice("output_activation", self.output_activation, OutputActivation)
        check_choice("dtype", self.dtype, DTypeName)
        if self.output_activation != "tanh" and self.cell != "lstm":
            raise UsageError(
                f'a linear output is that of an LSTM, not of {self.cell}; give cell="lstm", or leave it out'
            )
