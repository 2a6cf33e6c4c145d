"""`ModelConfig`: the shape of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.config.settings import check_settings, documented, setting

__all__ = ["CellName", "DTypeName", "GruReset", "InitName", "ModelConfig"]

CellName: TypeAlias = Literal["rnn", "lstm", "gru"]
GruReset: TypeAlias = Literal["after", "before"]
DTypeName: TypeAlias = Literal["float32", "float64"]
InitName: TypeAlias = Literal["uniform", "min-char-rnn"]


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """The shape of a `CharModel`."""

    cell: CellName = setting("lstm", "Recurrent cell.", flags="model", panel="Model")
    hidden_size: int = setting(
        128, "Hidden units of a layer.", flags="hidden-size rnn-size", low=1, high=65536, panel="Model"
    )
    layers: int = setting(1, "Recurrent layers.", flags="layers num-layers", low=1, high=64, panel="Model")
    embedding_size: int = setting(0, "Features of the input embedding; 0 is one-hot.", high=65536, panel="Model")
    dropout: float = setting(
        0.0,
        "Share of activations dropped while training.",
        more="They are those between layers and before the head.",
        value="P",
        high=1,
        below=True,
        panel="Model",
    )
    variational: bool = setting(
        False,
        "Drop the same units at all steps of a window.",
        more="See Gal & Ghahramani (2016).",
        panel="Model",
    )
    weight_drop: float = setting(
        0.0,
        "Share of recurrent weights dropped in an update.",
        more="See Merity et al. (2018), DropConnect.",
        value="P",
        high=1,
        below=True,
        panel="Model",
    )
    gru_reset: GruReset = setting(
        "after",
        "Whether a GRU's reset gate acts after the recurrent product or before it.",
        more="After it in PyTorch, before it in Cho et al. (2014).",
        panel="Model",
    )
    init: InitName = setting(
        "uniform",
        "Initial weights: uniform in ±1/√H, or ±1 for one-hot input, and forget-gate bias 1; or 0.01·N(0, 1) and "
        "zero biases.",
        flags=None,
    )
    dtype: DTypeName = setting("float32", "Precision of weights and arithmetic.", panel="Model")

    def __post_init__(self) -> None:
        check_settings(self)
