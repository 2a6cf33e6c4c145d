"""`generate`: a continuation in one call."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np

from charlm.config import SampleConfig
from charlm.config.settings import takes_settings
from charlm.errors import UsageError
from charlm.generation import constraint
from charlm.generation.sampler import Sampler
from charlm.models.language_model import CharModel
from charlm.models.learner import State
from charlm.nn.stack import map_state, named_state

__all__ = ["GeneratedText", "generate"]


class GeneratedText(Iterator[str]):
    """A continuation: an iterator of its pieces, each of which is generated when it is asked for.

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
        """Generate what is left and return the whole text, with the pieces that were read before."""
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
    model: CharModel,
    prompt: str = "",
    length: int = SampleConfig().length,
    *,
    stop: str | Sequence[str] = (),
    seed: int | None = None,
    state: State | None = None,
    **settings: Any,
) -> GeneratedText:
    """Continue a prompt.

    Settings are checked and the prompt is read at once; the text is generated as far as it is read.

    Parameters
    ----------
    model : CharModel
    prompt : str
        Read first; not part of the continuation. How a text starts without one is said at `Sampler`.
    length : int
        Characters to write at most; graphemes for a model of graphemes.
    stop : str or sequence of str
        End before the first of these that the text would contain.
    seed : int, optional
        The same seed gives the same text; None a different one each time.
    state : State, optional
        Start state in place of zeros, as `CharModel.loss` takes it, of one stream: each array (1, H). It conditions
        the text, for example on the features of a picture that it describes.
    **settings
        The other settings of `SampleConfig` by name, such as ``temperature=0.5``, ``top_k=5`` or
        ``regex="[a-z]+"``. In a pattern, ``@file:words.txt`` reads a list of words; see
        `charlm.generation.constraint.with_word_lists`.

    Returns
    -------
    GeneratedText
        The continuation, an iterator of its pieces, usually a symbol each. ``run()`` or ``str`` make it one string.

    Raises
    ------
    UsageError
        For a setting out of range, and for a pattern that is none, or too large.
    CorpusError
        If a list of words cannot be read.
    ConstraintError
        If no text of this length matches the pattern.
    VocabularyError
        For a prompt character that the model does not know.
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


def _one_stream(model: CharModel, state: State) -> State:
    """Return a given state (1, H) as the sampler has it, (H,)."""
    given, wanted = ({k: a.shape for k, a in named_state(s).items()} for s in (state, model.zero_state(1)))
    if given != wanted:
        raise UsageError(f"the state has arrays {given}; a text of this model starts from {wanted}")
    return map_state(lambda a: np.ravel(a).astype(model.params.dtype), state)
