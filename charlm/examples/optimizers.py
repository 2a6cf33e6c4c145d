"""Optimisers on the same network, data and initial weights.

::

    SGD         v = μ v + g;  w -= η v                  Nesterov: w -= η (g + μ v)
    Adagrad     m += g²;  w -= η g / √(m + ε)
    RMSprop     m = ρ m + (1-ρ) g²;  w -= η g / (√m + ε)
    Adam        m, v = bias-corrected averages of g, g²;  w -= η m / (√v + ε)
    AdamW       Adam, with decoupled weight decay w -= η λ w

Plain gradient descent has one rate for all weights. Momentum μ adds a share of the steps before. The others divide
by a measure of each weight's gradients, so that weights with small gradients change too: Adagrad by the sum of
squares, which makes steps ever smaller, RMSprop and Adam by a running mean.

Prints the loss of an LSTM that learns to spell the months, in nats per character, before the first update and after
10, 30, 100 and 300. Each has its own rate.
"""

from calendar import month_name
from collections.abc import Callable

import numpy as np

from charlm import Vocabulary
from charlm.blas import one_blas_thread
from charlm.nn import LSTM, SGD, Adagrad, Adam, AdamW, Linear, RMSprop, cross_entropy, join, pad_right
from charlm.nn.optimizers import Optimizer
from charlm.nn.parameters import ParameterStore

__all__ = ["main"]

RULES: dict[str, Callable[[ParameterStore], Optimizer]] = {
    "SGD": lambda store: SGD(store, lr=3),
    "momentum": lambda store: SGD(store, lr=0.6, momentum=0.9),
    "Nesterov": lambda store: SGD(store, lr=0.6, momentum=0.9, nesterov=True),
    "Adagrad": lambda store: Adagrad(store, lr=0.2),
    "RMSprop": lambda store: RMSprop(store, lr=0.02),
    "Adam": lambda store: Adam(store, lr=0.03),
    "AdamW": lambda store: AdamW(store, lr=0.03, weight_decay=0.01),
}


@one_blas_thread()  # small matrices are not faster with more threads
def main() -> None:
    """Compare the optimisers."""
    vocabulary = Vocabulary.from_text("\n" + "".join(month_name))
    ids, _, mask = pad_right([vocabulary.encode(f"\n{month}\n") for month in month_name[1:]])
    V, shown = len(vocabulary), (0, 10, 30, 100, 300)
    print(f"{'updates':8}", *(f"{update:6}" for update in shown))
    for name, make in RULES.items():
        rng = np.random.default_rng(0)
        lstm, head = LSTM(V, 32, rng=rng), Linear(32, V, rng=rng)
        optimizer, losses = make(join(lstm=lstm, head=head)), []
        for _ in range(shown[-1] + 1):
            optimizer.params.grad[:] = 0
            h, _, backprop_lstm = lstm.forward(ids[:-1])
            z, backprop_head = head.forward(h)
            loss, backprop_loss = cross_entropy(z, ids[1:], mask=mask[1:])
            backprop_lstm(backprop_head(backprop_loss()))
            optimizer.step()
            losses.append(loss)
        print(f"{name:8}", *(f"{losses[update]:6.3f}" for update in shown))


if __name__ == "__main__":
    main()
