"""Wide and deep: n-grams of a name and a GRU that reads it add up to the logits of its language.

::

    z = W h_T + b  +  Σ_n Σ_s V[x_{s-n+1} … x_s]        deep: the final state; wide: a row of V for each n-gram
    p = softmax(z),  L = -log p_language

The wide part sees no order beyond its n-grams and learns what is frequent from few examples; the deep part sees the
whole name. Cheng et al. 2016. `charlm train --pairs … --output label` trains this model, unless ``--ngrams 0``.

Prints the share of held-out names that each part recognises alone, and both together, after one and three passes
over few names of three invented languages (`charlm.examples.names_to_language`).
"""

import numpy as np

from charlm import Vocabulary
from charlm.blas import one_blas_thread
from charlm.examples.names_to_language import invented
from charlm.nn import GRU, Adam, Linear, cross_entropy, join
from charlm.nn.ngrams import NgramSum, known_ngrams
from charlm.nn.padding import pad_left

__all__ = ["main"]

LONGEST, TRAIN, EPOCHS = 3, 300, 3


@one_blas_thread()  # small matrices are not faster with more threads
def main() -> None:
    """Train each part alone, then both."""
    names, labels = np.random.default_rng(0).permutation(invented(np.random.default_rng(1))).T
    languages, y = np.unique(labels, return_inverse=True)
    vocabulary = Vocabulary.from_text("".join(names))
    sequences = [vocabulary.encode(name) for name in names]
    for title, deep, wide in (("deep", 1, 0), ("wide", 0, 1), ("both", 1, 1)):
        rng = np.random.default_rng(2)
        gru, head = GRU(len(vocabulary), 32, rng=rng), Linear(32, len(languages), rng=rng)
        table = NgramSum(known_ngrams(sequences[:TRAIN], LONGEST, len(languages)), LONGEST, len(languages))
        optimizer, right = Adam(join(gru=gru, head=head, table=table), lr=0.01), []
        for _ in range(EPOCHS):
            for batch in np.array_split(rng.permutation(TRAIN), TRAIN // 20):
                optimizer.params.grad[:] = 0
                x, lengths, resets = pad_left([sequences[k] for k in batch])
                h, _, backprop_gru = gru.forward(x, resets=resets)
                z_deep, backprop_head = head.forward(h[-1])
                z_wide, backprop_table = table.forward(x, lengths)
                _, backprop_loss = cross_entropy(deep * z_deep + wide * z_wide, y[batch])
                dz = backprop_loss()
                dh = np.zeros_like(h)
                dh[-1] = backprop_head(deep * dz)
                backprop_gru(dh)
                backprop_table(wide * dz)
                optimizer.step()
            x, lengths, resets = pad_left(sequences[TRAIN:])
            z = deep * head.forward(gru.forward(x, resets=resets)[0][-1])[0] + wide * table.forward(x, lengths)[0]
            right.append(f"{np.mean(z.argmax(axis=1) == y[TRAIN:]):.1%}")
        print(f"{title}  right {right[0]} after one pass, {right[-1]} after {EPOCHS}")


if __name__ == "__main__":
    main()
