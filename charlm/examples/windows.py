"""Sequential partition and random sampling: two ways to split a text into training windows.

::

    sequential    N parallel streams; each window continues the one before, h and c are carried
    random        windows at random positions, each from zero state

A carried state depends on more than the window: a model can use earlier characters, though no gradient reaches
them. A random window depends on its own characters alone, but all batches differ.

Prints three windows of two streams, split both ways; then the loss on held-out text, in nats, while an LSTM learns
`builtin:tales` from windows of only 8 characters. The shorter the windows, the more the carried state helps.
"""

import numpy as np

import charlm
from charlm.text.batches.random_windows import RandomBatches
from charlm.text.batches.sequential import SequentialBatches
from charlm.text.builtin import make_text

__all__ = ["main"]

SENTENCE = "the quick brown fox jumps over the lazy dog and runs far away from it"


def main() -> None:
    """Show windows, and train on them."""
    vocabulary, rng = charlm.Vocabulary.from_text(SENTENCE), np.random.default_rng(0)
    ids = np.array(vocabulary.encode(SENTENCE))
    sequential = SequentialBatches(ids, streams=2, length=8, rng=rng)
    for name, batches in (("sequential", sequential), ("random", RandomBatches(ids, streams=2, length=8, rng=rng))):
        for k in range(3):
            first, second = (vocabulary.decode(window) for window in batches.next()["inputs"].T)
            print(f"{name:10}  window {k + 1}  {first!r}  {second!r}")

    text = make_text("tales", size=40_000)
    for sampling in ("sequential", "random"):
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=64), charlm.Vocabulary.from_text(text), seed=0)
        config = charlm.TrainConfig(
            sampling=sampling, batch_size=16, seq_length=8, steps=600, eval_every=200, workers=1
        )
        for report in charlm.train(model, text, config):
            if report.event == "eval":
                print(f"{sampling:10}  update {report.step:3}  loss {report.loss:.3f}")


if __name__ == "__main__":
    main()
