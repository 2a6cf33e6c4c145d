"""One to many: an LSTM whose initial state is a feature vector generates a caption, character by character.

::

    [h_0; c_0] = W f + b                                initial state from the features f, instead of zeros
    h_t, c_t = LSTM(x_t, h_{t-1}, c_{t-1})              x_1 a line feed, then the character before
    p = softmax(W' h_t + b'),  L = mean of -log p of the next character

Image captioning has this form, with the features f of an image network. Here f has a feature for each word, 1 for
the words that apply and 0 for others, plus noise. The gradients dL/dh_0 and dL/dc_0 train W. A sixth of all scenes
does not occur in training.

Prints the share of right captions for new features of known and of unknown scenes, and some captions.
"""

from itertools import product

import numpy as np

from charlm import Vocabulary
from charlm.blas import one_blas_thread
from charlm.nn import LSTM, Adam, Linear, LSTMState, cross_entropy, join, pad_right
from charlm.nn.arrays import FloatArray

__all__ = ["main"]

WORDS = ["one", "two", "six", "red", "blue", "green", "black", "cat", "fish", "owl", "sheep"]


def scenes(rng: np.random.Generator, N: int, known: bool) -> tuple[FloatArray, list[str]]:
    """Return features (N, 11) and captions."""
    numbers = [k for k in product(range(3), range(3, 7), range(7, 11)) if (sum(k) % 6 > 0) == known]
    chosen = rng.choice(numbers, N)  # (N, 3), the numbers of three words each
    features = np.eye(11)[chosen].sum(axis=1) + rng.normal(scale=0.2, size=(N, 11))
    return features.astype(np.float32), [" ".join(WORDS[k] for k in scene) for scene in chosen]


@one_blas_thread()  # small matrices are not faster with more threads
def main() -> None:
    """Train, then generate captions."""
    rng, vocabulary = np.random.default_rng(0), Vocabulary.from_text("\n " + "".join(WORDS))
    V, H = len(vocabulary), 64
    bridge, lstm, head = Linear(11, 2 * H, rng=rng), LSTM(V, H, rng=rng), Linear(H, V, rng=rng)
    optimizer = Adam(join(bridge=bridge, lstm=lstm, head=head), lr=0.01)
    for _ in range(300):
        features, captions = scenes(rng, 32, known=True)
        ids, _, mask = pad_right([vocabulary.encode(f"\n{caption}\n") for caption in captions])  # (T + 1, N)
        optimizer.params.grad[:] = 0
        start, backprop_bridge = bridge.forward(features)  # (N, 2 H)
        h, _, backprop_lstm = lstm.forward(ids[:-1], LSTMState(*np.split(start, 2, axis=1)))
        z, backprop_head = head.forward(h)
        _, backprop_loss = cross_entropy(z, ids[1:], mask=mask[1:])
        backprop_bridge(np.hstack(backprop_lstm(backprop_head(backprop_loss()))[1]))  # dstate
        optimizer.step()

    for name, known in (("known", True), ("unknown", False)):
        features, captions = scenes(rng, 32, known)
        step, written = lstm.stepper(32), [ids[0]]
        h, state = step(ids[0], LSTMState(*np.split(bridge.forward(features)[0], 2, axis=1)))
        for _ in range(20):
            written.append(head.forward(h)[0].argmax(axis=1))
            h, state = step(written[-1], state)
        texts = [vocabulary.decode(row).split("\n")[1] for row in np.array(written).T]
        print(f"{name}: {np.mean(np.array(texts) == captions):.0%} right, {', '.join(sorted(set(texts))[:4])}")


if __name__ == "__main__":
    main()
