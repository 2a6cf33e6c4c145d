"""The novelty of a text, in a line."""

from __future__ import annotations

from charlm.analysis.quotations import Novelty
from charlm.ui.sanitize import visible_line

__all__ = ["QUOTED", "novelty_line"]

QUOTED = "underline"
"""The style of quoted text, visible without colour."""
_LONGEST_SHOWN = 60


def novelty_line(novelty: Novelty, *, name: str = "") -> str:
    """Describe the longest run of a text that occurs in the training text, as writing or quoting.

    Parameters
    ----------
    novelty : Novelty
    name : str
        Of the sample, if there are several.

    Examples
    --------
    >>> from charlm.analysis.quotations import measure_novelty
    >>> (found,) = measure_novelty(["to be or not"], "and to be or what", "we are to be")
    >>> novelty_line(found)
    "quoting: longest run in the training text 9 of 12 characters (held-out text: up to 6): 'to be or '"
    """
    found = novelty.found
    word = "quoting" if found.longest >= novelty.border else "writing"
    beside = "" if novelty.unseen is None else f" (held-out text: up to {novelty.unseen})"
    figures = f"longest run in the training text {found.longest} of {len(found.text)} characters{beside}"
    quote = f": '{visible_line(_shortened(found.run))}'" if found.longest else ""
    return f"{name}{': ' * bool(name)}{word}: {figures}{quote}"


def _shortened(run: str) -> str:
    half = _LONGEST_SHOWN // 2
    return run if len(run) <= _LONGEST_SHOWN else f"{run[:half]} … {run[-half:]}"
