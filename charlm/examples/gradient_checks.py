"""Two gradient checks, which complement each other.

::

    by entries       (L(w + ε e_k) - L(w - ε e_k)) / 2ε = g_k     for a sample of entries k: locates an error
    by direction     (L(w + εv) - L(w - εv)) / 2ε = g · v         for one random unit vector v: checks every entry

An error is |a - n| / max(|a|, |n|, 1e-4), and has to be below 1e-6, in float64 with ε = 1e-5. L is the loss of an
LSTM with a softmax head over a sequence. The right gradient is checked, and gradients with planted faults: a
missing bias, a factor, and a single one of the 1,024 entries of W_h, which a sample of ten is likely to miss.

Prints the largest error of each check, and its tensor.
"""

from collections.abc import Callable

import numpy as np

from charlm.nn import LSTM, Linear, check_gradients, cross_entropy, join
from charlm.nn.arrays import FloatArray

__all__ = ["main"]


def forget_bias(g: dict[str, FloatArray]) -> None:
    """Forget the gradient of b."""
    g["lstm.b"][:] = 0


def factor(g: dict[str, FloatArray]) -> None:
    """Scale the gradient of W_x."""
    g["lstm.W_x"] *= 1.001


def single_entry(g: dict[str, FloatArray]) -> None:
    """Change one entry."""
    g["lstm.W_h"][40, 3] += 0.01


def main() -> None:
    """Check the right gradient and the wrong ones."""
    T, N, D, H = 9, 3, 5, 16
    rng = np.random.default_rng(0)
    lstm, head = LSTM(D, H, rng=rng, dtype=np.float64), Linear(H, D, rng=rng, dtype=np.float64)
    store, x, targets = join(lstm=lstm, head=head), rng.normal(size=(T, N, D)), rng.integers(D, size=(T, N))

    def loss() -> float:
        return cross_entropy(head.forward(lstm.forward(x)[0])[0], targets)[0]

    h, _, backprop_lstm = lstm.forward(x)
    z, backprop_head = head.forward(h)
    backprop_lstm(backprop_head(cross_entropy(z, targets)[1]()))
    faults: list[Callable[[dict[str, FloatArray]], None] | None] = [None, forget_bias, factor, single_entry]
    for fault in faults:
        gradients = {name: store.gradient(name).copy() for name in store}
        if fault is not None:
            fault(gradients)
        check = check_gradients(loss, store, gradients, rng=np.random.default_rng(0), entries=10)
        worst = max(check.elementwise, key=check.elementwise.__getitem__)
        print(fault.__doc__ if fault else "As it is.")
        print(f"  by entries    {check.elementwise[worst]:.0e}, in {worst}")
        print(f"  by direction  {check.directional:.0e}")
        print(f"  {'passed' if check.passed else 'wrong'}")


if __name__ == "__main__":
    main()
