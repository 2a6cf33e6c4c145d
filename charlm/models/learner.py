"""`Learner`: the protocol of a model that is trained, replicated on ranks and stored. `CharModel` is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from itertools import chain
from operator import attrgetter
from typing import Any, ClassVar, Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from charlm.errors import DivergedError, UsageError
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.parameters import ParameterStore
from charlm.nn.stack import StackState
from charlm.text.batches.base import Batch

__all__ = [
    "Learner",
    "LearnerT",
    "State",
    "check_finite",
    "check_kind",
    "from_json",
    "joined",
    "to_json",
    "with_params",
]

State: TypeAlias = StackState
"""The state of N streams, a value: a state for each layer, of arrays (N, H); () for none."""


def joined(states: Iterable[State]) -> State:
    """Return the state of several models as one: all layers of the first, then those of the second, and so on."""
    return tuple(chain.from_iterable(states))


class Learner(Protocol):
    """A model that learns from batches.

    The trainer, its ranks and the checkpoints call these methods and no others. `charlm.train` trains any class
    that has them, with its own `charlm.training.task.Task`. Worker processes import the class by name.

    Attributes
    ----------
    kind : str
        Name of the class in checkpoints.
    params : ParameterStore
        All weights, by their names in checkpoints.
    drops : bool
        Whether `loss` draws masks from `rng` or `weight_rng`.
    """

    kind: ClassVar[str]
    params: ParameterStore

    @property
    def drops(self) -> bool:
        """Whether `loss` draws masks."""

    def describe(self) -> dict[str, Any]:
        """Return everything but the weights that `build` needs, for JSON."""

    @classmethod
    def build(cls, description: Mapping[str, Any], params: ParameterStore | None = None) -> Self:
        """Build a learner from its description, with the weights in `params` or zeros.

        Raises
        ------
        CharlmError
            If the description is invalid.
        """

    def zero_state(self, streams: int) -> State:
        """Return the state of N streams that have read nothing."""

    def loss(
        self,
        batch: Batch,
        state: State | None = None,
        *,
        rng: np.random.Generator | None = None,
        weight_rng: np.random.Generator | None = None,
        scale: float | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[float, State, Callable[[], State]]:
        """Return the loss of a batch, the state after it, and the backward pass.

        Parameters
        ----------
        batch : Batch
        state : State, optional
            State after the window before; by default zero.
        rng, weight_rng : numpy.random.Generator, optional
            Draw the masks of activations and of weights; without them nothing is dropped.
        scale : float, optional
            Factor of the sum of all predictions' losses; by default 1 / their number.
        workspace : Workspace, optional
            Arrays that every window reuses.

        Returns
        -------
        loss : float
        state : State
        backprop : callable
            ``() -> dstate``; adds into ``params.grad``; once only.
        """


LearnerT = TypeVar("LearnerT", bound=Learner)


def check_kind(learner: object, kind: type[Learner]) -> None:
    """Raise an error for a learner of another kind.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> from charlm import CharModel, ModelConfig, Transducer, Vocabulary
    >>> check_kind(CharModel(ModelConfig(), Vocabulary.from_text("ab")), Transducer)
    Traceback (most recent call last):
    charlm.errors.UsageError: this is a language model, not a transducer; generate, score and evaluate take it
    """
    found = getattr(learner, "kind", type(learner).__name__)
    if found != kind.kind:
        remedy = {
            "language model": "generate, score and evaluate take it",
            "transducer": "transduce takes it",
            "series model": "its method generate continues a series",
            "mixture": "give one of its networks",
            "table of counts": "give a network",
        }
        raise UsageError(f"this is a {found}, not a {kind.kind}; {remedy.get(found, 'give one')}")


def check_finite(output: NDArray[np.floating[Any]]) -> None:
    """Raise an error for a model's output that is not finite.

    Raises
    ------
    DivergedError
    """
    if not np.isfinite(output).all():
        raise DivergedError.of_output()


def to_json(learner: Learner) -> dict[str, Any]:
    """Return the class of a learner and its description, without the weights, for another process."""
    cls = type(learner)
    return {"class": [cls.__module__, cls.__qualname__], "description": learner.describe()}


def from_json(data: Mapping[str, Any]) -> Learner:
    """Build a learner from the result of `to_json`, which is trusted; its weights are zero."""
    module, name = data["class"]
    cls: type[Learner] = attrgetter(name)(import_module(module))
    return cls.build(data["description"])


def with_params(learner: LearnerT, params: ParameterStore) -> LearnerT:
    """Return a copy of a learner with the weights and the gradient of another store."""
    return type(learner).build(learner.describe(), params)
