"""The loss on held-out text, while training."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from charlm.models.language_model import CharModel
from charlm.nn.arrays import IdArray
from charlm.training.data import WARMUP, HeldOut

__all__ = ["symbols_read", "validation_loss"]

STREAMS = 64
STEPS = 64


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
