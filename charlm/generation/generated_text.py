"""`generate`: a continuation in one call."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import numpy as np

from charlm.config import OnUnknown, SampleConfig
from charlm.errors import UsageError
from charlm.generation import constraint
from charlm.generation.sampler import Sampler
from charlm.models.language_model import CharModel
from charlm.models.learner import State
from charlm.nn.stack import map_state, named_state

__all__ = ["GeneratedText", "generate"]

_DEFAULT = SampleConfig()


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


def generate(
    model: CharModel,
    prompt: str = "",
    length: int = _DEFAULT.length,
    *,
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
    finish_line: bool = _DEFAULT.finish_line,
    state: State | None = None,
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
        text may end, it does so with the probability of all that cannot follow. ``@file:words.txt`` in it reads a
        list of words; see `charlm.generation.constraint.with_word_lists`.
    template : str
        A text with holes for the model to fill, ``"Dear {name:PATTERN}, …"``; a hole without a pattern is a word.
    seed : int, optional
        The same seed gives the same text; None a different one each time.
    on_unknown : {"error", "skip", "replace"}
        What becomes of prompt characters that the model does not know.
    finish_line : bool
        Continue beyond `length` to the end of the line, or if that is far of the word: at most 200 characters.
    state : State, optional
        Start state in place of zeros, as `CharModel.loss` takes it, of one stream: each array (1, H). It conditions
        the text, for example on the features of a picture that it describes.

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
        finish_line=finish_line,
    )
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
