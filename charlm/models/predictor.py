"""`Predictor`: the protocol of what predicts the next symbol of a text. Networks, counts and mixtures are such."""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

from charlm.models.language_model import CharModel
from charlm.models.learner import State, check_kind
from charlm.models.network import Stepper
from charlm.nn.arrays import FloatArray, IdArray, Resets
from charlm.text.vocabulary import Vocabulary

__all__ = ["Predictor", "check_predictor"]


@runtime_checkable
class Predictor(Protocol):
    """A model that predicts each symbol of a text from those before it.

    Sampling, beam search, scoring and evaluation call these methods and no others. `softmax` of its logits gives
    the probabilities; a predictor without logits of its own returns ln p.

    Attributes
    ----------
    kind : str
        Name of the class in messages.
    vocabulary : Vocabulary
        Symbols of inputs and outputs.
    """

    kind: ClassVar[str]
    vocabulary: Vocabulary

    @property
    def hidden_size(self) -> int:
        """H of its widest layer."""

    @property
    def work(self) -> int:
        """Multiplications a symbol, roughly."""

    def zero_state(self, streams: int) -> State:
        """Return the state of N streams that have read nothing: zeros."""

    def stepper(self, streams: int | None = None, *, cores: int | None = None) -> Stepper:
        """Return a function that reads one symbol a stream, as `Network.stepper` does."""

    def logits(
        self, ids: IdArray, state: State | None = None, *, resets: Resets | None = None
    ) -> tuple[FloatArray, State]:
        """Read ids (T, N); return logits (T, N, V) and the state, as `Network.logits` does."""


def check_predictor(model: Predictor) -> None:
    """Raise an error for a model that does not predict texts.

    Raises
    ------
    UsageError
    """
    if not isinstance(model, Predictor):
        check_kind(model, CharModel)
