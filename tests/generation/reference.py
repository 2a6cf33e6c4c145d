"""The distribution after all filters, one symbol at a time with Python's own floats."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from charlm.config import SampleConfig

__all__ = ["SETTINGS", "chi_square_is_plausible", "probabilities"]

SETTINGS: tuple[dict[str, float], ...] = (
    {"temperature": 1.0},
    {"temperature": 0.6, "top_k": 4},
    {"temperature": 1.4, "top_p": 0.9},
    {"temperature": 1.2, "typical_p": 0.7},
    {"temperature": 1.8, "min_p": 0.1},
    {"temperature": 1.0, "repeat_penalty": 1.8},
    {"temperature": 1.3, "repeat_penalty": 0.5, "repeat_last_n": 2},
    {"temperature": 1.5, "top_k": 5, "typical_p": 0.95, "top_p": 0.97, "min_p": 0.01},
    {"temperature": 2.0, "repeat_penalty": 1.4, "top_k": 6, "typical_p": 0.9, "top_p": 0.95, "min_p": 0.02},
)
"""Each filter alone, and some together."""


def probabilities(
    logits: Iterable[float], config: SampleConfig, *, recent: Sequence[int] = (), forbidden: int | None = None
) -> list[float]:
    """Return the probability with which each symbol is drawn, after all that a configuration asks for."""
    size, chances = 0, {}
    for size, logit in enumerate(logits, 1):
        if size - 1 != forbidden:
            chances[size - 1] = float(logit)
    largest = max(chances.values())
    p = _shares({k: math.exp(logit - largest) for k, logit in chances.items()})
    p = _penalized(p, recent[max(len(recent) - config.repeat_last_n, 0) :], config.repeat_penalty)
    if config.top_k:
        p = _shares({k: p[k] for k in sorted(p, key=lambda k: (-p[k], k))[: config.top_k]})
    if config.typical_p < 1:
        entropy = math.fsum(-q * math.log(q) for q in p.values() if q > 0)
        distance = {k: abs(-math.log(q) - entropy) if q > 0 else math.inf for k, q in p.items()}
        p = _until(p, sorted(p, key=lambda k: (distance[k], k)), config.typical_p)
    if config.top_p < 1:
        p = _until(p, sorted(p, key=lambda k: (-p[k], k)), config.top_p)
    if config.min_p:
        p = _shares({k: q for k, q in p.items() if q >= config.min_p * max(p.values())})
    if config.temperature == 0:
        likeliest = min(p, key=lambda k: (-p[k], k))
        return [float(k == likeliest) for k in range(size)]
    largest = max(p.values())
    p = _shares({k: (q / largest) ** (1 / config.temperature) for k, q in p.items()})
    return [p.get(k, 0.0) for k in range(size)]


def _shares(weights: Mapping[int, float]) -> dict[int, float]:
    total = math.fsum(weights.values())
    return {k: weight / total for k, weight in weights.items()}


def _penalized(p: dict[int, float], seen: Sequence[int], penalty: float) -> dict[int, float]:
    if penalty == 1 or not seen:
        return p
    return _shares({k: q**penalty if k in seen else q for k, q in p.items()})


def _until(p: dict[int, float], order: Sequence[int], enough: float) -> dict[int, float]:
    kept: dict[int, float] = {}
    for k in order:
        kept[k] = p[k]
        if math.fsum(kept.values()) >= enough:
            break
    return _shares(kept)


def chi_square_is_plausible(counts: Sequence[int], p: Sequence[float]) -> bool:
    """Tell whether counts may have come from probabilities; a true source is doubted once in a million."""
    total = sum(counts)
    if any(count and not q for count, q in zip(counts, p, strict=True)):
        return False
    expected = [total * q for q in p]
    common = [k for k, e in enumerate(expected) if e >= 5]  # the others are one class: the test is for many
    classes = [(counts[k], expected[k]) for k in common]
    rare = total - sum(count for count, _ in classes), total - math.fsum(e for _, e in classes)
    if rare[1] >= 1:
        classes.append(rare)
    freedom = len(classes) - 1
    chi_square = math.fsum((count - e) ** 2 / e for count, e in classes)
    # mean + 5 standard deviations and more
    return freedom < 1 or chi_square < freedom + 5 * math.sqrt(2 * freedom) + 10
