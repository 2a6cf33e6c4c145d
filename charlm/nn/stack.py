"""Recurrent layers on top of each other, with dropout between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from charlm.nn.arrays import Inputs
from charlm.nn.dropout import Dropout
from charlm.nn.parameters import FloatArray
from charlm.nn.recurrent import LayerState, Recurrent, Resets
from charlm.nn.workspace import Workspace

__all__ = ["Stack", "StackBackprop", "StackState", "map_state", "named_state"]

StackBackprop: TypeAlias = Callable[..., tuple[FloatArray | None, "StackState"]]
StackState: TypeAlias = tuple[LayerState, ...]
"""One state a layer, the lowest first."""


def map_state(function: Callable[[FloatArray], FloatArray], state: StackState) -> StackState:
    """Return the state with a function applied to every array."""
    layers: list[Any] = list(state)
    return tuple(layer._make(map(function, layer)) for layer in layers)


def named_state(state: StackState) -> dict[str, FloatArray]:
    """Return every array (H, N) of a state by its name in checkpoints, ``state.<layer>.<h|c>``."""
    layers: list[Any] = list(state)
    return {
        f"state.{k}.{part}": array
        for k, layer in enumerate(layers)
        for part, array in zip(layer._fields, layer, strict=True)
    }


class Stack:
    """L recurrent layers; each reads what the one below writes.

    Parameters
    ----------
    layers : sequence of Recurrent
        From the input up; each layer's D is the H of the one below.
    dropout : float
        Probability that an activation between two layers is dropped while training.
    variational : bool
        As for `Dropout`.
    """

    def __init__(self, layers: Sequence[Recurrent], *, dropout: float = 0.0, variational: bool = False) -> None:
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
            Zero when left out.
        resets : ndarray of bool, shape (T, N), optional
            Where the state is set to zero before the step.
        rng : numpy.random.Generator, optional
            Draws the dropout masks; without it no activation is dropped.
        weight_rng : numpy.random.Generator, optional
            Draws which recurrent weights are dropped; without it none are.
        workspace : Workspace, optional
            Where results are kept until the next window.

        Returns
        -------
        h : ndarray, shape (T, H, N)
        state : tuple of LayerState
        backprop : callable
            ``(dh, dstate=None) -> (dx, dstate)``; adds into the layers' gradients; once only.
        """
        ends, backprops, droppings = [], [], []
        states: Sequence[LayerState | None] = state if state is not None else [None] * len(self.layers)
        y: Any = x
        for k, (layer, start) in enumerate(zip(self.layers, states, strict=True)):
            if k and rng is not None:
                y, undrop = self.dropouts[k - 1].forward(y, rng, workspace=workspace)
                droppings.append(undrop)
            y, end, backprop_layer = layer.forward(
                y, start, resets=resets, weight_rng=weight_rng, workspace=workspace
            )
            ends.append(end)
            backprops.append(backprop_layer)

        def backprop(dy: FloatArray, dstate: StackState | None = None) -> tuple[FloatArray | None, StackState]:
            dstarts: list[LayerState] = []
            dx: FloatArray | None = dy
            for k in reversed(range(len(self.layers))):
                dx, dstart = backprops[k](dx, None if dstate is None else dstate[k])
                dstarts.append(dstart)
                if k and droppings and dx is not None:
                    dx = droppings[k - 1](dx)
            return dx, tuple(reversed(dstarts))

        return y, tuple(ends), backprop
