"""The other convention of a GRU's update gate: the same model with z's weights and bias negated.

::

    here, PyTorch, cuDNN                     h = (1 - z) ⊙ n + z ⊙ h₋          z near 1 keeps
    Chung et al. 2014, makemore, tutorials   h = (1 - z) ⊙ h₋ + z ⊙ n          z near 1 renews

    1 - σ(a) = σ(-a)                         so W_xz, W_hz, b_z → -W_xz, -W_hz, -b_z

`charlm.nn.with_other_update_gate` converts weights in either direction; charlm has no separate cell for it.

Prints h after each of four steps of a GRU of the other convention; that of charlm's GRU with the same weights,
which differs; and that with converted weights, with a difference of 0 or about 1e-16, the rounding.
"""

import numpy as np

from charlm.nn import GRU, with_other_update_gate
from charlm.nn.arrays import FloatArray
from charlm.nn.reference import Arrays, sigmoid

__all__ = ["main"]


def other_convention(x: FloatArray, h: FloatArray, p: Arrays) -> FloatArray:
    """Advance by one step: x (N, D), h (N, H)."""
    x_r, x_z, x_n = np.split(x @ p["W_x"].T + p["b"], 3, axis=1)
    h_r, h_z, h_n = np.split(h @ p["W_h"].T, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * (h_n + p["b_hn"]))
    return (1 - z) * h + z * n


def main() -> None:
    """Compare the conventions."""
    T, N, D, H = 4, 1, 2, 3
    rng = np.random.default_rng(0)
    x, layer, converted = rng.normal(size=(T, N, D)), GRU(D, H, dtype=np.float64), GRU(D, H, dtype=np.float64)
    layer.params.value[:] = rng.normal(size=layer.params.value.size)
    for name, tensor in with_other_update_gate(layer.params).items():
        converted.params[name][...] = tensor
    h: FloatArray = np.zeros((N, H))
    for t in range(T):
        h = other_convention(x[t], h, layer.params)
        print(f"step {t + 1}  the other way round", h[0].round(4))
        for name, gru in (("the same weights   ", layer), ("converted weights  ", converted)):
            difference = np.abs(gru.forward(x)[0][t] - h).max()
            print(f"        {name}", gru.forward(x)[0][t, 0].round(4), f"differs by {difference:.0e}")


if __name__ == "__main__":
    main()
