"""Losses, each with its gradient.

::

    softmax cross-entropy    -log p_y,  p = softmax(logits)      gradient p - onehot(y)
    squared error            Σ(ŷ - y)²                           gradient 2(ŷ - y)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from charlm.errors import UsageError
from charlm.nn.arrays import IdArray, check_ids, columns, sequence
from charlm.nn.parameters import FloatArray
from charlm.nn.workspace import Workspace

__all__ = ["cross_entropy", "log_softmax", "squared_error", "target_nats"]


def log_softmax(logits: FloatArray, axis: int = 0) -> NDArray[np.float64]:
    """Return log-probabilities in float64, by log-sum-exp."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=axis, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return shifted


def target_nats(logits: FloatArray, targets: IdArray) -> NDArray[np.float64]:
    """Return −ln p of each target in float64, as `log_softmax` has it.

    Parameters
    ----------
    logits : ndarray, shape (T, V, N)
    targets : ndarray of int, shape (T, N)

    Returns
    -------
    ndarray, shape (T, N)
    """
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    picked = np.take_along_axis(shifted, targets[:, None, :], axis=1)[:, 0]
    nats: NDArray[np.float64] = np.log(np.exp(shifted, out=shifted).sum(axis=1)) - picked
    return nats


def cross_entropy(
    logits: FloatArray,
    targets: IdArray,
    *,
    mask: NDArray[np.bool_] | None = None,
    reduction: Literal["mean", "sum"] = "mean",
    scale: float | None = None,
    workspace: Workspace | None = None,
    overwrite: bool = False,
) -> tuple[float, Callable[[], FloatArray]]:
    """Compute the softmax cross-entropy, in nats.

    Parameters
    ----------
    logits : ndarray, shape (T, V, N)
    targets : ndarray of int, shape (T, N)
    mask : ndarray of bool, shape (T, N), optional
        True where a symbol counts; all count when left out.
    reduction : {"mean", "sum"}
        Over the symbols that count.
    scale : float, optional
        A factor to use in place of the reduction's, for a window that is part of a larger batch.
    workspace : Workspace, optional
        Where the gradient is kept until the next window.
    overwrite : bool
        Whether the gradient may take the memory of the logits, which are lost then.

    Returns
    -------
    loss : float
        In nats, scaled.
    backprop : callable
        ``() -> dlogits (T, V, N)``; once only.

    References
    ----------
    .. [1] Goodfellow, Bengio & Courville (2016), "Deep Learning", section 6.2.2.3.
    """
    T, V, N = logits.shape
    ws = Workspace() if workspace is None else workspace
    y = targets.reshape(-1)
    counted = T * N if mask is None else int(mask.sum())
    if reduction not in ("mean", "sum"):
        raise UsageError(f"reduction is {reduction!r}; choose mean or sum")
    if scale is None:
        scale = 1 / counted if reduction == "mean" and counted else 1.0
    check_ids(y, V)

    z = columns(logits)  # (V, T·N)
    out = z if overwrite else ws.array("cross_entropy", (V, T * N), z.dtype)
    p = np.subtract(z, z.max(axis=0), out=out)
    at = np.arange(y.size)
    shifted = p[y, at].astype(np.float64)
    np.exp(p, out=p)
    total = p.sum(axis=0)
    nats = np.log(total, dtype=np.float64) - shifted  # log Σ exp(z) - z_y
    weight = np.full(y.size, scale, z.dtype) if mask is None else mask.reshape(-1) * z.dtype.type(scale)
    loss = float(nats.sum() if mask is None else nats @ mask.reshape(-1)) * scale

    def backprop() -> FloatArray:
        np.multiply(p, weight / total, out=p)
        p[y, at] -= weight  # p - onehot(y)
        return sequence(p, T)

    return loss, backprop


def squared_error(
    outputs: FloatArray, targets: NDArray[np.floating[Any]]
) -> tuple[float, Callable[[], FloatArray]]:
    """Compute the summed squared error.

    Parameters
    ----------
    outputs, targets : ndarray
        Of one shape.

    Returns
    -------
    loss : float
    backprop : callable
        ``() -> doutputs``, of the same shape.
    """
    difference = outputs - targets
    return float(np.square(difference, dtype=np.float64).sum()), lambda: 2 * difference
