"""A bidirectional tagger: the tag of each letter depends on the letters before it and after it.

::

    one way       h_t = GRU(x_t, h_{t-1})
    both ways     h_t = [GRU(x_t, h_{t-1}); GRU'(x_t, h'_{t+1})]
    p_t = softmax(W h_t + b),  L = mean of -log p_t[y_t]                one tag a step, many to many

The tag of a letter is "first" at its first occurrence in the string, else "last" at its last, else "between". A
network that reads from left to right knows the first occurrence, but has to guess the last. A bidirectional network
reads the future, so it cannot predict the next character; charlm does not allow it in language models.

Prints the share of right tags in new strings, one way and both ways with the same number of units, and one string.
"""

import numpy as np

from charlm.blas import one_blas_thread
from charlm.nn import GRU, Adam, Bidirectional, Linear, cross_entropy, join
from charlm.nn.arrays import IdArray

__all__ = ["main"]

FIRST, LAST, BETWEEN = range(3)
V, T, H = 4, 10, 48


def strings(rng: np.random.Generator, N: int) -> tuple[IdArray, IdArray]:
    """Return letters and tags, each (T, N)."""
    x = rng.integers(V, size=(N, T))
    same = x[:, :, None] == x[:, None]  # (N, T, T)
    before, after = np.triu(same, 1).any(axis=1), np.tril(same, -1).any(axis=1)  # (N, T)
    return x.T, np.where(~before, FIRST, np.where(~after, LAST, BETWEEN)).T


@one_blas_thread()  # small matrices are not faster with more threads
def main() -> None:
    """Train both networks and compare them."""
    for name in ("one way", "both ways"):
        rng = np.random.default_rng(0)
        layer = GRU(V, H, rng=rng) if name == "one way" else Bidirectional.of(GRU, V, H // 2, rng=rng)
        head = Linear(H, 3, rng=rng)
        optimizer = Adam(join(layer=layer, head=head), lr=0.01)
        for _ in range(600):
            x, tags = strings(rng, 32)
            optimizer.params.grad[:] = 0
            h, _, backprop_layer = layer.forward(x)
            z, backprop_head = head.forward(h)
            backprop_layer(backprop_head(cross_entropy(z, tags)[1]()))
            optimizer.step()
        x, tags = strings(rng, 500)
        guesses = head.forward(layer.forward(x)[0])[0].argmax(axis=2)
        print(f"{name:9}  right tags {(guesses == tags).mean():.1%}")
    for row, names in ((x, "abcd"), (tags, "flb"), (guesses, "flb")):
        print(
            "letters" if row is x else "tags   " if row is tags else "guesses", "".join(names[k] for k in row[:, 0])
        )


if __name__ == "__main__":
    main()
