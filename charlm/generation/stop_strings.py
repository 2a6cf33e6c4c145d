"""`StopStrings`: the end of a text at a stop string, while it is generated piece by piece."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["StopStrings"]


class StopStrings:
    """Passes a text on up to its first stop string.

    The text ends as soon as a stop string is complete; if several are complete at the same character, the one that
    begins first counts. Characters that may begin a stop string are held back until it is decided.

    Parameters
    ----------
    stops : iterable of str
        None of them empty.

    Attributes
    ----------
    found : bool
        Whether the text has ended.
    held : str
        The characters held back.

    Examples
    --------
    >>> stops = StopStrings(["END"])
    >>> [stops.push(piece) for piece in ("to the E", "NE", "N", "D of it")]
    ['to the ', 'EN', '', '']
    >>> stops.found
    True
    """

    def __init__(self, stops: Iterable[str]) -> None:
        self._stops = tuple(stops)
        self._first = frozenset(stop[0] for stop in self._stops)
        self.found = False
        self.held = ""

    def push(self, piece: str) -> str:
        """Append the next piece and return the characters that can now be passed on."""
        if not (self.held or self.found or (self._first and not self._first.isdisjoint(piece))):
            return piece
        passed = ""
        for character in piece:
            if self.found:
                break
            if self.held or character in self._first:
                passed += self._push(character)
            else:
                passed += character
        return passed

    def _push(self, character: str) -> str:
        text = self.held + character
        # `held` has the beginning of every incomplete stop string, so a complete one lies within `text`
        ends = [len(text) - len(stop) for stop in self._stops if text.endswith(stop)]
        if ends:
            self.found, self.held = True, ""
            return text[: min(ends)]
        begin = next(k for k in range(len(text) + 1) if self._may_become(text[k:]))
        self.held = text[begin:]
        return text[:begin]

    def _may_become(self, text: str) -> bool:
        return not text or any(stop.startswith(text) for stop in self._stops)

    def flush(self) -> str:
        """Return the characters held back, at the end of the text."""
        held, self.held = self.held, ""
        return held
