"""`DynamicConfig`: how a model learns while it is evaluated."""

from __future__ import annotations

from dataclasses import dataclass

from charlm.config.checks import check_number

__all__ = ["DynamicConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicConfig:
    """Settings of dynamic evaluation, which learns from the text it scores; see `charlm.analysis.dynamic`.

    Parameters
    ----------
    rate : float
        Step size η of gradient descent on a segment's mean loss; 0 learns nothing.
    decay : float
        Share λ of the distance to the trained weights that each update takes back.
    length : int
        Characters of a segment, which is scored before it is learnt from.
    clip_norm : float
        Largest global norm of a segment's gradient; 0: any.
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
