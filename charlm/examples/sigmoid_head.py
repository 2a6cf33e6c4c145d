"""Binary outputs at every step: two LSTM layers with a sigmoid head learn to remember and to count modulo 2.

::

    h = LSTM₂(LSTM₁(x)),  z = W h + b,  p = σ(z)                     two outputs a step
    L = mean of -y log p - (1 - y) log(1 - p)                        dL/dz = (p - y) / number of outputs

The input is a random string of a, b and c. After each character the first output answers "was there an a so far?",
the second "is the number of b odd?". Sigmoids are independent; a softmax would choose one of the two.

Prints the loss, at first near ln 2 = 0.693; then, for new strings of twice the length, the share of right answers,
and the probabilities along one string.
"""

import numpy as np

from charlm.blas import one_blas_thread
from charlm.nn import LSTM, Adam, Linear, Stack, join, sigmoid_cross_entropy
from charlm.nn.arrays import FloatArray, IdArray

__all__ = ["main"]


def strings(rng: np.random.Generator, T: int, N: int) -> tuple[IdArray, FloatArray]:
    """Return ids (T, N) of one-hot inputs, and answers (T, N, 2)."""
    ids = rng.integers(3, size=(T, N))
    seen_a = np.cumsum(ids == 0, axis=0) > 0
    odd_b = np.cumsum(ids == 1, axis=0) % 2 == 1
    return ids, np.stack([seen_a, odd_b], axis=2).astype(np.float32)


@one_blas_thread()  # small matrices are not faster with more threads
def main() -> None:
    """Train, then answer for new strings."""
    rng = np.random.default_rng(0)
    stack, head = Stack([LSTM(3, 32, rng=rng), LSTM(32, 32, rng=rng)]), Linear(32, 2, rng=rng)
    store = join(layers=stack.layers, head=head)
    optimizer = Adam(store, lr=0.02)

    for update in range(400):
        ids, answers = strings(rng, T=16, N=32)
        store.grad[:] = 0
        h, _, backprop_stack = stack.forward(ids)
        z, backprop_head = head.forward(h)
        loss, backprop_loss = sigmoid_cross_entropy(z, answers)
        backprop_stack(backprop_head(backprop_loss()))
        optimizer.step()
        if update % 100 == 0 or update == 399:
            print(f"update {update:3}  loss {loss:.4f}")

    ids, answers = strings(rng, T=32, N=200)
    z, _ = head.forward(stack.forward(ids)[0])
    print("right answers: an a so far {:.1%}, an odd number of b {:.1%}".format(*((z > 0) == answers).mean((0, 1))))
    p = 1 / (1 + np.exp(-z[:, 0]))
    print("a new string   ", *("abc"[k].rjust(4) for k in ids[:12, 0]))
    for question, answer in (("an a so far    ", p[:12, 0]), ("odd number of b", p[:12, 1])):
        print(question, *(f"{probability:.2f}" for probability in answer))


if __name__ == "__main__":
    main()
