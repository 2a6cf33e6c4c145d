"""A new cell in a dozen lines: the update-gate RNN, with a gradient check.

::

    (1) z_g, z_n = W_x x + W_h h₋ + b     (1′) `affine_backward`: dW_x, dW_h, db, dx, dh₋
    (2) g = σ(z_g), n = tanh(z_n)         (2′) dz_g = dg ⊙ g(1 - g),  dz_n = dn ⊙ (1 - n²)
    (3) h = g ⊙ h₋ + (1 - g) ⊙ n          (3′) dg = dh ⊙ (h₋ - n),  dn = dh ⊙ (1 - g),  dh₋ += dh ⊙ g

Collins, Sohl-Dickstein & Sussillo 2017, "Capacity and Trainability in Recurrent Neural Networks" (UGRNN).

A cell is a function of one step that returns its new state and its backward pass. `charlm.nn.reference.sequence`
runs it forward and backward over a sequence, `check_gradients` compares with (L(w + ε) - L(w - ε)) / 2ε. It detects
a wrong backward line: try (1 - n) for (1 - n²).

Prints the largest relative error of each gradient, all below 1e-6, and "passed".
"""

import numpy as np

from charlm.nn import ParameterStore, check_gradients, squared_error
from charlm.nn.arrays import FloatArray
from charlm.nn.reference import Arrays, Backward, State, affine_backward, sequence, sigmoid

__all__ = ["main"]


def ugrnn(x: FloatArray, state: State, p: Arrays) -> tuple[State, Backward]:
    """Advance by one step: x (N, D), h (N, H)."""
    (h_before,) = state
    z_g, z_n = np.split(x @ p["W_x"].T + h_before @ p["W_h"].T + p["b"], 2, axis=1)  # (1)
    g, n = sigmoid(z_g), np.tanh(z_n)  # (2)
    h = g * h_before + (1 - g) * n  # (3)

    def backward(dstate: State, gradients: Arrays) -> tuple[FloatArray, State]:
        (dh,) = dstate
        dg, dn = dh * (h_before - n), dh * (1 - g)  # (3′)
        dz = np.hstack([dg * g * (1 - g), dn * (1 - n**2)])  # (2′)
        dx, dh_before = affine_backward(dz, x, h_before, p, gradients)  # (1′)
        return dx, (dh_before + dh * g,)  # (3′)

    return (h,), backward


def main() -> None:
    """Check the gradients of a sequence."""
    T, N, D, H = 6, 2, 3, 4
    rng = np.random.default_rng(0)
    params = ParameterStore({"W_x": (2 * H, D), "W_h": (2 * H, H), "b": (2 * H,)}, np.float64)
    params.value[:] = rng.uniform(-1, 1, params.value.size)
    x, start, targets = rng.normal(size=(T, N, D)), rng.normal(size=(N, H)), rng.normal(size=(T, N, H))

    h, _, backward = sequence(ugrnn, x, (start,), params)
    gradients = {name: params.gradient(name) for name in params}
    dx, (dstart,) = backward(squared_error(h, targets)[1](), (np.zeros((N, H)),), gradients)
    gradients |= {"x": dx, "start": dstart}

    tensors = {**params, "x": x, "start": start}
    check = check_gradients(
        lambda: squared_error(sequence(ugrnn, x, (start,), params)[0], targets)[0], tensors, gradients, rng=rng
    )
    for name, error in check.elementwise.items():
        print(f"dL/d{name:6} relative error {error:.0e}")
    print("passed" if check.passed else f"wrong: {check.worst}")


if __name__ == "__main__":
    main()
