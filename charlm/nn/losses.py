"""Losses, each with its gradient.

::

    softmax cross-entropy    -log p_y,  p = softmax(z)                   gradient p - onehot(y)
    sigmoid cross-entropy    -y log p - (1 - y) log(1 - p),  p = σ(z)    gradient p - y
    squared error            Σ(ŷ - y)²                                   gradient 2(ŷ - y)

Each takes a mask. Masked entries change neither the loss nor a gradient, even if they are NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray, IdArray, Shape, check_ids, check_mask, check_shape
from charlm.nn.backprop import once
from charlm.nn.kernels.workspace import Workspace

__all__ = ["checked_scale", "cross_entropy", "log_softmax", "sigmoid_cross_entropy", "squared_error", "target_nats"]

Mask: TypeAlias = NDArray[np.bool_]
Reduction: TypeAlias = Literal["mean", "sum"]


def log_softmax(logits: FloatArray) -> NDArray[np.float64]:
    """Return log-probabilities of logits (…, V) in float64, by log-sum-exp."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def target_nats(logits: FloatArray, targets: IdArray) -> NDArray[np.float64]:
    """Return −ln p of each target in float64.

    Parameters
    ----------
    logits : ndarray, shape (T, N, V)
    targets : ndarray of int, shape (T, N)

    Returns
    -------
    ndarray, shape (T, N)
    """
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=-1, keepdims=True)
    picked = np.take_along_axis(shifted, targets[..., None], axis=-1)[..., 0]
    nats: NDArray[np.float64] = np.log(np.exp(shifted, out=shifted).sum(axis=-1)) - picked
    return nats


def cross_entropy(
    logits: FloatArray,
    targets: IdArray,
    *,
    mask: Mask | None = None,
    reduction: Reduction = "mean",
    scale: float | None = None,
    workspace: Workspace | None = None,
    overwrite: bool = False,
) -> tuple[float, Callable[[], FloatArray]]:
    """Compute the softmax cross-entropy, in nats.

    Parameters
    ----------
    logits : ndarray, shape (T, N, V) or (N, V)
    targets : ndarray of int, shape (T, N) or (N,)
    mask : ndarray of bool, of the targets' shape, optional
        True where a symbol counts; by default all count. Masked logits and targets may have any value.
    reduction : {"mean", "sum"}
        Mean or sum over the symbols that count.
    scale : float, optional
        Factor of the sum, in place of the reduction's, for a window that is part of a larger batch.
    workspace : Workspace, optional
        Arrays for the gradient, overwritten by the next window.
    overwrite : bool
        Whether the gradient overwrites the logits, which saves an array of their size.

    Returns
    -------
    loss : float
        In nats, scaled.
    backprop : callable
        ``() -> dlogits``, of the logits' shape; once only.

    Raises
    ------
    UsageError
        If a shape, an id or the reduction does not fit.

    References
    ----------
    .. [1] Goodfellow, Bengio & Courville (2016), "Deep Learning", section 6.2.2.3.

    Examples
    --------
    >>> loss, backprop = cross_entropy(np.zeros((1, 2, 4)), np.array([[0, 3]]))
    >>> round(loss, 4)  # ln 4
    1.3863
    >>> backprop().tolist()
    [[[-0.375, 0.125, 0.125, 0.125], [0.125, 0.125, 0.125, -0.375]]]
    """
    *leading, V = logits.shape
    letters = "(T, N)" if len(leading) == 2 else "(N,)"
    scale = checked_scale(targets, mask, tuple(leading), letters, reduction, scale)
    y = targets.reshape(-1)
    padded = None if mask is None or mask.all() else ~mask.reshape(-1)
    if padded is not None:
        y = np.where(padded, 0, y)
    check_ids(y, V)

    z = logits.reshape(-1, V).T  # (V, T·N), the order in which sums over V are fastest
    if overwrite:
        out = z
    else:
        ws = Workspace() if workspace is None else workspace
        out = ws.array("cross_entropy", z.shape, z.dtype)
    if padded is not None:
        if out is not z:
            np.copyto(out, z)
        z = out
        z[:, padded] = 0
    shifted = np.subtract(z, z.max(axis=0), out=out)
    at = np.arange(y.size)
    shifted_y = shifted[y, at].astype(np.float64)
    e = np.exp(shifted, out=out)
    total = e.sum(axis=0)
    nats = np.log(total, dtype=np.float64) - shifted_y  # log Σ exp(z) - z_y
    weight = z.dtype.type(scale) if mask is None else mask.reshape(-1) * z.dtype.type(scale)
    loss = float(nats.sum() if mask is None else nats @ mask.reshape(-1)) * scale

    @once
    def backprop() -> FloatArray:
        dz: FloatArray = np.multiply(e, weight / total, out=out)  # p, weighted
        dz[y, at] -= weight  # p - onehot(y)
        return dz.T.reshape(logits.shape)

    return loss, backprop


