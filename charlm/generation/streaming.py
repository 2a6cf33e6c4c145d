"""`generate`: a continuation in one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from charlm.config import OnUnknown, SampleConfig
from charlm.errors import UsageError
from charlm.generation.sampling import Sampler
from charlm.model import CharModel

__all__ = ["generate"]

_DEFAULT = SampleConfig()


def generate(
    model: CharModel,
    *,
    prompt: str = "",
    length: int = _DEFAULT.length,
    temperature: float = _DEFAULT.temperature,
    top_k: int = _DEFAULT.top_k,
    top_p: float = _DEFAULT.top_p,
    min_p: float = _DEFAULT.min_p,
    typical_p: float = _DEFAULT.typical_p,
    repeat_penalty: float = _DEFAULT.repeat_penalty,
    repeat_last_n: int = _DEFAULT.repeat_last_n,
    stop: str | Sequence[str] = _DEFAULT.stop,
    regex: str = _DEFAULT.regex,
    template: str = _DEFAULT.template,
    seed: int | None = None,
    on_unknown: OnUnknown = _DEFAULT.on_unknown,
) -> Iterator[str]:
    """Let a model go on with a prompt.

    Parameters
    ----------
    model : CharModel
    prompt : str
        Read first; not part of what is yielded. How a text starts without one is said at `Sampler`.
    length : int
        Characters to write at most; graphemes for a model of graphemes.
    temperature : float
        Divides log-probabilities; below 1 safer, above bolder, 0 takes the most likely symbol.
    top_k : int
        Draw among the k most likely symbols; 0 among all.
    top_p : float
        Draw among the fewest most likely symbols whose probabilities reach p; 1 among all.
    min_p : float
        Draw among the symbols that are at least p times as likely as the most likely one; 0 among all.
    typical_p : float
        Draw among the fewest symbols whose surprisal is nearest to the expected one and whose probabilities reach
        p; 1 among all.
    repeat_penalty : float
        Multiplies the log-probability of symbols among the last `repeat_last_n`, those of the prompt included;
        above 1 they become less likely. Penalty and filters act in the order repeat penalty, top-k, typical-p,
        top-p, min-p, all of them before the temperature.
    repeat_last_n : int
    stop : str or sequence of str
        End before the first of these that the text would contain.
    regex : str
        A pattern in the syntax of the `regex` package that the text matches in full, or ``@name`` for one of
        `charlm.generation.constraint.named`. What cannot lead to a match within the length is not drawn; where the
        text may end, it does so with the probability of all that cannot follow.
    template : str
        A text with holes for the model to fill, ``"Dear {name:PATTERN}, …"``; a hole without a pattern is a word.
    seed : int, optional
        The same seed gives the same text; None a different one each time.
    on_unknown : {"error", "skip", "replace"}
        What becomes of prompt characters that the model does not know.

    Returns
    -------
    iterator of str
        The continuation as it is drawn, usually a symbol at a time; ``"".join`` makes it one string.

    Raises
    ------
    UsageError
        For a setting out of range, and for a pattern that is none, or too large.
    ConstraintError
        If no text of this length matches the pattern.
    VocabularyError
        For a prompt character that the model does not know.
    DivergedError
        While iterating, if the model's output is not finite.
    """
    if seed is not None and seed < 0:
        raise UsageError(f"seed is {seed}; it must be at least 0")
    config = SampleConfig(
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        typical_p=typical_p,
        repeat_penalty=repeat_penalty,
        repeat_last_n=repeat_last_n,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        regex=regex,
        template=template,
        on_unknown=on_unknown,
    )
    sampler = Sampler(model, config, rng=np.random.default_rng(seed))
    sampler.feed(prompt)
    return sampler.stream()
