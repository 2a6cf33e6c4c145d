"""A beam search at the console: there is nothing to see before the text is whole, so a word says how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import accumulate

from rich.console import RenderableType

from charlm.cli.console.stop_key import StopKey
from charlm.cli.console.transcript import Transcript
from charlm.conversation.candidates import Answer, bits
from charlm.conversation.conversation import Conversation
from charlm.generation import Hypothesis
from charlm.text.vocabulary import Vocabulary
from charlm.ui.console import view

__all__ = ["seek"]

_EVERY_S = 0.1


def seek(
    talk: Conversation,
    *,
    width: int,
    count: int,
    transcript: Transcript,
    tell: Callable[[RenderableType], None],
    stop: StopKey,
    clock: Callable[[], float] = time.monotonic,
) -> list[Answer]:
    """Search for the likeliest answers to the last turn.

    Parameters
    ----------
    talk : Conversation
    width, count : int
        Of the beam, and how many answers are wanted.
    transcript : Transcript
    tell : callable
        Shows what is not text, where nothing can be painted.
    stop : StopKey
        Ends the search.
    clock : callable
        Seconds from any origin.

    Returns
    -------
    list of Answer
        The best first; none if the search was ended before its time.
    """
    beam = talk.beam(width, count)
    if transcript.screen is not None and not transcript.paints:
        tell(view.note(f"searching for the likeliest text, {width} at once; it comes as a whole"))
    shown_s = clock()
    try:
        while beam.advance():
            if stop.pressed:
                return []
            now_s = clock()
            if now_s - shown_s >= _EVERY_S:
                transcript.aside(
                    f"searching: {beam.symbols:,} of {talk.config.length:,}; the text comes as a whole"
                )
                shown_s = now_s
    finally:
        transcript.aside("")
    return [Answer(one.text, beam.end_of(one), _bits(one, talk.model.vocabulary)) for one in beam.best()]


def _bits(found: Hypothesis, vocabulary: Vocabulary) -> list[float]:
    ends: list[int] = []
    if vocabulary.unit == "grapheme":
        symbols = (vocabulary.symbols[k] for k in found.symbols if k != vocabulary.stop_id)
        ends = list(accumulate(len(str(symbol)) for symbol in symbols))
    return bits(found.logprobs, ends, 0, len(found.text))
