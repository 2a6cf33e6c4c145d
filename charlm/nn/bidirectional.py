"""Two recurrent layers over the same input, one of which reads it backwards.

::

    forward                                   backward

    (1) x' = reversed(x)                      (1′) dx = dx_f + reversed(dx')
    (2) h_f = layer_f(x)                      (2′) dx_f = backprop_f(dh_f)
        h_b = reversed(layer_b(x'))                dx' = backprop_b(reversed(dh_b))
    (3) h = [h_f; h_b]                        (3′) dh_f, dh_b = split(dh)

Each sequence is reversed within its own steps. So both layers read sequences that are padded on the left, each from
zero state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray, IdArray, Inputs, LayerState, Lookup, Resets
from charlm.nn.backprop import once
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.padding import check_initial_state, forward_padded
from charlm.nn.parameters import ParameterStore, join
from charlm.nn.recurrent import Recurrent

__all__ = ["Bidirectional", "BidirectionalState"]


class BidirectionalState(NamedTuple):
    """The states of both layers."""

    forward: LayerState
    backward: LayerState


class Bidirectional:
    """A layer over sequences ``(T, N, D) -> (T, N, H + H')``, whose every output depends on the whole sequence.

    It can encode, tag and classify. It cannot predict the next symbol: it has no `stepper`, and cannot be part of a
    language model.

    Parameters
    ----------
    forward, backward : RNN, LSTM or GRU
        Read the sequence forwards and backwards; both have the same D and precision.
    params : ParameterStore, optional
        A store that holds the weights of both layers under ``forward`` and ``backward``; by default a new one.

    Raises
    ------
    UsageError
        If the layers differ in D or precision.

    References
    ----------
    .. [1] Schuster & Paliwal (1997), "Bidirectional Recurrent Neural Networks".

    Examples
    --------
    >>> from charlm.nn import LSTM, pad_left
    >>> layer = Bidirectional(LSTM(3, 5), LSTM(3, 4))
    >>> x, lengths, _ = pad_left([np.ones((7, 3), np.float32), np.ones((2, 3), np.float32)])
    >>> h, state, backprop = layer.forward(x, lengths=lengths)
    >>> h.shape, state.forward.h.shape, state.backward.h.shape
    ((7, 2, 9), (2, 5), (2, 4))
    """

    def __init__(
        self,
        forward: Recurrent[Any, Any, Any],
        backward: Recurrent[Any, Any, Any],
        *,
        params: ParameterStore | None = None,
    ) -> None:
        if forward.input_size != backward.input_size:
            raise UsageError(
                f"the forward layer reads {forward.input_size} features, the backward one {backward.input_size}; "
                f"give both the same input_size"
            )
        self.directions = (forward, backward)
        self.input_size = forward.input_size
        self.hidden_size = forward.hidden_size + backward.hidden_size
        self.params = join(forward=forward, backward=backward) if params is None else params

    @classmethod
    def of(
        cls,
        cell: Callable[..., Recurrent[Any, Any, Any]],
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
        **options: Any,
    ) -> Bidirectional:
        """Build a layer with the same cell in both directions.

        Parameters
        ----------
        cell : type
            `RNN`, `LSTM` or `GRU`.
        input_size, hidden_size : int
            D, and the units of each direction.
        rng : numpy.random.Generator, optional
            Draws the initial weights of both layers; by default from seed 0.
        dtype, **options
            As for the cell.

        Examples
        --------
        >>> from charlm.nn import GRU
        >>> Bidirectional.of(GRU, 3, 5, reset="before").hidden_size
        10
        """
        rng = np.random.default_rng(0) if rng is None else rng
        forward, backward = (cell(input_size, hidden_size, rng=rng, dtype=dtype, **options) for _ in range(2))
        return cls(forward, backward)

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw the initial weights of both layers, in place."""
        for layer in self.directions:
            layer.initialize_(rng)

    def zero_state(self, streams: int) -> BidirectionalState:
        """Return the state of N streams that have read nothing."""
        forward, backward = (layer.zero_state(streams) for layer in self.directions)
        return BidirectionalState(forward, backward)

    def forward(
        self,
        x: Inputs,
        state: BidirectionalState | None = None,
        *,
        lengths: IdArray | None = None,
        resets: Resets | None = None,
        weight_rng: np.random.Generator | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[FloatArray, BidirectionalState, Callable[..., tuple[FloatArray | None, BidirectionalState]]]:
        """Read a whole sequence in both directions.

        Parameters
        ----------
        x : ndarray or Lookup
            As for `Recurrent.forward`.
        state : BidirectionalState, optional
            The forward layer's before the first step, and the backward layer's before the last; by default zero.
        lengths : ndarray of int, shape (N,), optional
            Lengths of sequences padded on the left, as for `forward_padded`; then without `state` and `resets`.
        resets : ndarray of bool, shape (T, N), optional
            Steps at which a new sequence begins, from zero state. The backward layer reads the sequences in the
            same order, each from its end.
        weight_rng, workspace
            As for `Recurrent.forward`.

        Returns
        -------
        h : ndarray, shape (T, N, H + H')
        state : BidirectionalState
            After the last symbol that each layer reads; for the backward layer, this is the first of the sequence.
        backprop : callable
            ``(dh, dstate=None) -> (dx, dstate)``; adds into ``params.grad``; once only.

        Raises
        ------
        UsageError
            If a shape does not fit.
        """
        if lengths is not None:
            check_initial_state(state, resets)
            return forward_padded(self, x, lengths, weight_rng=weight_rng, workspace=workspace)
        ws = Workspace() if workspace is None else workspace
        reverse = _reversal(resets, (x.ids if isinstance(x, Lookup) else x).shape[1])
        reversed_x = Lookup(reverse(x.ids), x.table) if isinstance(x, Lookup) else reverse(x)  # (1)
        layer_f, layer_b = self.directions
        start_f, start_b = (None, None) if state is None else state
        h_f, end_f, backprop_f = layer_f.forward(x, start_f, resets=resets, weight_rng=weight_rng, workspace=ws)
        h_b, end_b, backprop_b = layer_b.forward(
            reversed_x, start_b, resets=resets, weight_rng=weight_rng, workspace=ws
        )
        H = layer_f.hidden_size
        h = ws.array((self, "h"), (*h_f.shape[:2], self.hidden_size), h_f.dtype)
        h[..., :H], h[..., H:] = h_f, reverse(h_b)  # (2), (3)

        @once
        def backprop(
            dh: FloatArray, dstate: BidirectionalState | None = None
        ) -> tuple[FloatArray | None, BidirectionalState]:
            dend_f, dend_b = (None, None) if dstate is None else dstate
            dx, dstart_f = backprop_f(dh[..., :H], dend_f)  # (3′), (2′)
            dx_b, dstart_b = backprop_b(reverse(dh[..., H:]), dend_b)
            if dx is not None and dx_b is not None:
                # (1′); the gradient of a lookup is that of its table
                dx = dx + (dx_b if isinstance(x, Lookup) else reverse(dx_b))
            return dx, BidirectionalState(dstart_f, dstart_b)

        return h, BidirectionalState(end_f, end_b), backprop

    def stepper(self, *_: object, **__: object) -> NoReturn:
        """Raise an error: a bidirectional layer cannot predict the next symbol.

        Raises
        ------
        UsageError
        """
        raise UsageError(
            "a bidirectional layer reads what comes next, so it cannot predict it; "
            "give a language model RNN, LSTM or GRU layers, or use a bidirectional encoder in a transducer"
        )


def _reversal(resets: Resets | None, N: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return a function that reverses each sequence of arrays (T, N, …) within its own steps."""
    if resets is None or not resets[1:].any():
        return lambda array: array[::-1]
    T = len(resets)
    steps = np.arange(T)[:, None]
    ends = np.ones_like(resets)
    ends[:-1] = resets[1:]
    first = np.maximum.accumulate(np.where(resets, steps, 0))
    last = np.minimum.accumulate(np.where(ends, steps, T)[::-1])[::-1]
    order, streams = first + last - steps, np.arange(N)
    return lambda array: array[order, streams]
