"""The cross-entropy of a dense head over a large vocabulary, which never holds the logits of a whole window.

Of the row h of a prediction, with target y and scale s::

    (1) z = W h + b              (1′) dW += dz hᵀ,  db += dz,  dh = Wᵀ dz
    (2) t = Σ exp(z)             (2′) dz = s (exp(z) / t - onehot(y))
    (3) loss = s (log t - z_y)

Predictions are taken in blocks. The factor s / t of (2′) multiplies h and dh, which have fewer entries than dz. No
maximum is subtracted from z before (2), unless a sum leaves the range in which that changes the last bits at most.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from charlm.nn.arrays import FloatArray, IdArray, check_ids
from charlm.nn.backprop import once
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.linear import Linear, add_product_
from charlm.nn.losses import Reduction, checked_scale

__all__ = ["head_cross_entropy"]

AT_ONCE = 512  # predictions of a block: of fewer, the products and sums of (1′) are slower
SMALLEST, LARGEST = 1e-12, 1e12  # sums without a shift

_AddGradients = Callable[[FloatArray, FloatArray], None]


def head_cross_entropy(
    head: Linear,
    h: FloatArray,
    targets: IdArray,
    *,
    reduction: Reduction = "mean",
    scale: float | None = None,
    workspace: Workspace | None = None,
) -> tuple[float, Callable[[], FloatArray]]:
    """Compute the cross-entropy of targets given a head's inputs, in nats.

    Parameters
    ----------
    head : Linear
    h : ndarray, shape (T, N, H)
    targets : ndarray of int, shape (T, N)
    reduction, scale
        As for `charlm.nn.cross_entropy`.
    workspace : Workspace, optional
        Arrays that every window reuses.

    Returns
    -------
    loss : float
        Scaled.
    backprop : callable
        ``() -> dh``; adds into the head's gradients; once only.

    Raises
    ------
    UsageError
        If a shape, an id or the reduction does not fit.

    Notes
    -----
    The forward pass differentiates all blocks but the last. The workspace holds V R + T N H numbers, R ≤ 512 the
    predictions of a block, and V (H + 1) more if there are several blocks.
    """
    T, N, H = h.shape
    W, ws = head.params["W"], Workspace() if workspace is None else workspace
    scale = checked_scale(targets, None, (T, N), "(T, N)", reduction, scale)
    check_ids(targets, len(W))
    x, y = h.reshape(-1, H), targets.reshape(-1)
    dx = ws.array((head, "dx"), x.shape, W.dtype)
    count = max(1, -(-len(y) // AT_ONCE))
    R = -(-len(y) // count)
    z = ws.array((head, "z"), (len(W) * R,), W.dtype)
    before: list[FloatArray] = []  # gradients of W and b of all blocks but the last; empty for one block
    if count > 1:
        before = [ws.array((head, name), head.params[name].shape, W.dtype) for name in "Wb"]
        for gradient in before:
            gradient[...] = 0
    nats, add_gradients_ = _softmax(head, x[:R], y[:R], scale, z, dx[:R])
    for k in range(1, count):
        add_gradients_(*before)
        block = slice(k * R, (k + 1) * R)
        nats_of_block, add_gradients_ = _softmax(head, x[block], y[block], scale, z, dx[block])
        nats += nats_of_block

    @once
    def backprop() -> FloatArray:
        gradients = [head.params.gradient(name) for name in "Wb"]
        for gradient, sum_before in zip(gradients, before, strict=False):
            gradient += sum_before
        add_gradients_(*gradients)
        return dx.reshape(T, N, H)

    return nats * scale, backprop


def _softmax(
    head: Linear, x: FloatArray, y: IdArray, scale: float, memory: FloatArray, dx: FloatArray
) -> tuple[float, _AddGradients]:
    """Return the nats of predictions, and a function that adds the gradients of W and b and writes that of x.

    Until the function is called, `memory` holds the exponentials of the logits, V numbers a prediction.
    """
    W, b, at = head.params["W"], head.params["b"], np.arange(len(y))
    z = memory[: len(W) * len(y)].reshape(len(W), len(y))  # a prediction a column: sums over V are fastest

    def logits_() -> None:
        np.matmul(W, x.T, out=z)
        np.add(z, b[:, None], out=z)  # (1)

    def exponentials_() -> tuple[FloatArray, FloatArray]:
        z_y = z[y, at]
        np.exp(z, out=z)
        return z_y, z.sum(axis=0)  # (2)

    logits_()
    with np.errstate(over="ignore"):
        z_y, t = exponentials_()
    if not ((t > SMALLEST) & (t < LARGEST)).all():
        logits_()
        np.subtract(z, z.max(axis=0), out=z)
        z_y, t = exponentials_()
    nats = float((np.log(t, dtype=np.float64) - z_y).sum())  # (3)

    def add_gradients_(dW: FloatArray, db: FloatArray) -> None:
        z[y, at] -= t
        factor = W.dtype.type(scale) / t  # (2′), without the factor
        add_product_(dW, z, x * factor[:, None])
        np.add(db, z @ factor, out=db)
        np.matmul(z.T, W, out=dx)
        np.multiply(dx, factor[:, None], out=dx)  # (1′)

    return nats, add_gradients_
