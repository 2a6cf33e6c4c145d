"""`TransducerConfig`: the shape of a model of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.config.model import CellName, DTypeName, GruReset, ModelConfig
from charlm.config.settings import check_settings, documented, like, setting
from charlm.errors import UsageError

__all__ = ["LONGEST_OUTPUT", "OutputName", "TransducerConfig"]

LONGEST_OUTPUT = 200  # symbols by default
LONGEST_NGRAM = 16
OutputName: TypeAlias = Literal["text", "label", "tags"]


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class TransducerConfig:
    """The shape of a `Transducer`."""

    output: OutputName = setting(
        "text",
        "Kind of targets: texts, labels, or tags, one symbol for each character.",
        shows_default=False,  # the data may have another
        panel="Pairs",
    )
    cell: CellName = like(ModelConfig, "cell", more="It is that of encoder and decoder.")
    hidden_size: int = like(
        ModelConfig, "hidden_size", more="In a bidirectional layer, half of them read in each direction."
    )
    layers: int = like(ModelConfig, "layers", more="The encoder has so many, and the decoder.")
    embedding_size: int = like(ModelConfig, "embedding_size")
    attention: bool | None = setting(
        None,
        "For output text: attend to the source at every symbol.",
        more="It does so by default.",
        flags="attention/no-attention",
        panel="Pairs",
    )
    bidirectional: bool = setting(
        True, "Read the source in both directions.", flags="bidirectional/no-bidirectional", panel="Pairs"
    )
    ngrams: int = setting(
        0,
        "For output label: learn from the source's n-grams of up to so many characters as well; 0: no.",
        high=LONGEST_NGRAM,
        shows_default=False,  # decided by the preset
        panel="Pairs",
    )
    dropout: float = like(
        ModelConfig, "dropout", more="They are those between layers and before the head, and n-grams."
    )
    variational: bool = like(ModelConfig, "variational")
    weight_drop: float = like(ModelConfig, "weight_drop")
    gru_reset: GruReset = like(ModelConfig, "gru_reset")
    dtype: DTypeName = like(ModelConfig, "dtype")

    def __post_init__(self) -> None:
        check_settings(self)
        if self.bidirectional and self.hidden_size % 2:
            raise UsageError(
                f"`hidden_size` is {self.hidden_size}; it must be even, since half of the units read backward, "
                f"or switch `bidirectional` off"
            )
        if self.attention and self.output != "text":
            raise UsageError(f"`attention` goes with output text, not {self.output}; leave it out")
        if self.ngrams and self.output != "label":
            raise UsageError(f"`ngrams` goes with output label, not {self.output}; leave it out")

    @property
    def attends(self) -> bool:
        """Whether the decoder has attention."""
        return self.output == "text" and self.attention is not False

    def direction(self) -> ModelConfig:
        """Return the shape of one direction of the encoder."""
        return self._stack(self.hidden_size // 2 if self.bidirectional else self.hidden_size)

    def decoder(self) -> ModelConfig:
        """Return the shape of the decoder."""
        return self._stack(self.hidden_size)

    def _stack(self, hidden_size: int) -> ModelConfig:
        return ModelConfig(
            cell=self.cell,
            hidden_size=hidden_size,
            layers=self.layers,
            embedding_size=self.embedding_size,
            dropout=self.dropout,
            variational=self.variational,
            weight_drop=self.weight_drop,
            gru_reset=self.gru_reset,
            dtype=self.dtype,
        )
