"""Held-out text, and the loss on it while training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm.models.language_model import CharModel
from charlm.nn.arrays import IdArray

__all__ = ["WARMUP", "HeldOut", "symbols_read", "validation_loss"]

WARMUP = 256
STREAMS = 64
STEPS = 64


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Text to validate on, as one stream of predictions.

    Parameters
    ----------
    inputs, targets : ndarray of int, shape (n,)
    resets : ndarray of bool, shape (n,)
        True at the first prediction of a document.
    warmup : int
        So many predictions at the start only warm the state up and are not counted.
    """

    inputs: IdArray
    targets: IdArray
    resets: NDArray[np.bool_]
    warmup: int = 0

    @classmethod
    def join(cls, sequences: Sequence[IdArray], warmup: int = 0) -> HeldOut:
        """Put sequences one after the other; each begins from zero state."""
        return cls(
            np.concatenate([ids[:-1] for ids in sequences]).astype(np.intp),
            np.concatenate([ids[1:] for ids in sequences]).astype(np.intp),
            np.concatenate([np.arange(len(ids) - 1) == 0 for ids in sequences]),
            warmup,
        )

    def head(self, count: int) -> HeldOut:
        """Return the first `count` predictions, of which at least one is counted."""
        return HeldOut(self.inputs[:count], self.targets[:count], self.resets[:count], min(self.warmup, count - 1))


def validation_loss(model: CharModel, held_out: HeldOut, *, groups: int = 1, workers: int = 1) -> float:
    """Return the mean loss in nats over all of a held-out text.

    The text is cut into up to 64 streams that are read side by side. Each is warmed up on the 256 symbols
    before its own first prediction, so that the result is that of one long stream but for what lies further back.

    Parameters
    ----------
    model : CharModel
    held_out : HeldOut
    groups : int
        Into how many groups the streams are cut: may decide the last bits, as shards do in training.
    workers : int
        Threads that read the groups; changes no bit. Products of matrices hold no lock, and are most of the work.
    """
    streams, length = _cut(held_out)
    counted, begins = len(held_out.inputs) - held_out.warmup, held_out.warmup + length * np.arange(streams)
    parts = np.array_split(begins, min(groups, streams))

    def read(part: IdArray) -> float:
        return _nats(model, held_out, part, length)

    if workers == 1:
        return math.fsum(map(read, parts)) / counted
    with ThreadPoolExecutor(workers) as threads:
        return math.fsum(threads.map(read, parts)) / counted


def symbols_read(held_out: HeldOut) -> int:
    """Return how many symbols `validation_loss` reads, those that only warm a stream up included."""
    streams, length = _cut(held_out)
    return streams * (WARMUP + length)


def _cut(held_out: HeldOut) -> tuple[int, int]:
    """Return into how many streams the text is cut, and how many predictions of each are counted."""
    counted = len(held_out.inputs) - held_out.warmup
    streams = min(STREAMS, max(1, counted // WARMUP))
    return streams, -(-counted // streams)


def _nats(model: CharModel, held_out: HeldOut, begins: IdArray, length: int) -> float:
    """Read streams of so many symbols side by side, and return what all predictions together cost."""
    total = len(held_out.inputs)
    ends = np.minimum(begins + length, total)
    nats, state = 0.0, model.zero_state(len(begins))
    with np.errstate(over="ignore", invalid="ignore"):  # absurd weights give an absurd loss, and no warning
        for start in range(-WARMUP, length, STEPS):
            at = begins + np.arange(start, min(start + STEPS, length))[:, None]  # (T, N) places in the text
            inside = np.clip(at, 0, total - 1)
            fresh = held_out.resets[inside] | (at <= 0)
            counts = (at >= begins) & (at < ends)
            h, state = model.hidden(held_out.inputs[inside], state, resets=fresh)
            if counts.any():
                nats += float(model.target_nats(h, held_out.targets[inside])[counts].sum())
    return nats