def sigmoid_cross_entropy(
    logits: FloatArray,
    targets: FloatArray | IdArray | Mask,
    *,
    mask: Mask | None = None,
    reduction: Reduction = "mean",
    scale: float | None = None,
) -> tuple[float, Callable[[], FloatArray]]:
    """Compute the binary cross-entropy of each entry, in nats.

    Parameters
    ----------
    logits : ndarray, shape (T, N, J) or (N, J)
        z, of which σ(z) is the probability of 1.
    targets : ndarray, of the logits' shape
        0 or 1, or a probability between them.
    mask : ndarray of bool, of the logits' shape or of all its axes but the last, optional
        True where an entry counts; by default all count. Masked logits and targets may have any value.
    reduction, scale
        As for `cross_entropy`, with entries in place of symbols.

    Returns
    -------
    loss, backprop
        As `cross_entropy` returns them.

    Raises
    ------
    UsageError
        If a shape, a target or the reduction does not fit.

    References
    ----------
    .. [1] PyTorch, ``binary_cross_entropy_with_logits``: no z makes ``max(z, 0) - z y + log(1 + exp(-|z|))``
       overflow.

    Examples
    --------
    >>> loss, backprop = sigmoid_cross_entropy(np.zeros((2, 1)), np.array([[0], [1]]))
    >>> round(loss, 4)  # ln 2
    0.6931
    >>> backprop().tolist()
    [[0.25], [-0.25]]
    """
    letters = "(T, N, J)" if logits.ndim == 3 else "(N, J)"
    mask = _entry_mask(mask, logits.shape)
    scale = checked_scale(targets, mask, logits.shape, letters, reduction, scale)
    logits, targets = _blanked(logits, mask), _blanked(targets, mask)
    if not ((targets >= 0) & (targets <= 1)).all():
        raise UsageError(f"targets run from {targets.min()} to {targets.max()}; they must be 0 to 1")

    z, y = logits, targets.astype(logits.dtype)
    e = np.exp(-np.abs(z))  # at most 1
    nats = np.maximum(z, 0) - z * y + np.log1p(e)
    p = np.where(z >= 0, 1, e) / (1 + e)  # σ(z)
    loss = float(nats.sum(dtype=np.float64, where=True if mask is None else mask)) * scale

    @once
    def backprop() -> FloatArray:
        dlogits: FloatArray = (p - y) * z.dtype.type(scale)
        return dlogits if mask is None else dlogits * mask

    return loss, backprop


def squared_error(
    outputs: FloatArray,
    targets: FloatArray,
    *,
    mask: Mask | None = None,
    reduction: Reduction = "sum",
    scale: float | None = None,
) -> tuple[float, Callable[[], FloatArray]]:
    """Compute the squared error, summed unless `reduction` says otherwise.

    Parameters
    ----------
    outputs, targets : ndarray
        Of one shape.
    mask : ndarray of bool, of the outputs' shape or of all its axes but the last, optional
        True where an entry counts; by default all count. Masked outputs and targets may have any value.
    reduction, scale
        As for `cross_entropy`, with entries in place of symbols.

    Returns
    -------
    loss : float
        Scaled.
    backprop : callable
        ``() -> doutputs``, of the same shape; once only.

    Raises
    ------
    UsageError
        If the shapes differ (nothing is broadcast), or the reduction does not fit.

    Examples
    --------
    >>> loss, backprop = squared_error(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]))
    >>> loss, backprop().tolist()
    (5.0, [[2.0, -4.0]])
    >>> squared_error(np.array([[1.0, 2.0]]), np.array([[0.0, np.nan]]), mask=np.array([[True, False]]))[0]
    1.0
    """
    if outputs.shape != targets.shape:
        raise UsageError(f"outputs have shape {outputs.shape} and targets {targets.shape}; they must be the same")
    mask = _entry_mask(mask, outputs.shape)
    scale = checked_scale(targets, mask, outputs.shape, "the outputs' shape", reduction, scale)
    difference = _blanked(outputs, mask) - _blanked(targets, mask)
    loss = float(np.square(difference, dtype=np.float64).sum()) * scale
    return loss, once(lambda: difference * difference.dtype.type(2 * scale))


def _entry_mask(mask: Mask | None, shape: Shape) -> Mask | None:
    """Broadcast a mask of all axes but the last to the shape; return any other unchanged."""
    return np.broadcast_to(mask[..., None], shape) if mask is not None and mask.shape == shape[:-1] else mask


def _blanked(array: NDArray[Any], mask: Mask | None) -> NDArray[Any]:
    """Return the array with zeros where masked, since a product with 0 would keep NaN."""
    return array if mask is None else np.where(mask, array, array.dtype.type(0))


def checked_scale(
    targets: NDArray[np.generic],
    mask: Mask | None,
    shape: Shape,
    letters: str,
    reduction: Reduction,
    scale: float | None,
) -> float:
    """Check the arguments that all losses share; return `scale`, or the reduction's factor of a sum."""
    check_shape("targets", targets, shape, letters)
    if mask is not None:
        check_mask(mask, shape, letters)
    if reduction not in ("mean", "sum"):
        raise UsageError(f"reduction is {reduction!r}; choose mean or sum")
    if scale is not None:
        return scale
    counted = targets.size if mask is None else int(mask.sum())
    return 1 / counted if reduction == "mean" and counted else 1.0
