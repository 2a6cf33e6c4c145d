"""The mask of a loss, on and off: names of unequal length in one batch, padded on the right.

::

    mask on     L = (Σ_t Σ_n mask_tn · nats_tn) / (Σ_t Σ_n mask_tn)         over the characters
    mask off    L = (Σ_t Σ_n nats_tn) / (T · N)                             over characters and padding

A batch is a rectangle, so short sequences are padded, and the padding must not matter. With a mask, loss and
gradient are those of the names one by one. Without it the model learns to predict the padding, which is easy and
lowers the mean: a lower loss, and a worse model.

Prints the loss of a new LSTM for the names one by one, then of the batch both ways, with two paddings; then, after
training each way, the displayed loss and that of the characters alone.
"""

import numpy as np
from numpy.typing import NDArray

from charlm import Vocabulary
from charlm.blas import one_blas_thread
from charlm.nn import LSTM, Adam, Linear, cross_entropy, join, pad_right
from charlm.nn.arrays import IdArray

__all__ = ["main"]

NAMES = ["Al", "Bo", "Ida", "Otto", "Alexandra", "Bartholomew", "Maximiliana", "Jo", "Liv", "Wilhelmina"]


@one_blas_thread()  # small matrices are not faster with more threads
def main() -> None:
    """Compare losses with the mask on and off."""
    vocabulary = Vocabulary.from_text("\n" + "".join(NAMES))
    sequences = [np.array(vocabulary.encode(f"\n{name}\n")) for name in NAMES]
    ids, lengths, mask = pad_right(sequences)  # (T + 1, N)
    V, off = len(vocabulary), np.ones_like(mask)
    lstm, head = LSTM(V, 16, dtype=np.float64), Linear(16, V, dtype=np.float64)
    store = join(lstm=lstm, head=head)
    start = store.value.copy()

    def learn(ids: IdArray, mask: NDArray[np.bool_]) -> float:
        """Return the loss, and add its gradient."""
        h, _, backprop_lstm = lstm.forward(ids[:-1])
        z, backprop_head = head.forward(h)
        loss, backprop_loss = cross_entropy(z, ids[1:], mask=mask[1:])
        backprop_lstm(backprop_head(backprop_loss()))
        return loss

    alone = [learn(sequence[:, None], np.ones((len(sequence), 1), np.bool_)) for sequence in sequences]
    print(f"one by one               {np.average(alone, weights=lengths - 1):.12f}")
    for name, used in (("on ", mask), ("off", off)):
        print(f"mask {name}                 {learn(ids, used):.12f}")
        print(f"mask {name}, other padding  {learn(np.where(mask, ids, 5), used):.12f}")
    for name, used in (("on ", mask), ("off", off)):
        store.value[:], optimizer = start, Adam(store, lr=0.01)
        for _ in range(50):
            store.grad[:] = 0
            learn(ids, used)
            optimizer.step()
        print(f"trained with mask {name}  shown {learn(ids, used):.3f}, of the characters {learn(ids, mask):.3f}")


if __name__ == "__main__":
    main()
