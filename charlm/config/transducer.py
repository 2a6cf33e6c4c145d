"""`TransducerConfig`: the shape of a model of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.config.checks import check_choice, check_number
from charlm.config.model import CellName, DTypeName, GruReset, ModelConfig
from charlm.errors import UsageError

__all__ = ["LONGEST_OUTPUT", "OutputName", "TransducerConfig"]

LONGEST_OUTPUT = 200  # symbols by default
OutputName: TypeAlias = Literal["text", "label", "tags"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransducerConfig:
    """The shape of a `Transducer`.

    Parameters
    ----------
    output : {"text", "label", "tags"}
        Output for a source: another text, one of several labels, or a tag for each symbol.
    cell : {"rnn", "lstm", "gru"}
        Kind of recurrent cell, of encoder and decoder.
    hidden_size : int
        Hidden units H of each layer; of a bidirectional layer, half of them in each direction.
    layers : int
        Number of recurrent layers, in the encoder and in the decoder each.
    embedding_size : int
        Features E of the learned input embeddings; 0 for one-hot input.
    bidirectional : bool
        Whether the encoder reads the source in both directions.
    attention : bool, optional
        Whether the decoder attends to every symbol of the source; for output text only, there by default True.
    dropout : float
        Probability that an activation is dropped while training, between layers and before the head.
    variational : bool
        Whether dropout drops the same units at all steps (Gal & Ghahramani 2016).
    weight_drop : float
        Probability that a recurrent weight is dropped for an update (DropConnect; Merity et al. 2018).
    gru_reset : {"after", "before"}
        Place of a GRU's reset gate: after the recurrent product (PyTorch) or before it (Cho et al. 2014).
    dtype : {"float32", "float64"}
        Precision of weights and arithmetic.
    """

    output: OutputName = "text"
    cell: CellName = "lstm"
    hidden_size: int = 128
    layers: int = 1
    embedding_size: int = 0
    bidirectional: bool = True
    attention: bool | None = None
    dropout: float = 0.0
    variational: bool = False
    weight_drop: float = 0.0
    gru_reset: GruReset = "after"
    dtype: DTypeName = "float32"

    def __post_init__(self) -> None:
        check_choice("output", self.output, OutputName)
        check_number("hidden_size", self.hidden_size, low=1, high=65536, whole=True)
        for name in ("bidirectional", "attention", "variational"):
            if not isinstance(getattr(self, name), bool) and (name, self.attention) != ("attention", None):
                raise UsageError(f"`{name}` is {getattr(self, name)!r}; it must be true or false")
        if self.bidirectional and self.hidden_size % 2:
            raise UsageError(
                f"`hidden_size` is {self.hidden_size}; it must be even, since half of the units read backward, "
                f"or switch `bidirectional` off"
            )
        if self.attention and self.output != "text":
            raise UsageError(f"`attention` goes with output text, not {self.output}; leave it out")
        self.direction()  # checks the rest

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
