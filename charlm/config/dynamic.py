"""`DynamicConfig`: settings of dynamic evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from charlm.config.settings import check_settings, documented, setting

__all__ = ["DynamicConfig"]


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicConfig:
    """Settings of dynamic evaluation, which trains on the text that it scores; see `charlm.analysis.dynamic`."""

    rate: float = setting(
        0.002,
        "Learning rate of dynamic evaluation.",
        more="It is η of gradient descent on half the square of a part's mean loss, times the norm of the trained "
        "weights; 0 learns nothing.",
        flags="dynamic-rate",
    )
    decay: float = setting(
        0.003,
        "Share of the way back to the trained weights after each part.",
        flags="dynamic-decay",
        value="P",
        high=1,
    )
    length: int = setting(
        20, "Characters of a part.", more="It is scored first, then trained on.", flags="dynamic-length", low=1
    )
    mixing: float = setting(
        0.02,
        "Speed at which the weights of a mixture adapt; 0 keeps them.",
        more="It is η of online EM: after each part, the weights move by this share of one step of EM on it.",
        flags="dynamic-mixing",
        value="P",
        high=1,
    )
    clip_norm: float = setting(0.5, "Largest global norm of a part's gradient; 0 clips nothing.", flags=None)

    def __post_init__(self) -> None:
        check_settings(self, "dynamic.")
