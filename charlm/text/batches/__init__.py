"""Batches: the input of a training step, named arrays over N streams; ids (T, N) of text, numbers (T, N, D).

===============================  =======================================================
`SequentialBatches`              N contiguous streams in parallel, with carried state
`RandomBatches`                  windows at random positions, each from zero state
`DocumentBatches`                independent texts, each from zero state to its end
`MinCharRnnBatches`              one stream, with the cursor of min-char-rnn
`PairBatches`                    pairs of sequences, padded, bucketed by length
===============================  =======================================================

The first two and that of min-char-rnn read a text, ids (n,), or a series of numbers, (n, D): targets are the inputs
one step later. All five are `Batches`: their cursor is a small value of JSON types, from which they resume bit for
bit.
"""

from __future__ import annotations

from charlm.text.batches.base import Batch, Batches, BatchShapes, checked_series, text_batch, text_shapes
from charlm.text.batches.documents import DocumentBatches, document_stream, encode_documents, split_documents
from charlm.text.batches.fitting import fit, split
from charlm.text.batches.min_char_rnn import MinCharRnnBatches
from charlm.text.batches.pairs import PairBatches, pair_batch
from charlm.text.batches.random_windows import RandomBatches
from charlm.text.batches.sequential import SequentialBatches

__all__ = [
    "Batch",
    "BatchShapes",
    "Batches",
    "DocumentBatches",
    "MinCharRnnBatches",
    "PairBatches",
    "RandomBatches",
    "SequentialBatches",
    "checked_series",
    "document_stream",
    "encode_documents",
    "fit",
    "pair_batch",
    "split",
    "split_documents",
    "text_batch",
    "text_shapes",
]
