"""`Plot`: the parts of a plot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Plot"]


@dataclass(frozen=True, slots=True)
class Plot:
    """A story before its names are known.

    Parameters
    ----------
    titles : tuple of str
        Templates; one is chosen.
    cases : tuple of mappings
        Facts that belong together, such as a riddle and its answer; one case is chosen for a tale, and holds
        throughout.
    beats : tuple of tuples of str
        What happens, in order; of each beat one telling is chosen. An empty line in it begins a paragraph.
    """

    titles: tuple[str, ...]
    cases: tuple[Mapping[str, str], ...]
    beats: tuple[tuple[str, ...], ...]
