"""Randomised truncation: a random length for each window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["MOST", "batches_of", "draw_length", "window_lengths"]

MOST = 8  # a training loop keeps its arrays for each length, so there are few


def window_lengths(shortest: int, longest: int) -> tuple[int, ...]:
    """Return the lengths that windows may have, in rising order: at most eight, evenly spaced, both ends included.

    Each is drawn with the same probability, once an update, for all streams. Their mean is exactly half of
    ``shortest + longest``, which is how many characters a window has in expectation.

    Notes
    -----
    A target at place t of its window is learnt from the t + 1 inputs before it and no further, so with T characters
    a dependency over d reaches (T - d) / T of the targets. Drawing T lets some windows reach as far as the longest
    does, while most updates cost less. Gradients are not reweighted by how likely they were to reach so far, as an
    unbiased estimate would need [1]_: in expectation the gradient is the mean of those of the single lengths, each
    still truncated. With a mean loss every window counts the same, so that a character of a short one counts more.

    References
    ----------
    .. [1] Tallec & Ollivier (2017), "Unbiasing Truncated Backpropagation Through Time".

    Examples
    --------
    >>> window_lengths(16, 64)
    (16, 23, 30, 37, 43, 50, 57, 64)
    >>> window_lengths(5, 7), window_lengths(32, 32)
    ((5, 6, 7), (32,))
    """
    steps = min(MOST, longest - shortest + 1) - 1
    # seven steps never end at a half, so that rounding is symmetric and the mean stays in the middle
    return tuple(shortest + round(k * (longest - shortest) / max(1, steps)) for k in range(steps + 1))


def draw_length(lengths: Sequence[int], rng: np.random.Generator) -> int:
    """Draw one of the lengths; where there is only one, nothing is drawn."""
    return lengths[int(rng.integers(len(lengths)))] if len(lengths) > 1 else lengths[0]


def batches_of(symbols: int, streams: int, lengths: Sequence[int]) -> int:
    """Return how many batches hold so many targets, rounded up; in expectation where lengths are drawn."""
    return -(-symbols * len(lengths) // (streams * sum(lengths)))
