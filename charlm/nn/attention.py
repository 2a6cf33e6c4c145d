"""Dot-product attention: a weighted mean of all encoder states for every decoder state.

::

    forward                                   backward

    (1) s = a Q Kᵀ, -∞ where masked           (1′) dQ = a ds K,  dK = a dsᵀ Q
    (2) w = softmax(s), over the keys         (2′) ds = w ⊙ (dw - Σ dw ⊙ w)
    (3) c = w V                               (3′) dw += dc Vᵀ,  dV = wᵀ dc

for one stream, with its queries Q (T, H), keys K (S, H) and values V (S, H) as rows. Streams are independent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.nn.arrays import FloatArray, check_mask, check_shape
from charlm.nn.backprop import once
from charlm.nn.padding import zero_rows

__all__ = ["attention_stepper", "dot_attention"]

BackpropAttention: TypeAlias = Callable[..., tuple[FloatArray, FloatArray, FloatArray]]
"""``(dcontext, dweights=None) -> (dqueries, dkeys, dvalues)``; to be called once."""


def dot_attention(
    queries: FloatArray,
    keys: FloatArray,
    values: FloatArray,
    mask: NDArray[np.bool_] | None = None,
    scale: float | None = None,
) -> tuple[FloatArray, FloatArray, BackpropAttention]:
    """Average values by the softmax of the dot products of queries and keys.

    Parameters
    ----------
    queries : ndarray, shape (T, N, H)
    keys : ndarray, shape (S, N, H)
    values : ndarray, shape (S, N, D)
    mask : ndarray of bool, shape (S, N), optional
        True where there is a key; by default all. Masked keys and values may have any value.
    scale : float, optional
        a, the factor of the dot products; by default 1/√H.

    Returns
    -------
    context : ndarray, shape (T, N, D)
        Zero for a stream that has no keys.
    weights : ndarray, shape (T, N, S)
        They sum to 1 over the keys of a stream; zero if it has none.
    backprop : callable
        ``(dcontext, dweights=None) -> (dqueries, dkeys, dvalues)``, zero where masked; once only.

    Raises
    ------
    UsageError
        If the shapes do not fit together.

    References
    ----------
    .. [1] Luong, Pham & Manning (2015), "Effective Approaches to Attention-based Neural Machine Translation",
       section 3.1: a = 1.
    .. [2] Vaswani et al. (2017), "Attention Is All You Need", eq. 1: a = 1/√H, as PyTorch's
       ``scaled_dot_product_attention``.

    Examples
    --------
    >>> keys = np.array([[[1.0, 0.0]], [[0.0, 1.0]], [[9.0, 9.0]]])  # (S, N, H), one stream
    >>> mask = np.array([[True], [True], [False]])
    >>> context, weights, backprop = dot_attention(np.array([[[50.0, 0.0]]]), keys, keys, mask)
    >>> weights.round(6).tolist(), context.round(6).tolist()
    ([[[1.0, 0.0, 0.0]]], [[[1.0, 0.0]]])
    """
    check_shape("queries", queries, (None, None, None), "(T, N, H)")
    check_shape("values", values, (None, None, None), "(S, N, D)")
    (T, N, H), (S, _, D) = queries.shape, values.shape
    check_shape("keys", keys, (S, N, H), "(S, N, H)")
    check_shape("values", values, (S, N, D), "(S, N, D)")
    if mask is not None:
        check_mask(mask, (S, N), "(S, N)")
        mask = None if mask.all() else mask
    if mask is not None:  # since 0 · NaN is NaN
        values, keys = zero_rows(values, mask), zero_rows(keys, mask)
    a = queries.dtype.type(H**-0.5 if scale is None else scale)
    Q, K, V = (array.transpose(1, 0, 2) for array in (queries, keys, values))  # a matrix for each stream

    w = np.matmul(Q, K.transpose(0, 2, 1))  # (N, T, S)
    np.multiply(w, a, out=w)  # (1)
    if mask is not None:
        np.copyto(w, -np.inf, where=~mask.T[:, None])
    peak = w.max(axis=2, keepdims=True, initial=np.finfo(w.dtype).min)  # finite even for a stream without keys
    np.exp(np.subtract(w, peak, out=w), out=w)
    total = w.sum(axis=2, keepdims=True)
    np.divide(w, total, out=w, where=total > 0)  # (2)
    context = np.empty((T, N, D), w.dtype)
    np.matmul(w, V, out=context.transpose(1, 0, 2))  # (3)

    @once
    def backprop(
        dcontext: FloatArray, dweights: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        check_shape("dcontext", dcontext, (T, N, D), "(T, N, D)")
        dc = dcontext.transpose(1, 0, 2)
        dqueries, dkeys, dvalues = (np.empty_like(array) for array in (queries, keys, values))
        dw = np.matmul(dc, V.transpose(0, 2, 1))  # (3′)
        if dweights is not None:
            dw += dweights.transpose(1, 0, 2)
        np.matmul(w.transpose(0, 2, 1), dc, out=dvalues.transpose(1, 0, 2))
        dw -= np.einsum("nts,nts->nt", dw, w)[:, :, None]
        ds = np.multiply(dw, w, out=dw)  # (2′)
        ds *= a
        np.matmul(ds, K, out=dqueries.transpose(1, 0, 2))  # (1′)
        np.matmul(ds.transpose(0, 2, 1), Q, out=dkeys.transpose(1, 0, 2))
        return dqueries, dkeys, dvalues

    return context, w.transpose(1, 0, 2), backprop


def attention_stepper(
    keys: FloatArray, values: FloatArray, mask: NDArray[np.bool_], scale: float
) -> Callable[[FloatArray], tuple[FloatArray, FloatArray]]:
    """Return a function that computes attention for one step, with the keys and values as they are now.

    Parameters
    ----------
    keys, values : ndarray, shape (S, N, H)
        Finite where masked.
    mask : ndarray of bool, shape (S, N)
    scale : float
        As for `dot_attention`.

    Returns
    -------
    callable
        ``queries (N, H) -> (context (N, H), weights (N, S))``.
    """
    K = np.ascontiguousarray((keys * keys.dtype.type(scale)).transpose(1, 0, 2))  # (N, S, H), a stream a matrix
    V = np.ascontiguousarray(values.transpose(1, 0, 2))
    shift = np.where(mask.T, K.dtype.type(0), K.dtype.type(-np.inf))

    def attend(queries: FloatArray) -> tuple[FloatArray, FloatArray]:
        w = np.matmul(K, queries[:, :, None])[:, :, 0] + shift
        w -= w.max(axis=1, keepdims=True, initial=np.finfo(w.dtype).min)
        np.exp(w, out=w)
        total = w.sum(axis=1, keepdims=True)
        np.divide(w, total, out=w, where=total > 0)
        return np.matmul(w[:, None], V)[:, 0], w

    return attend
