"""Validation: the loss on a held-out text or series during training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from charlm.models.learner import State
from charlm.nn.arrays import FloatArray, IdArray, Resets

__all__ = ["WARMUP", "HeldOut", "Reader", "estimate_s", "symbols_read", "validation_loss", "validation_nats"]

_Result = TypeVar("_Result")

WARMUP = 256
STREAMS = 64
STEPS = 64
TRIAL_SYMBOLS = 32768  # for timing a validation

Losses = Callable[[FloatArray, NDArray[Any]], NDArray[np.float64]]
"""``(h (T, N, H), targets) -> losses (T, N)``."""


class Reader(Protocol):
    """A model that reads sequences, such as `CharModel` and `SeriesModel`."""

    def zero_state(self, streams: int) -> State:
        """Return the state of N streams that have read nothing."""

    def hidden(
        self, inputs: NDArray[Any], state: State | None = None, *, resets: Resets | None = None
    ) -> tuple[FloatArray, State]:
        """Return the top layer's hidden states (T, N, H), and the state."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """A held-out text or series of numbers, as one stream of predictions.

    Parameters
    ----------
    inputs, targets : ndarray, shape (n,) or (n, D)
        Ids, or numbers.
    resets : ndarray of bool, shape (n,)
        True at the first prediction of a document.
    warmup : int
        Number of predictions at the start that warm up the state and do not count.
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]
    resets: NDArray[np.bool_]
    warmup: int = 0

    @classmethod
    def join(cls, sequences: Sequence[IdArray], warmup: int = 0) -> HeldOut:
        """Concatenate sequences of ids; each begins from zero state."""
        return cls(
            np.concatenate([ids[:-1] for ids in sequences]).astype(np.intp),
            np.concatenate([ids[1:] for ids in sequences]).astype(np.intp),
            np.concatenate([np.arange(len(ids) - 1) == 0 for ids in sequences]),
            warmup,
        )

    @classmethod
    def of(cls, series: NDArray[Any], warmup: int = 0) -> HeldOut:
        """Build the predictions of a series: each step is the target of the step before."""
        return cls(series[:-1], series[1:], np.arange(len(series) - 1) == 0, warmup)

    @property
    def stream(self) -> NDArray[Any]:
        """All symbols, (n + 1,): each target is the next input, at the end of a document too."""
        return np.concatenate([self.inputs, self.targets[-1:]])

    def head(self, count: int) -> HeldOut:
        """Return the first `count` predictions, at least one of which counts."""
        return HeldOut(self.inputs[:count], self.targets[:count], self.resets[:count], min(self.warmup, count - 1))


def validation_loss(
    model: Reader, held_out: HeldOut, losses: Losses, *, groups: int = 1, workers: int = 1
) -> float:
    """Return the mean loss over a held-out text or series.

    It is split into up to 64 parallel streams. Each is warmed up on the 256 symbols before its first prediction, so
    the result is that of one long stream except for dependencies over more symbols.

    Parameters
    ----------
    model : Reader
    held_out : HeldOut
    losses : callable
        The model's loss of each prediction, ``(h (T, N, H), targets) -> (T, N)``: `CharModel.target_nats`, say.
    groups : int
        Number of groups of streams; it may change the last bits, as shards do in training.
    workers : int
        Threads that read the groups; changes no bit. Matrix products, most of the work, release the lock.
    """
    begins, length = _streams(held_out)

    def read(part: IdArray) -> float:
        return sum(float(nats.sum()) for _, nats in _read(model, held_out, losses, part, length))

    counted = len(held_out.inputs) - held_out.warmup
    return math.fsum(_map_groups(read, begins, groups, workers)) / counted


def validation_nats(
    model: Reader, held_out: HeldOut, losses: Losses, *, groups: int = 1, workers: int = 1
) -> NDArray[np.float64]:
    """Return the loss of each prediction that counts, (n,), as `validation_loss` computes it."""
    begins, length = _streams(held_out)
    result = np.empty(len(held_out.inputs) - held_out.warmup)

    def read(part: IdArray) -> None:
        for at, nats in _read(model, held_out, losses, part, length):
            result[at - held_out.warmup] = nats

    _map_groups(read, begins, groups, workers)
    return result


def _map_groups(read: Callable[[IdArray], _Result], begins: IdArray, groups: int, workers: int) -> list[_Result]:
    """Return what `read` returns for each group of streams, which begin there."""
    parts = np.array_split(begins, min(groups, len(begins)))
    if workers == 1:
        return [read(part) for part in parts]
    with ThreadPoolExecutor(workers) as threads:
        return list(threads.map(read, parts))


def estimate_s(loss: Callable[[HeldOut], float], whole: HeldOut) -> float:
    """Estimate the seconds of a loss over the whole from its first part."""
    part = whole.head(min(len(whole.inputs), TRIAL_SYMBOLS))
    begin = time.perf_counter()
    loss(part)
    return (time.perf_counter() - begin) * symbols_read(whole) / symbols_read(part)


def symbols_read(held_out: HeldOut) -> int:
    """Return the number of symbols that `validation_loss` reads, warm-up included."""
    begins, length = _streams(held_out)
    return len(begins) * (WARMUP + length)


def _streams(held_out: HeldOut) -> tuple[IdArray, int]:
    """Return the first prediction of each stream that counts, and how many of a stream count."""
    counted = len(held_out.inputs) - held_out.warmup
    streams = min(STREAMS, max(1, counted // WARMUP))
    length = -(-counted // streams)
    return held_out.warmup + length * np.arange(streams), length


def _read(
    model: Reader, held_out: HeldOut, losses: Losses, begins: IdArray, length: int
) -> Iterator[tuple[IdArray, NDArray[np.float64]]]:
    """Read parallel streams of `length` predictions; yield places in the text and losses of those that count."""
    total = len(held_out.inputs)
    ends, state = np.minimum(begins + length, total), model.zero_state(len(begins))
    with np.errstate(over="ignore", invalid="ignore"):  # diverged weights give a huge loss, not a warning
        for start in range(-WARMUP, length, STEPS):
            at = begins + np.arange(start, min(start + STEPS, length))[:, None]  # (T, N) positions in the text
            inside = np.clip(at, 0, total - 1)
            fresh = held_out.resets[inside] | (at <= 0)
            counts = (at >= begins) & (at < ends)
            h, state = model.hidden(held_out.inputs[inside], state, resets=fresh)
            if counts.any():
                yield at[counts], losses(h, held_out.targets[inside])[counts]
