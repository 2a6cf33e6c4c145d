"""Randomised truncation: a random length T for each window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["MOST", "batches_of", "draw_length", "window_lengths"]

MOST = 8  # few, since a training loop stores arrays for each length


def window_lengths(shortest: int, longest: int) -> tuple[int, ...]:
    """Return the possible lengths of windows, ascending: at most eight, evenly spaced, both ends included.

    Each update draws one uniformly, for all streams. Their mean, the expected length of a window, is exactly
    ``(shortest + longest) / 2``.

    Notes
    -----
    The gradient of a target at step t of its window depends on the t + 1 inputs before it. So with T characters a
    dependency over d steps affects (T - d) / T of the targets. With a random T some gradients reach as far as with
    the longest, while most updates cost less. Gradients are not reweighted by the probability of their reach, which
    an unbiased estimate would need [1]_. The expected gradient is the mean of those of the single lengths, each
    still truncated. With a mean loss every window has the same weight, so a character of a short one has more.

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
    # with seven intervals no length ends in ½, so rounding is symmetric and preserves the mean
    return tuple(shortest + round(k * (longest - shortest) / max(1, steps)) for k in range(steps + 1))


def draw_length(lengths: Sequence[int], rng: np.random.Generator) -> int:
    """Draw one of the lengths; a single one uses no random number."""
    return lengths[int(rng.integers(len(lengths)))] if len(lengths) > 1 else lengths[0]


def batches_of(symbols: int, streams: int, lengths: Sequence[int]) -> int:
    """Return the number of batches that hold so many targets, rounded up; the expected one for random lengths."""
    return -(-symbols * len(lengths) // (streams * sum(lengths)))
