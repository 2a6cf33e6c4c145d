"""`beam_search`: the likeliest continuation that a search of bounded width finds. Nothing is drawn.

At every step each text under way is continued by every symbol, and the `width` likeliest of all texts are kept,
ended ones among them. A text's score is the sum of its symbols' log-probabilities, a stop symbol's and a stop
string's included. It is not divided by the length, so among texts that end by themselves short ones have the
advantage. As scores only fall, the search is over when no text under way can still come among those asked for.

Width 1 is temperature 0. A width of all texts there are, V to the power of the length, finds the very best.

References
----------
.. [1] Graves (2012), "Sequence Transduction with Recurrent Neural Networks", section 2.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from charlm.config import OnUnknown, SampleConfig
from charlm.generation.sampling import Sampler
from charlm.generation.searching import WIDEST, Beam, Hypothesis, check_beam
from charlm.models.language_model import CharModel

__all__ = ["WIDEST", "Hypothesis", "beam_search"]

_DEFAULT = SampleConfig()


def beam_search(
    model: CharModel,
    *,
    width: int,
    count: int = 1,
    prompt: str = "",
    length: int = _DEFAULT.length,
    stop: str | Sequence[str] = _DEFAULT.stop,
    on_unknown: OnUnknown = _DEFAULT.on_unknown,
    progress: Callable[[int, int], None] | None = None,
) -> list[Hypothesis]:
    """Search for the likeliest continuations of a prompt.

    Parameters
    ----------
    model : CharModel
    width : int
        How many texts are followed at once, from 1 to `WIDEST`.
    count : int
        How many are wanted, at most `width`.
    prompt, length, stop, on_unknown
        As for `charlm.generate`. Texts that two stop strings end differently may read alike.
    progress : callable, optional
        Called after each step with how many symbols the longest text has, and how many it may have.

    Returns
    -------
    list of Hypothesis
        The best first; of equals the one whose symbols have the lower ids. Fewer than `count` where there are no
        more texts.

    Raises
    ------
    UsageError
        For a setting out of range.
    VocabularyError
        For a prompt character that the model does not know.
    DivergedError
        If the model's output is not finite.
    """
    check_beam(width, count)
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    config = SampleConfig(length=length, stop=stops, on_unknown=on_unknown)
    reader = Sampler(model, config, rng=np.random.default_rng(0))  # draws nothing
    reader.feed(prompt)
    beam = Beam(model, config, reader.position, width=width, count=count)
    while beam.advance():
        if progress is not None:
            progress(beam.symbols, length)
    return beam.best()
