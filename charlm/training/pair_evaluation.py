"""`measure_outputs`: the outputs of a model of pairs compared with the targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from charlm.analysis.pair_measures import PairMeasures, measure_pairs
from charlm.config import LONGEST_OUTPUT, OnUnknown
from charlm.generation.transduction import transduce
from charlm.models.transducer import Transducer
from charlm.text.pairs import Pair

__all__ = ["measure_outputs"]

BATCH = 1024  # sources


def measure_outputs(
    model: Transducer,
    pairs: Sequence[Pair],
    *,
    beam: int = 1,
    on_unknown: OnUnknown = "error",
    progress: Callable[[int, int], None] | None = None,
) -> PairMeasures:
    """Apply a model to the sources of pairs, and measure its outputs against the targets.

    `charlm.analysis.pair_loss.pair_nats` has the mean loss of the targets, without generation.

    Parameters
    ----------
    model : Transducer
    pairs : sequence of Pair
    beam : int
        Width of the beam search for texts; 1 takes the most likely symbol at each step.
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters of a source that the model does not know.
    progress : callable, optional
        Takes the number of finished sources and of all.

    Raises
    ------
    VocabularyError
        For a character that the model does not know.
    DivergedError
        If the model's output is not finite.
    """
    longest = max(LONGEST_OUTPUT, 2 * max(len(pair.target) for pair in pairs) + 1)
    outputs: list[str] = []
    for begin in range(0, len(pairs), BATCH):
        sources = [pair.source for pair in pairs[begin : begin + BATCH]]
        made = transduce(model, sources, beam=beam, length=longest, on_unknown=on_unknown)
        outputs += [one.text for one in made]
        if progress is not None:
            progress(len(outputs), len(pairs))
    return measure_pairs(outputs, [pair.target for pair in pairs], model.config.output)
