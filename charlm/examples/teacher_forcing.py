"""Teacher forcing on and off: a decoder trained on the right characters, or on its own outputs.

::

    encoder    h_s = GRU(x_s, h_{s-1});  its final state starts the decoder
    decoder    h_t = GRU'(u_t, h_{t-1}),  p_t = softmax(W h_t + b),  L = mean of -log p_t[y_t]

    on     u_t = y_{t-1}             the target before: every step learns from the first update on
    off    u_t = argmax p_{t-1}      the output before: after an error, later steps learn from a wrong input

After training there is no teacher: each output is the next input (free-running). The task is to reverse four
letters.

Prints for both the training loss, and the share of new strings that are reversed exactly when free-running.
"""

import numpy as np

from charlm.blas import one_blas_thread
from charlm.nn import GRU, Adam, Linear, cross_entropy, join
from charlm.nn.arrays import IdArray

__all__ = ["main"]

V, S, H = 7, 4, 48  # six letters and a start symbol


class Reverser:
    """Encoder and decoder."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.encoder, self.decoder, self.head = GRU(V, H, rng=rng), GRU(V, H, rng=rng), Linear(H, V, rng=rng)
        self.optimizer = Adam(join(encoder=self.encoder, decoder=self.decoder, head=self.head), lr=0.01)

    def run(self, source: IdArray, forcing: bool, learning: bool) -> tuple[float, IdArray]:
        """Return the loss and the outputs (S, N), step by step, since an output may be the next input."""
        targets, written, loss, steps = source[::-1], np.empty_like(source), 0.0, []
        _, state, backprop_encoder = self.encoder.forward(source)
        u, dstate = np.full_like(source[:1], V - 1), None
        for t in range(S):
            h, state, backprop_decoder = self.decoder.forward(u, state)
            z, backprop_head = self.head.forward(h)
            nats, backprop_loss = cross_entropy(z, targets[t : t + 1], scale=1 / source.size)
            loss, written[t] = loss + nats, z[0].argmax(axis=1)
            steps.append((backprop_loss, backprop_head, backprop_decoder))
            u = targets[t : t + 1] if forcing else written[t : t + 1]
        if learning:
            self.optimizer.params.grad[:] = 0
            for backprop_loss, backprop_head, backprop_decoder in reversed(steps):
                _, dstate = backprop_decoder(backprop_head(backprop_loss()), dstate)
            backprop_encoder(np.zeros((S, source.shape[1], H), np.float32), dstate)
            self.optimizer.step()
        return loss, written


@one_blas_thread()  # small matrices are not faster with more threads
def main() -> None:
    """Compare training with and without teacher forcing."""
    for name, forcing in (("on", True), ("off", False)):
        rng, model = np.random.default_rng(0), Reverser(np.random.default_rng(1))
        for update in range(401):
            loss, _ = model.run(rng.integers(V - 1, size=(S, 32)), forcing, learning=True)
            if update % 100 == 0:
                new = rng.integers(V - 1, size=(S, 500))
                right = (model.run(new, False, learning=False)[1] == new[::-1]).all(axis=0).mean()
                print(f"forcing {name:3}  update {update:3}  loss {loss:.3f}  reversed {right:.0%}")


if __name__ == "__main__":
    main()
