"""Drawing text from a model: filters on probabilities, stop strings, the sampler, and `generate`."""

from __future__ import annotations

from charlm.generation.sampling import Position, Sampler, Snapshot
from charlm.generation.streaming import generate

__all__ = ["Position", "Sampler", "Snapshot", "generate"]
