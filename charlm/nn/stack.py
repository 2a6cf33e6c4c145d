"""A stack of recurrent layers, with dropout between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Protocol, TypeAlias

import numpy as np

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray, IdArray, Inputs, LayerState, Resets, StepInput
from charlm.nn.backprop import once
from charlm.nn.cell import StepFunction
from charlm.nn.dropout import Dropout
from charlm.nn.kernels.gate_products import DotFor
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.padding import check_initial_state, forward_padded
from charlm.nn.parameters import ParameterStore

__all__ = ["RecurrentLayer", "Stack", "StackBackprop", "StackState", "map_state", "named_state"]

StackBackprop: TypeAlias = Callable[..., tuple[FloatArray | None, "StackState"]]
StackState: TypeAlias = tuple[LayerState, ...]
"""A state for each layer, the lowest first."""


def map_state(function: Callable[[FloatArray], FloatArray], state: StackState) -> StackState:
    """Return the state with a function applied to every array."""
    layers: list[Any] = list(state)
    return tuple(layer._make(map(function, layer)) for layer in layers)


def named_state(state: StackState) -> dict[str, FloatArray]:
    """Return every array (N, H) of a state by its name in checkpoints, ``state.<layer>.<h|c>``."""
    layers: list[Any] = list(state)
    return {
        f"state.{k}.{part}": array
        for k, layer in enumerate(layers)
        for part, array in zip(layer._fields, layer, strict=True)
    }


class RecurrentLayer(Protocol):
    """A layer over sequences with a state; `charlm.nn.recurrent.Recurrent` is one."""

    params: ParameterStore
    input_size: int
    hidden_size: int

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw the initial weights, in place."""

    def zero_state(self, streams: int) -> Any:
        """Return the state of N streams that have read nothing."""

    def forward(
        self,
        x: Inputs,
        state: Any = None,
        *,
        resets: Resets | None = None,
        weight_rng: np.random.Generator | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[FloatArray, Any, Callable[..., tuple[FloatArray | None, Any]]]:
        """Advance over a whole sequence."""

    def stepper(
        self,
        streams: int | None,
        table: FloatArray | IdArray | None = None,
        *,
        dot_for: DotFor | None = None,
        in_place: bool = False,
    ) -> StepFunction:
        """Return a function that advances by one symbol."""


class Stack:
    """L recurrent layers; each reads the output of the one below.

    Parameters
    ----------
    layers : sequence of RecurrentLayer
        From the input up; each layer's D is the H of the one below.
    dropout : float
        Probability that an activation between two layers is dropped while training.
    variational : bool
        As for `Dropout`.

    Raises
    ------
    UsageError
        If a layer does not read as many features as the one below has units.

    Examples
    --------
    >>> from charlm.nn import GRU
    >>> stack = Stack([GRU(3, 5), GRU(5, 4)])
    >>> h, (lower, upper), backprop = stack.forward(np.ones((7, 2, 3), np.float32))  # (T, N, D)
    >>> h.shape, lower.h.shape, upper.h.shape
    ((7, 2, 4), (2, 5), (2, 4))
    """

    def __init__(
        self, layers: Sequence[RecurrentLayer], *, dropout: float = 0.0, variational: bool = False
    ) -> None:
        for below, above in pairwise(layers):
            if above.input_size != below.hidden_size:
                raise UsageError(
                    f"a layer of {above.input_size} input features lies on one of {below.hidden_size} units; "
                    f"give it input_size={below.hidden_size}"
                )
        self.layers = list(layers)
        self.dropouts = [Dropout(dropout, variational=variational) for _ in self.layers[1:]]

    def zero_state(self, streams: int) -> StackState:
        """Return the state of N streams that have read nothing."""
        return tuple(layer.zero_state(streams) for layer in self.layers)

    def forward(
        self,
        x: Inputs,
        state: StackState | None = None,
        *,
        resets: Resets | None = None,
        lengths: IdArray | None = None,
        rng: np.random.Generator | None = None,
        weight_rng: np.random.Generator | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[FloatArray, StackState, StackBackprop]:
        """Advance all layers over a whole sequence.

        Parameters
        ----------
        x : ndarray or Lookup
            As for `Recurrent.forward`.
        state : tuple of LayerState, optional
            By default zero.
        resets : ndarray of bool, shape (T, N), optional
            Streams whose state is set to zero before the step.
        lengths : ndarray of int, shape (N,), optional
            Lengths of sequences padded on the left, as for `forward_padded`; then without `state` and `resets`.
        rng : numpy.random.Generator, optional
            Draws the dropout masks; without it no activation is dropped.
        weight_rng : numpy.random.Generator, optional
            Draws the recurrent weights to drop; without it none are dropped.
        workspace : Workspace, optional
            Arrays for the results, overwritten by the next window.

        Returns
        -------
        h : ndarray, shape (T, N, H)
        state : tuple of LayerState
        backprop : callable
            ``(dh, dstate=None) -> (dx, dstate)``; adds into the layers' gradients; once only.
        """
        if lengths is not None:
            check_initial_state(state, resets)
            return forward_padded(self, x, lengths, rng=rng, weight_rng=weight_rng, workspace=workspace)
        ends, backprops, dropout_backprops = [], [], []
        states: Sequence[LayerState | None] = state if state is not None else [None] * len(self.layers)
        y: Any = x
        for k, (layer, start) in enumerate(zip(self.layers, states, strict=True)):
            if k and rng is not None:
                y, backprop_dropout = self.dropouts[k - 1].forward(y, rng, workspace=workspace)
                dropout_backprops.append(backprop_dropout)
            y, end, backprop_layer = layer.forward(
                y, start, resets=resets, weight_rng=weight_rng, workspace=workspace
            )
            ends.append(end)
            backprops.append(backprop_layer)

        @once
        def backprop(dy: FloatArray, dstate: StackState | None = None) -> tuple[FloatArray | None, StackState]:
            dstarts: list[LayerState] = []
            dx: FloatArray | None = dy
            for k in reversed(range(len(self.layers))):
                dx, dstart = backprops[k](dx, None if dstate is None else dstate[k])
                dstarts.append(dstart)
                if k and dropout_backprops and dx is not None:
                    dx = dropout_backprops[k - 1](dx)
            return dx, tuple(reversed(dstarts))

        return y, tuple(ends), backprop

    def stepper(
        self,
        streams: int | None,
        table: FloatArray | IdArray | None = None,
        *,
        dot_for: DotFor | None = None,
        in_place: bool = False,
    ) -> Callable[[StepInput, StackState], tuple[FloatArray, StackState]]:
        """Return a function that advances all layers by one step, with the weights as they are now.

        Parameters
        ----------
        streams, table, dot_for, in_place
            As for `Recurrent.stepper`; the table is the lowest layer's, and only its weights are read in place.

        Returns
        -------
        callable
            ``(x, state) -> (h, state)``: x (N, D) or ids (N,), h (N, H) of the top layer.
        """
        first, *others = self.layers
        steps = [first.stepper(streams, table, dot_for=dot_for, in_place=in_place)]
        steps += [layer.stepper(streams, dot_for=dot_for) for layer in others]

        if len(steps) == 1:  # a tenth faster without the loop
            (only,) = steps

            def step_one(x: StepInput, state: StackState) -> tuple[FloatArray, StackState]:
                h, end = only(x, state[0])
                return h, (end,)

            return step_one

        def step(x: StepInput, state: StackState) -> tuple[FloatArray, StackState]:
            h, end = steps[0](x, state[0])
            ends = [end]
            for layer_step, layer_state in zip(steps[1:], state[1:], strict=True):
                h, end = layer_step(h, layer_state)
                ends.append(end)
            return h, tuple(ends)

        return step
