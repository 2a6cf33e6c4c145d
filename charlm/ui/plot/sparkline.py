"""A curve in a few rows of block characters: ``sparkline(values, width=40)``.

Demonstration: ``python -m charlm.ui.plot.sparkline``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["sparkline"]

BLOCKS = " ▁▂▃▄▅▆▇█"
EIGHTHS = len(BLOCKS) - 1


def sparkline(values: Sequence[float], *, width: int, height: int = 1) -> tuple[str, ...]:
    """Draw values as columns of blocks, the smallest an eighth of a row high, the largest `height` rows.

    Parameters
    ----------
    values : sequence of float
        In order of time. More than `width` values are averaged in `width` groups; the column of a value that is not
        finite is empty.
    width : int
        Columns at most; fewer values take fewer columns.
    height : int
        Rows.

    Returns
    -------
    tuple of str
        `height` rows, the top one first, all of the same length.

    Examples
    --------
    >>> sparkline([8, 7, 6, 5, 4, 3, 2, 1], width=8)
    ('█▇▆▅▄▃▂▁',)
    """
    columns = _squeeze(values, width)
    finite = [value for value in columns if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    span = (high - low) or 1.0
    top = height * EIGHTHS
    eighths = [1 + round((v - low) / span * (top - 1)) if math.isfinite(v) else 0 for v in columns]
    return tuple(
        "".join(BLOCKS[min(max(level - floor, 0), EIGHTHS)] for level in eighths)
        for floor in range(top - EIGHTHS, -1, -EIGHTHS)
    )


def _squeeze(values: Sequence[float], width: int) -> list[float]:
    """Average neighbours to at most `width` values."""
    n = len(values)
    if n <= width:
        return list(values)
    groups = (values[n * k // width : n * (k + 1) // width] for k in range(width))
    return [_mean([value for value in group if math.isfinite(value)]) for group in groups]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


if __name__ == "__main__":
    falling = [4.2 * math.exp(-k / 60) + 1.5 + 0.1 * math.sin(k) for k in range(400)]
    print("\n".join(sparkline(falling, width=72, height=4)))
