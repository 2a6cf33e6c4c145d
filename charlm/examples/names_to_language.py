"""Many to one: a GRU reads a name character by character, and its final state predicts the language.

::

    h_t = GRU(x_t, h_{t-1})                             x_t one-hot
    p = softmax(W h_T + b),  L = -log p_language        one output a name, at the last step

Names of unequal length are padded with spaces on the left, and `resets` zero the state at the start of each name.
So the last step is the last character of every name, and no gradient reaches the padding.

::

    python -m charlm.examples.names_to_language              three invented languages
    python -m charlm.examples.names_to_language FILE.tsv     name<TAB>language, one a line

The invented languages have the same syllables: Belar names end in -on, Ostic names begin with os-, and Tumu names
double their first syllable.

Prints the share of held-out names (a fifth) that are recognised after each pass over the others, then some of them.
"""

import sys

import numpy as np

from charlm import Vocabulary
from charlm.blas import one_blas_thread
from charlm.nn import GRU, Adam, Linear, cross_entropy, join

__all__ = ["main"]


def invented(rng: np.random.Generator) -> list[tuple[str, str]]:
    """Return names, each with its language."""
    syllables = [consonant + vowel for consonant in "klmnrst" for vowel in "aeiou"]
    roots = ["".join(rng.choice(syllables, count)) for count in rng.integers(2, 5, 700)]
    names = [(root + "on", "Belar") for root in roots] + [("os" + root, "Ostic") for root in roots]
    return names + [(root[:2] + root, "Tumu") for root in roots]


@one_blas_thread()  # small matrices are not faster with more threads
def main(file: str | None = None) -> None:
    """Train on names, and recognise others."""
    rng = np.random.default_rng(0)
    rows = np.loadtxt(file, str, delimiter="\t", comments=None, encoding="utf-8") if file else invented(rng)
    names, labels = rng.permutation(rows).T
    languages, y = np.unique(labels, return_inverse=True)
    vocabulary = Vocabulary.from_text("".join([" ", *names]))
    T, train = max(map(len, names)), len(names) * 4 // 5
    ids = np.array([vocabulary.encode(name.rjust(T)) for name in names]).T  # (T, N)
    resets = np.arange(T)[:, None] == [T - len(name) for name in names]

    gru, head = GRU(len(vocabulary), 64, rng=rng), Linear(64, len(languages), rng=rng)
    optimizer = Adam(join(gru=gru, head=head), lr=0.005)
    for epoch in range(5):
        for batch in np.array_split(rng.permutation(train), train // 32 + 1):
            optimizer.params.grad[:] = 0
            h, _, backprop_gru = gru.forward(ids[:, batch], resets=resets[:, batch])
            z, backprop_head = head.forward(h[-1])  # (N, H) -> (N, J)
            _, backprop_loss = cross_entropy(z, y[batch])
            dh = np.zeros_like(h)
            dh[-1] = backprop_head(backprop_loss())
            backprop_gru(dh)
            optimizer.step()
        h, _, _ = gru.forward(ids[:, train:], resets=resets[:, train:])
        guesses = head.forward(h[-1])[0].argmax(axis=1)
        print(f"epoch {epoch + 1}  right {np.mean(guesses == y[train:]):.1%}")
    print(dict(zip(names[train:].tolist(), languages[guesses[:8]].tolist(), strict=False)))


if __name__ == "__main__":
    main(*sys.argv[1:2])
