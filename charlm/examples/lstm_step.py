"""One step of an LSTM written out, with every intermediate value and its gradient.

::

    forward                              backward, from dh = dL/dh; here L = Σ h², so dh = 2 h

    z = W_x x + W_h h₋ + b               dx = W_xᵀ dz,  dh₋ = W_hᵀ dz,  dW_x = dz xᵀ,  dW_h = dz h₋ᵀ,  db = dz
    i, f, o = σ(z_i), σ(z_f), σ(z_o)     dz_i = di ⊙ i(1 - i), and f, o likewise
    g = tanh(z_g)                        dz_g = dg ⊙ (1 - g²)
    c = f ⊙ c₋ + i ⊙ g                   df = dc ⊙ c₋,  di = dc ⊙ g,  dg = dc ⊙ i,  dc₋ = dc ⊙ f
    h = o ⊙ tanh(c)                      do = dh ⊙ tanh(c),  dc = dh ⊙ o(1 - tanh²(c))

Read the forward pass downwards and the backward pass upwards. One stream: x is (D,), h and c are (H,), z is (4H,).
Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.

Prints the values, the gradients, and the relative error of each against (L(w + ε) - L(w - ε)) / 2ε, below 1e-6.
"""

import numpy as np

from charlm.nn import check_gradients
from charlm.nn.arrays import FloatArray
from charlm.nn.reference import sigmoid

__all__ = ["main"]


def forward(p: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Return every value of a step, by name."""
    z = p["W_x"] @ p["x"] + p["W_h"] @ p["h_before"] + p["b"]
    z_i, z_f, z_g, z_o = np.split(z, 4)
    i, f, g, o = sigmoid(z_i), sigmoid(z_f), np.tanh(z_g), sigmoid(z_o)
    c = f * p["c_before"] + i * g
    return {"z": z, "i": i, "f": f, "g": g, "o": o, "c": c, "h": o * np.tanh(c)}


def main() -> None:
    """Print a step forward, a step backward and the check."""
    D, H = 3, 2
    shapes = {"W_x": (4 * H, D), "W_h": (4 * H, H), "b": (4 * H,), "x": (D,), "h_before": (H,), "c_before": (H,)}
    rng = np.random.default_rng(0)
    p: dict[str, FloatArray] = {name: rng.uniform(-1, 1, shape) for name, shape in shapes.items()}
    values = forward(p)
    _, i, f, g, o, c, h = values.values()

    dh = 2 * h
    do, dc = dh * np.tanh(c), dh * o * (1 - np.tanh(c) ** 2)
    df, di, dg = dc * p["c_before"], dc * g, dc * i
    dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)])
    steps = {"dh": dh, "do": do, "dc": dc, "df": df, "di": di, "dg": dg, "dz": dz}
    gradients = {"W_x": np.outer(dz, p["x"]), "W_h": np.outer(dz, p["h_before"]), "b": dz}
    gradients |= {"x": p["W_x"].T @ dz, "h_before": p["W_h"].T @ dz, "c_before": dc * f}

    for name, value in (p | values | steps | {f"d{name}": gradients[name] for name in gradients}).items():
        print(name, value.round(4), sep="\n")
    check = check_gradients(lambda: float(np.sum(forward(p)["h"] ** 2)), p, gradients, rng=rng)
    for name, error in check.elementwise.items():
        print(f"d{name} differs from finite differences by {error:.0e}")


if __name__ == "__main__":
    main()
