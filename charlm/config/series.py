"""`SeriesConfig`: the shape of a model of a series of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.config.model import CellName, DTypeName, GruReset, ModelConfig
from charlm.config.settings import check_settings, documented, like, setting
from charlm.errors import UsageError

__all__ = ["OutputActivation", "SeriesConfig"]

OutputActivation: TypeAlias = Literal["tanh", "identity"]


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesConfig:
    """The shape of a `SeriesModel`."""

    features: int = setting(
        1, "Numbers D at each step, which are read and predicted.", flags=None, low=1, high=65536
    )
    cell: CellName = like(ModelConfig, "cell", flags=None)
    hidden_size: int = like(ModelConfig, "hidden_size", flags=None, default=32)
    layers: int = like(ModelConfig, "layers", flags=None)
    dropout: float = like(ModelConfig, "dropout", flags=None)
    gru_reset: GruReset = like(ModelConfig, "gru_reset", flags=None)
    output_activation: OutputActivation = setting(
        "tanh", "Output of an LSTM: o ⊙ tanh(c), or linear in c, o ⊙ c.", flags=None
    )
    dtype: DTypeName = like(ModelConfig, "dtype", flags=None)

    def __post_init__(self) -> None:
        check_settings(self)
        if self.output_activation != "tanh" and self.cell != "lstm":
            raise UsageError(
                f'a linear output is that of an LSTM, not of {self.cell}; give cell="lstm", or leave it out'
            )
