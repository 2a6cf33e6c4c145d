"""`DocumentBatches`: independent documents, each read from zero state to its stop symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.config import OnUnknown
from charlm.errors import CheckpointError, CorpusError
from charlm.text.batches.base import Batch, BatchShapes, IdArray, check_size, stored_count, text_batch, text_shapes
from charlm.text.batches.lengths import batches_of, draw_length, window_lengths
from charlm.text.vocabulary import Vocabulary

__all__ = ["DocumentBatches", "document_stream", "encode_documents", "split_documents"]


def split_documents(text: str) -> list[str]:
    r"""Return the non-blank lines of a text, without ``\n`` or ``\r\n``."""
    return [line.removesuffix("\r") for line in text.split("\n") if line.strip()]


def encode_documents(vocabulary: Vocabulary, text: str, *, on_unknown: OnUnknown = "error") -> list[IdArray]:
    """Encode each document of a text, as `Vocabulary.encode` does."""
    return [vocabulary.encode(document, on_unknown=on_unknown) for document in split_documents(text)]


def document_stream(documents: Sequence[IdArray], stop_id: int) -> IdArray:
    """Concatenate documents, with a stop symbol before each and at the end.

    Examples
    --------
    >>> document_stream([np.array([1, 2]), np.array([0])], stop_id=3).tolist()
    [3, 1, 2, 3, 0, 3]
    """
    stop = np.array([stop_id], np.min_scalar_type(stop_id))
    return np.concatenate([*(part for document in documents for part in (stop, document)), stop])


class DocumentBatches:
    """Documents in N streams; a stream that ends a document begins the next one.

    The inputs of a document d₀ … dₘ are stop, d₀ … dₘ, its targets d₀ … dₘ, stop; it begins from zero state. A pass
    has every document once, in random order. Streams continue with the next pass without a gap, so there is no
    padding and no remainder.

    Parameters
    ----------
    documents : sequence of ndarray, each 1-D
        Ids of each document, without the stop symbol; a document may be empty.
    stop_id : int
        Id of the stop symbol.
    streams, length : int
        N and T.
    rng : Generator
        Draws one number a pass, the seed of its order, so that the cursor is small; and the length of each batch
        if it is random.
    shortest : int, optional
        Smallest length of a batch; each is one of `window_lengths`, at random. By default all are T.

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
        self.ids = document_stream(documents, stop_id)
        check_size(self.ids, streams, length, needed=2)
        self.sizes = np.array([len(document) + 1 for document in documents])  # inputs of each, with stop
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.streams = streams
        self.length = length
        self.lengths = window_lengths(shortest or length, length)
        self.rng = rng
        self.symbols = 0  # read by each stream
        # before the first pass: the order is used up, and every stream is at the end of a document
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
        """Targets returned so far, over the targets of the documents."""
        return self.symbols * self.streams / (len(self.ids) - 1)

    def next(self) -> Batch:
        """Return the next window of every stream."""
        T = draw_length(self.lengths, self.rng)
        resets = np.zeros((T, self.streams), np.bool_)
        indices = np.empty((T, self.streams), np.intp)
        for t in range(T):
            ended = np.flatnonzero(self.read == self.sizes[self.document])
            if ended.size:
                self.document[ended] = [self._next_document() for _ in ended]
                self.read[ended] = 0
                resets[t, ended] = True
            indices[t] = self.starts[self.document] + self.read
            self.read += 1
        self.symbols += T
        inputs, targets = (np.asarray(self.ids[at], dtype=np.intp) for at in (indices, indices + 1))
        return text_batch(inputs, targets, resets if resets.any() else None)

    def _next_document(self) -> int:
        if self.dealt == len(self.order):
            self._shuffle(int(self.rng.integers(2**63)))
        self.dealt += 1
        return int(self.order[self.dealt - 1])

    def _shuffle(self, seed: int) -> None:
        self.seed = seed
        self.order = np.random.default_rng(seed).permutation(len(self.sizes))
        self.dealt = 0  # documents of this order that streams have begun

    def state(self) -> dict[str, Any]:
        """Return the seed of the order, the documents of it already begun, and the position of each stream."""
        return {
            "symbols": self.symbols,
            "seed": self.seed,
            "dealt": self.dealt,
            "document": self.document.tolist(),
            "read": self.read.tolist(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a cursor.

        Raises
        ------
        CheckpointError
            If it is invalid for these documents.
        """
        symbols = stored_count(state, "symbols")
        seed, dealt = (
            stored_count(state, "seed", below=2**63),
            stored_count(state, "dealt", below=len(self.sizes) + 1),
        )
        document = self._counts(state, "document", np.full(self.streams, len(self.sizes)))
        read = self._counts(state, "read", self.sizes[document] + 1)
        self._shuffle(seed)
        self.symbols, self.dealt, self.document, self.read = symbols, dealt, document, read

    def _counts(self, state: Mapping[str, Any], name: str, below: NDArray[np.intp]) -> NDArray[np.intp]:
        values = state.get(name)
        if not isinstance(values, list) or len(values) != self.streams:
            raise CheckpointError(
                f"the data cursor's {name} is not a list of {self.streams}; "
                f"the checkpoint is damaged or belongs to another number of streams"
            )
        return np.array(
            [stored_count({name: v}, name, below=int(b)) for v, b in zip(values, below, strict=True)], np.intp
        )
