"""The novelty of a text, in a line."""

from __future__ import annotations

from charlm.analysis.novelty import Overlap
from charlm.ui.sanitize import visible_line

__all__ = ["QUOTED", "novelty_line"]

QUOTED = "underline"
"""The style of quoted text, visible without colour."""
_LONGEST_SHOWN = 60


def novelty_line(found: Overlap, border: int, *, unseen: int | None, name: str = "") -> str:
    """Describe the longest run of a text that occurs in the training text, as writing or quoting.

    Parameters
    ----------
    found : Overlap
    border : int
        Length from which a run counts as quoted.
    unseen : int, optional
        The longest run in held-out texts.
    name : str
        Of the sample, if there are several.

    Examples
    --------
    >>> import numpy as np
    >>> found = Overlap("to be or not", np.array([9, *range(8, 0, -1), 3, 2, 1]), np.zeros(12, int))
    >>> novelty_line(found, 8, unseen=7)
    "quoting: longest run in the training text 9 of 12 characters (held-out text: up to 7): 'to be or '"
    """
    word = "quoting" if found.longest >= border else "writing"
    beside = "" if unseen is None else f" (held-out text: up to {unseen})"
    figures = f"longest run in the training text {found.longest} of {len(found.text)} characters{beside}"
    quote = f": '{visible_line(_shortened(found.run))}'" if found.longest else ""
    return f"{name}{': ' * bool(name)}{word}: {figures}{quote}"


def _shortened(run: str) -> str:
    half = _LONGEST_SHOWN // 2
    return run if len(run) <= _LONGEST_SHOWN else f"{run[:half]} … {run[-half:]}"
