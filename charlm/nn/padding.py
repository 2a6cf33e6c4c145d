"""Padding: sequences of unequal lengths in one batch. The time loop needs no lengths.

::

    pad_left     . . a b c     encoders: each sequence begins with a reset and ends at the last step, which has the
                 d e f g h     final state of every stream (many-to-one: ``h[-1]``)

    pad_right    a b c . .     decoders: all sequences begin at the first step, and a mask in the loss excludes the
                 d e f g h     padding

A layer reads the padding on the left first, then the sequence from zero state: outputs, final states and gradients
are those of the sequence alone, as with PyTorch's packed sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray, IdArray, Inputs, Lookup, check_shape
from charlm.nn.backprop import once
from charlm.nn.kernels.workspace import Workspace

__all__ = ["check_initial_state", "forward_padded", "left_mask", "pad_left", "pad_right", "zero_rows"]

Bools: TypeAlias = NDArray[np.bool_]
_State = TypeVar("_State", bound=tuple[Any, ...])


def pad_left(sequences: Sequence[ArrayLike]) -> tuple[NDArray[Any], NDArray[np.intp], Bools]:
    """Copy sequences into one array, aligned at its end.

    Parameters
    ----------
    sequences : sequence of N arrays, each (length, D) or (length,)
        Inputs or ids.

    Returns
    -------
    x : ndarray, shape (T, N, D) or (T, N)
        Zero in the padding; T is the largest length.
    lengths : ndarray of int, shape (N,)
    resets : ndarray of bool, shape (T, N)
        True where a sequence begins, for the `resets` of a recurrent layer.

    Raises
    ------
    UsageError
        If there are no sequences, or their features differ.

    Examples
    --------
    >>> x, lengths, resets = pad_left([[1, 2, 3], [4]])
    >>> x.T.tolist(), lengths.tolist()
    ([[1, 2, 3], [0, 0, 4]], [3, 1])
    >>> resets.T.astype(int).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    arrays, lengths, x = _allocate(sequences)
    T = len(x)
    for n, array in enumerate(arrays):
        x[T - len(array) :, n] = array
    return x, lengths, _starts(lengths, T)


def pad_right(sequences: Sequence[ArrayLike]) -> tuple[NDArray[Any], NDArray[np.intp], Bools]:
    """Copy sequences into one array, aligned at its beginning.

    Parameters
    ----------
    sequences
        As for `pad_left`.

    Returns
    -------
    x, lengths
        As `pad_left` returns them.
    mask : ndarray of bool, shape (T, N)
        True within the sequences, for the `mask` of a loss.

    Raises
    ------
    UsageError
        If there are no sequences, or their features differ.

    Examples
    --------
    >>> x, lengths, mask = pad_right([[1, 2, 3], [4]])
    >>> x.T.tolist(), mask.T.astype(int).tolist()
    ([[1, 2, 3], [4, 0, 0]], [[1, 1, 1], [1, 0, 0]])
    """
    arrays, lengths, x = _allocate(sequences)
    for n, array in enumerate(arrays):
        x[: len(array), n] = array
    return x, lengths, np.arange(len(x))[:, None] < lengths


def left_mask(lengths: IdArray, steps: int) -> Bools:
    """Return a mask (T, N) of sequences of these lengths (N,), padded on the left."""
    return np.arange(steps)[:, None] >= steps - lengths


