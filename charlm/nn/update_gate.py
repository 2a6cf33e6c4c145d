"""Conversion of GRU weights between the two conventions of the update gate."""

from __future__ import annotations

from collections.abc import Mapping

from charlm.nn.arrays import FloatArray

__all__ = ["with_other_update_gate"]


def with_other_update_gate(tensors: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Convert a GRU's weights between ``h = (1 - z) ⊙ n + z ⊙ h₋`` and ``h = (1 - z) ⊙ h₋ + z ⊙ n``.

    Since 1 - σ(a) = σ(-a), it is the same model with the update gate's weights and bias negated. The conversion is
    its own inverse.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        A layer's ``W_x`` (3 H, D), ``W_h`` (3 H, H) and ``b`` (3 H,), with gates in the order r z n. Other tensors,
        such as ``b_hn``, are copied.

    Returns
    -------
    dict of str to ndarray
        New arrays, for the `params` of a `GRU`.

    References
    ----------
    .. [1] Chung, Gulcehre, Cho & Bengio (2014), "Empirical Evaluation of Gated Recurrent Neural Networks on
       Sequence Modeling", eq. 5: the other convention.

    Examples
    --------
    >>> from charlm.nn import GRU
    >>> layer = GRU(2, 1)
    >>> for name, tensor in with_other_update_gate(layer.params).items():
    ...     layer.params[name][...] = tensor
    """
    converted = {name: tensor.copy() for name, tensor in tensors.items()}
    H = len(converted["b"]) // 3
    for name in ("W_x", "W_h", "b"):
        converted[name][H : 2 * H] *= -1
    return converted
