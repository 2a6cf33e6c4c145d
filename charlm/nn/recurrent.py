"""`Recurrent`: a cell over time, in the loops of training, forward and backward, or step by step.

Arrays inside a window are (G, T, N, H): each gate of the whole window is a matrix (T·N, H), and nothing is copied
between the time loop and the products over the window. Code that exists for speed alone is in `charlm.nn.kernels`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, cast

import numpy as np

from charlm.nn.arrays import FloatArray, IdArray, Inputs, LayerState, Lookup, Resets, check_shape, occurring
from charlm.nn.backprop import once
from charlm.nn.cell import Cell, StepFunction, WindowT
from charlm.nn.kernels.gate_products import DotFor, GateProduct
from charlm.nn.kernels.products import Products
from charlm.nn.kernels.reader import make_reader, make_reader_in_place
from charlm.nn.kernels.weights import WindowWeights
from charlm.nn.kernels.window import BackwardT, ForwardT
from charlm.nn.kernels.workspace import Workspace

__all__ = ["Backprop", "Recurrent"]

Backprop: TypeAlias = Callable[..., tuple[FloatArray | None, LayerState]]
"""``(dy, dstate=None) -> (dx, dstate)``; adds into the parameters' gradients; to be called once."""


class Recurrent(Cell[ForwardT, BackwardT, WindowT]):
    """A recurrent layer over sequences ``(T, N, D) -> (T, N, H)``.

    Parameters
    ----------
    input_size, hidden_size, params, rng, dtype, weight_drop
        As for `Cell`.
    """

    # -- sequences --

    def forward(
        self,
        x: Inputs,
        state: LayerState | None = None,
        *,
        resets: Resets | None = None,
        weight_rng: np.random.Generator | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[FloatArray, LayerState, Backprop]:
        """Advance over a whole sequence.

        Parameters
        ----------
        x : ndarray or Lookup
            (T, N, D) inputs; or ids (T, N) for one-hot rows; or a lookup.
        state : LayerState, optional
            Carried over from the window before, of arrays (N, H); by default zero.
        resets : ndarray of bool, shape (T, N), optional
            Streams whose state is set to zero before the step.
        weight_rng : numpy.random.Generator, optional
            Draws the recurrent weights to drop; without it none are dropped.
        workspace : Workspace, optional
            Arrays for the results, overwritten by the next window; by default fresh ones.

        Returns
        -------
        h : ndarray, shape (T, N, H)
        state : LayerState
        backprop : callable
            ``(dh, dstate=None) -> (dx, dstate)``; adds into ``params.grad``; once only.

        Raises
        ------
        UsageError
            If a shape does not fit.
        """
        T, N = self._extent(x)
        H = self.hidden_size
        symbols: IdArray | None = None
        if not isinstance(x, Lookup) and x.ndim == 2:
            symbols, x = occurring(cast("IdArray", x), self.input_size)
        ws = Workspace() if workspace is None else workspace
        weights = self._weights(ws, N)
        mask = weights.load_(self, symbols, weight_rng)

        start = self.zero_state(N) if state is None else state
        for part in start:
            check_shape("the state", part, (N, H), "(N, H)")
        window = self._window(ws, T, N, resets)
        window.load_(self.params)
        keep = None  # (T, N, 1): 0 where a state is set to zero
        if resets is not None and _inside(resets):
            keep = (~resets[:, :, None]).astype(self.params.dtype)
        for slots, part in zip(window.states, start, strict=True):
            slots[0] = part
            if resets is not None:
                slots[0][resets[0]] = 0

        backprop_x = weights.input.project(x, out=window.z, symbols=symbols)
        step_forward = self.step_forward
        with window.unbuffered():
            for t, step in enumerate(window.forward):
                if keep is not None:
                    for slots, before in zip(window.states, window.before, strict=True):
                        np.multiply(slots[t], keep[t], before[t])
                step_forward(step)
        end: LayerState = self.state_type(*(slots[T].copy() for slots in window.states))

        @once
        def backprop(dy: FloatArray, dstate: LayerState | None = None) -> tuple[FloatArray | None, LayerState]:
            check_shape("dh", dy, (T, N, H), "(T, N, H)")
            for d, part in zip(window.carry, dstate or self.zero_state(N), strict=True):
                d[...] = part
            dh, dhs, backward, step_backward = window.carry[0], list(dy), window.backward, self.step_backward
            for steps in window.chunks():
                self.gate_factors(window, steps)
                with window.unbuffered():
                    for t in range(steps.stop - 1, steps.start - 1, -1):
                        np.add(dh, dhs[t], dh)
                        step_backward(backward[t])
                        if keep is not None:
                            for d in window.carry:
                                np.multiply(d, keep[t], d)
            dstart: LayerState = self.state_type(*(d.copy() for d in window.carry))
            if resets is not None:
                for d in dstart:
                    d[resets[0]] = 0
            return self.gradients_(window, mask, backprop_x), dstart

        return window.states[0][1:], end, backprop

    def trace(
        self,
        x: Inputs,
        state: LayerState | None = None,
        *,
        resets: Resets | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[dict[str, FloatArray], LayerState]:
        """Advance over a whole sequence and return every activation.

        Parameters
        ----------
        x, state, resets, workspace
            As for `forward`.

        Returns
        -------
        activations : dict of ndarray, each (T, N, H)
            By their letters in the equations: the gates, the hidden state h, and c of an LSTM. The next window
            of the same workspace overwrites them.
        state : LayerState
        """
        ws = Workspace() if workspace is None else workspace
        h, end, _ = self.forward(x, state, resets=resets, workspace=ws)
        T, N = h.shape[:2]
        window = self._window(ws, T, N, resets)
        gates = zip(self.order(N), window.z, strict=True) if self.gate_names else ()
        states = dict(zip(self.state_type._fields, window.states, strict=True))
        return {self.gate_names[gate.position]: z for gate, z in gates} | {s: h[1:] for s, h in states.items()}, end

    def _extent(self, x: Inputs) -> tuple[int, int]:
        """Return (T, N)."""
        if isinstance(x, Lookup):
            x = x.ids
        if x.dtype.kind == "f":
            check_shape("the input", x, (None, None, self.input_size), "(T, N, D)")
        else:
            check_shape("ids", x, (None, None), "(T, N)")
        return x.shape[0], x.shape[1]

    def _weights(self, ws: Workspace, N: int) -> WindowWeights:
        return ws.get((self, "weights", N), lambda: WindowWeights(self, N))

    def _window(self, ws: Workspace, T: int, N: int, resets: Resets | None) -> WindowT:
        """Return the arrays of all windows of this size in a workspace."""
        inside = _inside(resets)
        return ws.get(
            (self, "window", T, N, inside),
            lambda: self.window(T, N, self._weights(ws, N).products, resets=inside),
        )

    # -- inference, one symbol at a time --

    def step(self, x: FloatArray | IdArray, state: LayerState) -> tuple[FloatArray, LayerState]:
        """Advance N streams by one symbol; nothing is stored for a backward pass.

        Packs the weights at every call: for many steps, `stepper` is up to thirty times as fast.

        Parameters
        ----------
        x : ndarray
            (N, D) inputs or (N,) ids.
        state : LayerState
            Unchanged.

        Returns
        -------
        h : ndarray, shape (N, H)
        state : LayerState
        """
        return self.stepper(len(x))(x, state)

    def stepper(
        self,
        streams: int | None,
        table: FloatArray | IdArray | None = None,
        *,
        dot_for: DotFor | None = None,
        in_place: bool = False,
    ) -> StepFunction:
        """Return a function that advances by one symbol, with the weights as they are now.

        Parameters
        ----------
        streams : int or None
            N; None for one stream without an axis, which is fastest.
        table : ndarray, shape (D, V), or of int, shape (S,), optional
            Ids select columns of this table, by default of the identity (one-hot). With symbols (S,), for
            one-hot input from a large vocabulary, ids are indices into these.
        dot_for : callable, optional
            As for `charlm.nn.kernels.gate_products.GateProduct`.
        in_place : bool
            Whether the input weights of a table of symbols are read where they are, without a copy. They must then
            not change while the function is used. N streams only.
        """
        H, dtype = self.hidden_size, self.params.dtype
        products = [
            GateProduct(gates, H, H, streams, dtype, dot_for=dot_for, row_invariant=True)
            for gates in self.recurrent_groups
        ]
        Products(products, []).load_(self.by_gate("W_h"))
        make = make_reader_in_place if in_place else make_reader
        return self.step_function(make(self, streams, table), products)


def _inside(resets: Resets | None) -> bool:
    """Return whether a state is set to zero after the first step; before it, that is the initial state."""
    return resets is not None and bool(resets[1:].any())
