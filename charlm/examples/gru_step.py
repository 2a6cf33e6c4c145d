"""One step of a GRU, forward and backward: by the equations, and by the fast layer.

::

    r, z = σ(·)  of  W_x x + b + W_h h₋
    n = tanh(W_xn x + b_n + r ⊙ (W_hn h₋ + b_hn))      reset="after", PyTorch
    n = tanh(W_xn x + b_n + W_hn (r ⊙ h₋))             reset="before", Cho et al. 2014
    h = (1 - z) ⊙ n + z ⊙ h₋

`charlm.nn.reference` has a step and its gradients as a textbook writes them. `GRU` computes whole sequences; a step
is a sequence of length 1. Both have the same weights, x, h₋ and dL/dh.

Prints h and dL/dh₋ of the first stream, then the largest difference between the two in h and in every gradient:
0, or about 1e-16, the rounding of float64.
"""

from typing import Any

import numpy as np

from charlm.nn import GRU, GRUState
from charlm.nn.reference import gru_after, gru_before

__all__ = ["main"]


def main() -> None:
    """Compare the two for both positions of the reset gate."""
    N, D, H = 2, 3, 4
    rng = np.random.default_rng(0)
    x, h_before, dh = rng.normal(size=(N, D)), rng.normal(size=(N, H)), rng.normal(size=(N, H))

    after, before = GRU(D, H, reset="after", dtype=np.float64), GRU(D, H, reset="before", dtype=np.float64)
    for name, layer, step in (("after", after, gru_after), ("before", before, gru_before)):
        layer.params.value[:] = rng.normal(size=layer.params.value.size)

        gradients = {tensor: np.zeros(shape) for tensor, shape in layer.params.shapes.items()}
        (h,), backward = step(x, (h_before,), layer.params)
        dx, (dh_before,) = backward((dh,), gradients)

        fast_h, _, backprop = layer.forward(x[None], GRUState(h_before))  # (1, N, D) -> (1, N, H)
        fast_dx, (fast_dh_before,) = backprop(dh[None])

        print(f"reset {name}")
        print("  h           ", h[0].round(4))
        print("  dL/dh_before", dh_before[0].round(4))
        pairs: dict[str, Any] = {f"dL/d{t}": (gradients[t], layer.params.gradient(t)) for t in gradients}
        pairs |= {"h": (h[None], fast_h), "dL/dx": (dx[None], fast_dx), "dL/dh_before": (dh_before, fast_dh_before)}
        for tensor, (plain, fast) in pairs.items():
            print(f"  {tensor:12} differs by {np.abs(plain - fast).max():.0e}")


if __name__ == "__main__":
    main()
