"""Drawing text from a model: filters on probabilities, stop strings, one text or many, and `generate`.

`transduction` and `decoding` apply a model of pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.generation.beam import Hypothesis, beam_search
    from charlm.generation.many import sample_many, suitable_workers
    from charlm.generation.sample import Sample
    from charlm.generation.sampling import Position, Sampler, Snapshot
    from charlm.generation.streaming import generate
    from charlm.generation.transduction import Transduction, candidates, transduce

__all__ = [
    "Hypothesis",
    "Position",
    "Sample",
    "Sampler",
    "Snapshot",
    "Transduction",
    "beam_search",
    "candidates",
    "generate",
    "sample_many",
    "suitable_workers",
    "transduce",
]

__getattr__ = loader(
    globals(),
    {
        "beam": "Hypothesis beam_search",
        "many": "sample_many suitable_workers",
        "sample": "Sample",
        "sampling": "Position Sampler Snapshot",
        "streaming": "generate",
        "transduction": "Transduction candidates transduce",
    },
)
