"""Documents: texts that stand alone, each read from zero state to its stop symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.errors import CheckpointError, CorpusError
from charlm.text.batches.base import Batch, BatchShapes, IdArray, check_size, restored, text_batch, text_shapes
from charlm.text.batches.lengths import batches_of, draw_length, window_lengths

__all__ = ["DocumentBatches", "split_documents"]


def split_documents(text: str) -> list[str]:
    r"""Return the lines of a text that are not blank, without their ends (``\n`` or ``\r\n``)."""
    return [line.removesuffix("\r") for line in text.split("\n") if line.strip()]


class DocumentBatches:
    """Documents dealt to N columns, pass after pass, each to the column that is free first.

    A document d₀ … dₘ is read as stop, d₀ … dₘ with the targets d₀ … dₘ, stop, from zero state. Every document
    is dealt once a pass, in an order drawn for the pass; a column that is free takes the next, of the next
    pass if need be, so nothing is padded and nothing is left out.

    Parameters
    ----------
    documents : sequence of ndarray, each 1-D
        Ids of each document, without the stop symbol; one may be empty.
    stop_id : int
        Id of the stop symbol.
    streams, length : int
        N and T.
    rng : Generator
        Draws one number a pass, from which its order follows: so the state stays small however many
        documents there are; and each batch's length if that is drawn.
    shortest : int, optional
        Each batch's length is one of `window_lengths` from this to `length`, drawn; T when left out.

    Raises
    ------
    CorpusError
        If there are no documents.
    """

    def __init__(
        self,
        documents: Sequence[IdArray],
        *,
        stop_id: int,
        streams: int,
        length: int,
        rng: np.random.Generator,
        shortest: int | None = None,
    ) -> None:
        if not documents:
            raise CorpusError("there are no documents to train on; give a text with lines that are not blank")
        # stop d₀ … stop d₀ … stop: an input's target is what stands after it
        stop = np.array([stop_id], np.min_scalar_type(stop_id))
        self.ids: IdArray = np.concatenate([part for document in documents for part in (stop, document)] + [stop])
        check_size(self.ids, streams, length, needed=2)
        self.sizes = np.array([len(document) + 1 for document in documents])  # inputs of each, stop included
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.streams = streams
        self.length = length
        self.lengths = window_lengths(shortest or length, length)
        self.rng = rng
        self.symbols = 0  # that each column has read
        # before the first pass: all of an order is dealt, and each column has ended a document that it never read
        self._shuffle(0)
        self.dealt = len(self.order)
        self.document = np.zeros(streams, np.intp)
        self.read = np.full(streams, self.sizes[0])

    def shapes(self) -> BatchShapes:
        """Return the shapes of the largest batch."""
        return text_shapes(self.length, self.streams)

    @property
    def batches_per_epoch(self) -> int:
        """Batches that hold as many targets as the documents have, rounded up."""
        return batches_of(len(self.ids) - 1, self.streams, self.lengths)

    @property
    def epoch(self) -> float:
        """Targets given out, over the targets that the documents have."""
        return self.symbols * self.streams / (len(self.ids) - 1)

    def next(self) -> Batch:
        """Return the next window of every column."""
        T = draw_length(self.lengths, self.rng)
        resets = np.zeros((T, self.streams), np.bool_)
        places = np.empty((T, self.streams), np.intp)
        for t in range(T):
            free = np.flatnonzero(self.read == self.sizes[self.document])
            if free.size:
                self.document[free] = [self._deal() for _ in free]
                self.read[free] = 0
                resets[t, free] = True
            places[t] = self.starts[self.document] + self.read
            self.read += 1
        self.symbols += T
        inputs, targets = (np.asarray(self.ids[at], dtype=np.intp) for at in (places, places + 1))
        return text_batch(inputs, targets, resets if resets.any() else None)

    def _deal(self) -> int:
        if self.dealt == len(self.order):
            self._shuffle(int(self.rng.integers(2**63)))
        self.dealt += 1
        return int(self.order[self.dealt - 1])

    def _shuffle(self, seed: int) -> None:
        self.seed = seed
        self.order = np.random.default_rng(seed).permutation(len(self.sizes))
        self.dealt = 0  # of this order

    def state(self) -> dict[str, Any]:
        """Return the pass's order as its seed, how much of it is dealt, and where each column is."""
        return {
            "symbols": self.symbols,
            "seed": self.seed,
            "dealt": self.dealt,
            "document": self.document.tolist(),
            "read": self.read.tolist(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to a stored place.

        Raises
        ------
        CheckpointError
            If there is no such place in these documents.
        """
        symbols = restored(state, "symbols")
        seed, dealt = restored(state, "seed", below=2**63), restored(state, "dealt", below=len(self.sizes) + 1)
        document = self._columns(state, "document", np.full(self.streams, len(self.sizes)))
        read = self._columns(state, "read", self.sizes[document] + 1)
        self._shuffle(seed)
        self.symbols, self.dealt, self.document, self.read = symbols, dealt, document, read

    def _columns(self, state: Mapping[str, Any], name: str, below: NDArray[np.intp]) -> NDArray[np.intp]:
        values = state.get(name)
        if not isinstance(values, list) or len(values) != self.streams:
            raise CheckpointError(
                f"the data cursor's {name} is not a list of {self.streams}; "
                f"the checkpoint is damaged or belongs to another number of streams"
            )
        return np.array(
            [restored({name: v}, name, below=int(b)) for v, b in zip(values, below, strict=True)], np.intp
        )
