"""`DynamicConfig`: settings of dynamic evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from charlm.config.checks import check_number

__all__ = ["DynamicConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicConfig:
    """Settings of dynamic evaluation, which trains on the text that it scores; see `charlm.analysis.dynamic`.

    Parameters
    ----------
    rate : float
        Step size η of gradient descent on the mean loss of a segment; 0 learns nothing.
    decay : float
        Share λ of the distance to the trained weights by which each update moves back.
    length : int
        Characters of a segment. It is scored first, then trained on.
    clip_norm : float
        Largest global norm of a segment's gradient; 0 clips nothing.
    """

    rate: float = 0.5
    decay: float = 0.01
    length: int = 20
    clip_norm: float = 0.5

    def __post_init__(self) -> None:
        check_number("dynamic.rate", self.rate)
        check_number("dynamic.decay", self.decay, high=1)
        check_number("dynamic.length", self.length, low=1, whole=True)
        check_number("dynamic.clip_norm", self.clip_norm)
