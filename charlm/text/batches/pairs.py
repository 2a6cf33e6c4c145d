"""`PairBatches`: pairs of sequences, sources padded on the left, targets on the right, bucketed by length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.config import OutputName
from charlm.errors import CorpusError, UsageError
from charlm.text.batches.base import Batch, BatchShapes, IdArray, stored_count
from charlm.text.batches.documents import document_stream
from charlm.text.batches.lengths import MOST

__all__ = ["PairBatches", "padded_lengths", "pair_batch"]


class PairBatches:
    """Pairs in batches of N with similar lengths, every pass in another order.

    A batch has ``source`` ids (S, N), padded on the left, and ``source_lengths`` (1, N), and for

    - text: ``inputs`` and ``targets`` (T, N), padded on the right, with ``mask`` (T, N), True for a target;
      inputs begin with the stop symbol, targets end with it;
    - label: ``targets`` (1, N);
    - tags: ``targets`` (S, N), padded on the left as the source is, with ``mask`` (S, N).

    Padding is 0. `Batch.counted` is the number of targets.

    S and T have few values, `padded_lengths` of all pairs, since a training loop stores arrays for each. A pass
    shuffles the pairs, sorts them by S and T, splits them into batches and shuffles the batches. Every pair is in
    every pass. If N does not divide the number of pairs, random pairs fill the last batch and are in the pass
    twice. If there are fewer pairs than N, each is in the only batch ⌊N/pairs⌋ or ⌈N/pairs⌉ times.

    Parameters
    ----------
    sources : sequence of ndarray, each 1-D
        Ids; a source may be empty, except for tags.
    targets : sequence of ndarray, each 1-D
        Of text, ids without the stop symbol; of a label, its id; of tags, one id for each id of the source.
    output : {"text", "label", "tags"}
    streams : int
        N.
    rng : Generator
        Draws one number a pass, the seed of its order.
    stop_id : int, optional
        Id of the stop symbol; for text only.

    Raises
    ------
    CorpusError
        If there are no pairs, or targets do not fit the output.
    """

    def __init__(
        self,
        sources: Sequence[IdArray],
        targets: Sequence[IdArray],
        *,
        output: OutputName,
        streams: int,
        rng: np.random.Generator,
        stop_id: int | None = None,
    ) -> None:
        if streams < 1:
            raise UsageError(f"{streams} streams hold nothing; give at least 1")
        if not sources:
            raise CorpusError("there are no pairs to train on; give at least one")
        if output == "text" and stop_id is None:
            raise UsageError('`output="text"` needs a stop symbol; make the vocabulary with stop=True')
        self.output = output
        self.streams = streams
        self.rng = rng
        self.sources, self.targets = _Ragged(sources), _Ragged(targets, stop_id if output == "text" else None)
        self._check()
        self._S = padded_lengths(self.sources.sizes)
        self._T = padded_lengths(self.targets.sizes)
        self.lengths: tuple[int, ...] = tuple(np.unique(self._T).tolist())
        self.length = self.lengths[-1]
        self.batches = 0
        self._shuffle(0)  # until the first pass begins

    def _check(self) -> None:
        expected = {"label": np.ones_like(self.sources.sizes), "tags": self.sources.sizes}.get(self.output)
        if expected is None:
            return
        wrong = np.flatnonzero((self.targets.sizes != expected) | (expected == 0))
        if wrong.size:
            n, wanted = self.targets.sizes[wrong[0]], max(1, expected[wrong[0]])
            raise CorpusError(
                f"pair {wrong[0] + 1} has {n} targets, not {wanted}; give one label, or a tag for each symbol"
            )

    def shapes(self) -> BatchShapes:
        """Return the shapes of the largest batch."""
        S, T, N, ids = int(self._S.max()), self.length, self.streams, np.dtype(np.intp).str
        shapes = {"source": ((S, N), ids), "source_lengths": ((1, N), ids), "targets": ((T, N), ids)}
        if self.output == "text":
            shapes["inputs"] = ((T, N), ids)
        if self.output != "label":
            shapes["mask"] = ((T, N), "|b1")
        return shapes

    @property
    def batches_per_epoch(self) -> int:
        """Batches that hold all pairs, rounded up."""
        return -(-len(self._S) // self.streams)

    @property
    def epoch(self) -> float:
        """Batches returned so far, over those of a pass."""
        return self.batches / self.batches_per_epoch

    def next(self) -> Batch:
        """Return the next batch."""
        k = self.batches % self.batches_per_epoch
        if k == 0:
            self._shuffle(int(self.rng.integers(2**63)))
        self.batches += 1
        pairs = self._order[k]
        S, T = int(self._S[pairs].max()), int(self._T[pairs].max())
        return _batch(self.sources, self.targets, pairs, S, T, self.output)

    def _shuffle(self, seed: int) -> None:
        """Split the pairs into the batches of a pass, (batches, N)."""
        self.seed = seed
        rng = np.random.default_rng(seed)
        order = np.resize(rng.permutation(len(self._S)), self.batches_per_epoch * self.streams)
        S, T = self._S[order], self._T[order]
        # T alternates in direction, so that neighbours with different S have similar T; the stable sort leaves
        # equal pairs shuffled
        alternating = np.where(np.searchsorted(np.unique(self._S), S) % 2, -T, T)
        batches = order[np.lexsort((alternating, S))].reshape(-1, self.streams)
        self._order = batches[rng.permutation(len(batches))]

    def state(self) -> dict[str, Any]:
        """Return the number of batches returned so far, and the seed of the pass's order."""
        return {"batches": self.batches, "seed": self.seed}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a cursor.

        Raises
        ------
        CheckpointError
            If it is invalid.
        """
        batches, seed = stored_count(state, "batches"), stored_count(state, "seed", below=2**63)
        self.batches = batches
        self._shuffle(seed)


def pair_batch(
    sources: Sequence[IdArray], targets: Sequence[IdArray], *, output: OutputName, stop_id: int | None = None
) -> Batch:
    """Return all pairs as one batch in the form of `PairBatches`, padded to the longest."""
    x, y = _Ragged(sources), _Ragged(targets, stop_id if output == "text" else None)
    S, T = int(x.sizes.max(initial=1)), int(y.sizes.max(initial=1))
    return _batch(x, y, np.arange(len(sources)), S, T, output)


def _batch(
    sources: _Ragged, targets: _Ragged, pairs: NDArray[np.intp], S: int, T: int, output: OutputName
) -> Batch:
    source, _ = sources.padded_left(pairs, S)
    arrays: dict[str, NDArray[Any]] = {"source": source, "source_lengths": sources.sizes[pairs][None]}
    if output == "label":
        arrays["targets"], mask = targets.padded_right(pairs, 1)
    elif output == "tags":
        arrays["targets"], mask = targets.padded_left(pairs, S)
        arrays["mask"] = mask
    else:
        arrays["inputs"], mask = targets.padded_right(pairs, T)
        arrays["targets"], _ = targets.padded_right(pairs, T, later=1)
        arrays["mask"] = mask
    return Batch(arrays, int(mask.sum()))


class _Ragged:
    """A ragged array: sequences concatenated in memory, with an optional stop symbol before and after each."""

    def __init__(self, sequences: Sequence[IdArray], stop_id: int | None = None) -> None:
        self.sizes = np.array([len(sequence) + (stop_id is not None) for sequence in sequences])
        self._starts = np.cumsum(self.sizes) - self.sizes
        padding = np.zeros(1, np.intp)
        ids = np.concatenate([*sequences, padding]) if stop_id is None else document_stream(sequences, stop_id)
        self._ids = ids.astype(np.intp)

    def padded_left(self, which: NDArray[np.intp], length: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return ids (length, N) of some sequences padded on the left, and their mask."""
        t = np.arange(length)[:, None] - (length - self.sizes[which])
        return self._at(which, t, t >= 0)

    def padded_right(
        self, which: NDArray[np.intp], length: int, later: int = 0
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return ids (length, N) of some sequences padded on the right, shifted by `later`, and their mask."""
        t = np.arange(length)[:, None] + np.zeros_like(which)
        return self._at(which, t + later, t < self.sizes[which])

    def _at(
        self, which: NDArray[np.intp], t: NDArray[np.intp], mask: NDArray[np.bool_]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        ids = np.where(mask, self._ids[np.where(mask, self._starts[which] + t, 0)], 0)
        return ids, mask


def padded_lengths(sizes: NDArray[np.intp], most: int = MOST) -> NDArray[np.intp]:
    """Choose the padded length of each sequence: at most `most` lengths with the least total padding.

    Parameters
    ----------
    sizes : ndarray, shape (n,)
        Length of each sequence.
    most : int
        Number of different lengths.

    Returns
    -------
    ndarray, shape (n,)
        Padded lengths, at least 1.

    Notes
    -----
    Dynamic programming over the sizes s₁ < s₂ < …, with nᵢ sequences of size sᵢ. The fewest symbols of the
    sequences up to sⱼ with k lengths are c(j) = minᵢ c′(i) + sⱼ (nᵢ₊₁ + … + nⱼ), where c′ is c for k − 1 lengths.

    Examples
    --------
    >>> padded_lengths(np.array([1, 2, 2, 9, 9, 8, 3]), most=2)
    array([3, 3, 3, 9, 9, 9, 3])
    """
    size, where, counts = np.unique(np.maximum(sizes, 1), return_inverse=True, return_counts=True)
    if len(size) <= most:
        return size[where]
    below = np.concatenate([[0], np.cumsum(counts)])  # number of sequences shorter than each size
    cost = np.concatenate([[0.0], np.full(len(size), np.inf)])
    splits = np.zeros((most, len(size) + 1), np.intp)
    for k in range(most):
        before, cost = cost, np.zeros_like(cost)
        for j in range(1, len(size) + 1):
            through = before[:j] + size[j - 1] * (below[j] - below[:j])
            splits[k, j] = through.argmin()
            cost[j] = through[splits[k, j]]
    padded, end = np.empty_like(size), len(size)
    for k in reversed(range(most)):
        begin = splits[k, end]
        padded[begin:end] = size[end - 1]
        end = begin
    return padded[where]
