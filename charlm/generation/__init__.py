"""Generation of text from a model: one text or many, sampled or searched for, free or under a pattern.

===================  ===============================================================================================
`sampler`            `Sampler`: one text, symbol by symbol; `generated_text`: `generate`, one text in one call
`batch_sampler`      texts side by side; `parallel_sampling` and `parallel_worker`: on several processes
`beam_searcher`      `beam_search`: the most likely texts; `beam`: the search itself, whatever the model
`position`           a position in a text, as a value; reading a prompt
`symbol_chooser`     from logits to a symbol: `repeat_window`, `filters`, temperature, the mask of a pattern
`detokenizer`        from symbols to text, and where it ends: length, line, `stop_strings`, pattern
`constraint`         patterns: the live symbols at each position, by a lazily built DFA
`transduction`       `transduce`: targets of a model of pairs; `transducer_decoding`: symbol by symbol
===================  ===============================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.generation.batch_sampler import Sample
    from charlm.generation.beam_searcher import BeamSearcher, Hypothesis, beam_search
    from charlm.generation.constraint import check_pattern, with_word_lists
    from charlm.generation.generated_text import generate
    from charlm.generation.parallel_sampling import sample_many, suitable_workers
    from charlm.generation.position import Position, first_input, start_position
    from charlm.generation.sampler import Sampler, Snapshot
    from charlm.generation.transduction import Transduction, candidates, transduce

__all__ = [
    "BeamSearcher",
    "Hypothesis",
    "Position",
    "Sample",
    "Sampler",
    "Snapshot",
    "Transduction",
    "beam_search",
    "candidates",
    "check_pattern",
    "first_input",
    "generate",
    "sample_many",
    "start_position",
    "suitable_workers",
    "transduce",
    "with_word_lists",
]

__getattr__ = loader(
    globals(),
    {
        "batch_sampler": "Sample",
        "beam_searcher": "BeamSearcher Hypothesis beam_search",
        "constraint": "check_pattern with_word_lists",
        "generated_text": "generate",
        "parallel_sampling": "sample_many suitable_workers",
        "position": "Position first_input start_position",
        "sampler": "Sampler Snapshot",
        "transduction": "Transduction candidates transduce",
    },
)