def zero_rows(array: NDArray[Any], real: Bools, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Copy an array, with zeros where `real`, over its first axes, is False."""
    out = np.empty_like(array) if out is None else out
    np.copyto(out, array)
    out[~real] = 0
    return out


def forward_padded(
    layer: Any, x: Inputs, lengths: IdArray, *, workspace: Workspace | None = None, **options: Any
) -> tuple[FloatArray, Any, Any]:
    """Run a layer over sequences that are padded on the left, each from zero state.

    Parameters
    ----------
    layer : RNN, LSTM, GRU, Bidirectional or Stack
    x : ndarray or Lookup
        (T, N, D), or ids (T, N), or a lookup. The padding may have any value.
    lengths : ndarray of int, shape (N,)
        From 0 to T.
    workspace : Workspace, optional
        Arrays for the results, overwritten by the next window.
    **options
        Other arguments of the layer, such as `weight_rng`.

    Returns
    -------
    h : ndarray, shape (T, N, H)
        Zero in the padding.
    state
        After each stream's last step; zero for an empty sequence.
    backprop : callable
        As of the layer. Gradients of outputs in the padding are ignored, those of inputs in it are zero.

    Raises
    ------
    UsageError
        If the lengths do not fit.

    Examples
    --------
    >>> from charlm.nn import GRU
    >>> layer = GRU(3, 5)
    >>> x, lengths, _ = pad_left([np.ones((4, 3), np.float32), np.ones((2, 3), np.float32)])
    >>> h, state, backprop = forward_padded(layer, x, lengths)
    >>> np.allclose(state.h[1], layer.forward(x[2:])[1].h[1])  # the second alone
    True
    """
    ids = x.ids if isinstance(x, Lookup) else x
    T, N = ids.shape[:2]
    check_shape("lengths", lengths, (N,), "(N,)")
    if N and (lengths.min() < 0 or lengths.max() > T):
        raise UsageError(f"lengths run from {lengths.min()} to {lengths.max()}; they must be 0 to T = {T}")
    real, ws = left_mask(lengths, T), Workspace() if workspace is None else workspace
    if real.all():
        return layer.forward(x, workspace=ws, **options)  # type: ignore[no-any-return]

    def zeroed(name: str, array: NDArray[Any]) -> NDArray[Any]:
        return zero_rows(array, real, out=ws.array((layer, name), array.shape, array.dtype))

    ids = zeroed("x", ids)
    filled = lengths > 0
    h, state, backprop_layer = layer.forward(
        Lookup(cast("IdArray", ids), x.table) if isinstance(x, Lookup) else ids,
        resets=_starts(lengths, T),
        workspace=ws,
        **options,
    )

    @once
    def backprop(dh: FloatArray, dstate: Any = None) -> tuple[FloatArray | None, Any]:
        dend = None if dstate is None else _zero_streams(dstate, filled)
        return backprop_layer(zeroed("dh", dh), dend)  # type: ignore[no-any-return]

    return zeroed("h", h), _zero_streams(state, filled), backprop


def check_initial_state(state: object, resets: object) -> None:
    """Raise an error for a state or resets together with lengths.

    Raises
    ------
    UsageError
    """
    if state is not None or resets is not None:
        given = "resets" if state is None else "a state"
        raise UsageError(f"{given} beside lengths: padded sequences begin from zero state; leave one of them out")


def _starts(lengths: IdArray, steps: int) -> Bools:
    """Return a mask (T, N) of the steps at which sequences of these lengths begin; none for an empty one."""
    starts: Bools = np.arange(steps)[:, None] == steps - lengths
    return starts


def _zero_streams(state: _State, filled: Bools) -> _State:
    """Return a state, nested or not, with zeros for the streams (N,) that are not filled."""
    if filled.all():
        return state
    parts = (_zero_streams(p, filled) if isinstance(p, tuple) else zero_rows(p, filled) for p in state)
    made: Any = type(state)
    return made._make(parts) if hasattr(made, "_make") else made(parts)  # type: ignore[no-any-return]


def _allocate(sequences: Sequence[ArrayLike]) -> tuple[list[NDArray[Any]], NDArray[np.intp], NDArray[Any]]:
    """Return the sequences as arrays, their lengths, and zeros (T, N, …) to copy them into."""
    arrays = [np.asarray(sequence) for sequence in sequences]
    if not arrays:
        raise UsageError("there are no sequences to pad; give at least one")
    filled = [array for array in arrays if array.size] or arrays[:1]  # [] has neither features nor dtype
    shapes = sorted({array.shape[1:] if array.ndim else (-1,) for array in filled})
    if len(shapes) > 1 or (-1,) in shapes:
        raise UsageError(
            f"sequences have shapes {', '.join(str(array.shape) for array in filled[:3])}; "
            f"all must be (length, D) of one D, or all (length,)"
        )
    lengths = np.array([len(array) for array in arrays], np.intp)
    return arrays, lengths, np.zeros((lengths.max(), len(arrays), *shapes[0]), np.result_type(*filled))
