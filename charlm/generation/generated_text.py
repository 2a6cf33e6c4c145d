"""`generate`: a continuation in one call, as an iterator of its pieces."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np

from charlm.config import SampleConfig
from charlm.config.settings import takes_settings
from charlm.errors import UsageError
from charlm.generation import constraint
from charlm.generation.sampler import Sampler
from charlm.models.learner import State
from charlm.models.predictor import Predictor
from charlm.nn.stack import map_state, named_state

__all__ = ["GeneratedText", "generate"]


class GeneratedText(Iterator[str]):
    """A continuation: an iterator of its pieces, each generated on demand.

    Parameters
    ----------
    pieces : generator of str
    length : int
        Characters at most.

    Examples
    --------
    >>> import charlm
    >>> model = charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("abc"))
    >>> charlm.generate(model, "ab", 8, seed=1)
    <text of at most 8 characters, 0 generated; print it, iterate, or call run()>
    >>> print(charlm.generate(model, "ab", 8, regex="c(ab){3}a"))
    cabababa
    """

    def __init__(self, pieces: Generator[str, None, None], length: int) -> None:
        self._pieces, self._length = pieces, length
        self._seen: list[str] = []
        self._ended = False

    def __next__(self) -> str:
        try:
            piece = next(self._pieces)
        except BaseException:
            self._ended = True
            raise
        self._seen.append(piece)
        return piece

    def run(self) -> str:
        """Generate the remaining pieces and return the whole text, pieces read before included."""
        for _ in self:
            pass
        return "".join(self._seen)

    __str__ = run

    def close(self) -> None:
        """Generate no more."""
        self._ended = True
        self._pieces.close()

    def __repr__(self) -> str:
        text = "".join(self._seen)
        if self._ended:
            return f"<generated text {text!r}>"
        return (
            f"<text of at most {self._length:,} characters, {len(text):,} generated; "
            f"print it, iterate, or call run()>"
        )


@takes_settings(SampleConfig)
def generate(
    model: Predictor,
    prompt: str = "",
    length: int = SampleConfig().length,
    *,
    stop: str | Sequence[str] = (),
    seed: int | None = None,
    state: State | None = None,
    **settings: Any,
) -> GeneratedText:
    """Continue a prompt.

    Settings are checked and the prompt is read at once; the text is generated on demand.

    Parameters
    ----------
    model : Predictor
    prompt : str
        Not part of the continuation. See `Sampler` for the first input without a prompt.
    length : int
        Characters at most; graphemes for a model of graphemes.
    stop : str or sequence of str
        The text ends before the first of these.
    seed : int, optional
        The same seed gives the same text; None gives a different one each time.
    state : State, optional
        Initial state of one stream, each array (1, H); by default zero. It conditions the text, for example on the
        features of an image that it describes.
    **settings
        The other settings of `SampleConfig` by name, such as ``temperature=0.5``, ``top_k=5`` or
        ``regex="[a-z]+"``. In a pattern, ``@file:words.txt`` reads a list of words; see
        `charlm.generation.constraint.with_word_lists`.

    Returns
    -------
    GeneratedText
        An iterator of the continuation's pieces, usually a symbol each. ``run()`` or ``str`` give the whole text.

    Raises
    ------
    UsageError
        For a setting out of range, and for a pattern that is invalid or too large.
    CorpusError
        If a list of words cannot be read.
    ConstraintError
        If no text of this length matches the pattern.
    VocabularyError
        For a prompt character outside the vocabulary.
    DivergedError
        While iterating, if the model's output is not finite.
    """
    if seed is not None and seed < 0:
        raise UsageError(f"`seed` is {seed}; it must be at least 0")
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    config = SampleConfig(length=length, stop=stops, **settings)
    if config.constrained:
        config = constraint.with_word_lists(config)
    sampler = Sampler(model, config, rng=np.random.default_rng(seed))
    if state is not None:
        sampler.position = sampler.position._replace(state=_one_stream(model, state))
    sampler.feed(prompt)
    return GeneratedText(sampler.stream(), config.longest)


def _one_stream(model: Predictor, state: State) -> State:
    """Return a state (1, H) in the sampler's shape, (H,)."""
    start = model.zero_state(1)
    given, wanted = ({k: a.shape for k, a in named_state(s).items()} for s in (state, start))
    if given != wanted:
        raise UsageError(f"the state has arrays {given}; a text of this model starts from {wanted}")
    dtypes = iter(a.dtype for a in named_state(start).values())
    return map_state(lambda a: np.ravel(a).astype(next(dtypes)), state)
