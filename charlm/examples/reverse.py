"""Encoder and decoder, with and without attention: strings are reversed, and the decoder determines the end.

::

    encoder      h_s = [LSTM(x_s, ·); LSTM'(x_s, ·)]      both directions; their final states start the decoder
    decoder      h_t = LSTM''(y_{t-1}, h_{t-1})           y_0 is the stop symbol; teacher forcing in training
    attention    w_t = softmax_s(h_t · h_s),  c_t = Σ_s w_ts h_s,  o_t = tanh(W [h_t; c_t] + b)
    without      o_t = h_t
    p_t = softmax(W' o_t + b'),  L = mean of -log p_t[y_t]

Without attention a single state has to represent the whole string. With it the decoder attends to one letter after
the other.

Prints the share of new strings of up to 8 letters that are reversed exactly, the end included; then, for one
string, the attention weights at each output, where 9 is a weight of 1. They move from the last letter to the first.
"""

import numpy as np

import charlm
from charlm.blas import one_blas_thread
from charlm.nn import Adam
from charlm.text.batches.pairs import PairBatches

__all__ = ["main"]

LETTERS = "abcdefgh"


def strings(rng: np.random.Generator, count: int) -> list[str]:
    """Return strings of 2 to 8 letters."""
    return ["".join(rng.choice(list(LETTERS), size)) for size in rng.integers(2, 9, count)]


@one_blas_thread()  # small matrices are not faster with more threads
def main() -> None:
    """Train both models and compare them."""
    source, target = (charlm.Vocabulary.from_text(LETTERS, stop=stop) for stop in (False, True))
    for attention in (False, True):
        rng = np.random.default_rng(0)
        learnt = [np.array(source.encode(string)) for string in strings(rng, 16000)]
        backwards = [ids[::-1] for ids in learnt]
        batches = PairBatches(learnt, backwards, output="text", streams=32, rng=rng, stop_id=target.stop_id)
        model = charlm.Transducer(charlm.TransducerConfig(hidden_size=64, attention=attention), source, target)
        optimizer = Adam(model.params)
        for update in range(500):
            optimizer.lr = 0.01 * (1 - update / 500)
            model.params.grad[:] = 0
            _, _, backprop = model.loss(batches.next())
            backprop()
            optimizer.step()

        new = [*strings(rng, 500), LETTERS]
        found = charlm.transduce(model, new)
        right = np.mean([one.text == string[::-1] for one, string in zip(found, new, strict=True)])
        print(f"attention {'on ' if attention else 'off'}  reversed {right:.1%}")
        if found[-1].attention is not None:
            print("    ", *LETTERS)
            for symbol, weights in zip(found[-1].symbols, found[-1].attention, strict=True):
                print(f"{symbol or 'end':3} ", *(f"{9 * weight:.0f}".replace("0", "·") for weight in weights))


if __name__ == "__main__":
    main()
