"""Batches: what a training step reads, named arrays over N streams; of text (T, N) ids.

===============================  =======================================================
`SequentialBatches`              N contiguous streams, read side by side with carried state
`RandomBatches`                  windows from anywhere, each from zero state
`DocumentBatches`                texts that stand alone, each from zero state to its end
`MinCharRnnBatches`              one stream, with the cursor of min-char-rnn
`PairBatches`                    pairs of sequences, padded, in batches of similar lengths
===============================  =======================================================

All five are `Batches`: where they are is a small value of JSON types, and from it they continue bit for bit.
"""

from __future__ import annotations

from charlm.text.batches.base import Batch, Batches, BatchShapes, text_batch, text_shapes
from charlm.text.batches.documents import DocumentBatches, split_documents
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
    "fit",
    "pair_batch",
    "split",
    "split_documents",
    "text_batch",
    "text_shapes",
]
