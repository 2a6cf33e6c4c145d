"""Extension of a model's vocabulary, the first step of fine-tuning.

::

    one-hot W_x, embedding    columns of known symbols are copied, those of new ones are initialised at random
    head.W, head.b            rows of known symbols are copied, those of new ones are the mean of the known rows
    all others                are copied

With the mean row, the logit of a new symbol is the mean z̄ of the known symbols' logits, in every state. The mean
of e^z is at least e^z̄ (Jensen), so a new symbol is never more likely than a uniform guess over all symbols, and far
less likely where the model is confident. Together, k new symbols have a probability of at most k / (V + k), and the
V old symbols keep their ratios.
"""

from __future__ import annotations

import numpy as np

from charlm.errors import UsageError
from charlm.models.language_model import CharModel
from charlm.models.learner import check_kind
from charlm.text.symbols import STOP, UNKNOWN
from charlm.text.vocabulary import Vocabulary

__all__ = ["extended", "joined"]

SETTINGS = ("unit", "normalize", "lowercase")


def joined(first: Vocabulary, second: Vocabulary) -> Vocabulary:
    """Return the union of two vocabularies, special symbols included.

    Raises
    ------
    UsageError
        If their units or their preparation of texts differ.

    Examples
    --------
    >>> joined(Vocabulary.from_text("ace"), Vocabulary.from_text("abc", stop=True)).symbols
    ('a', 'b', 'c', 'e', '<stop>')
    """
    _check_alike(first, second)
    specials = [s for s in (UNKNOWN, STOP) if s in first.symbols or s in second.symbols]
    known = sorted({*first.symbols, *second.symbols} - {*specials}, key=_order)
    return Vocabulary(first.unit, (*known, *specials), normalize=first.normalize, lowercase=first.lowercase)


def extended(model: CharModel, vocabulary: Vocabulary, *, seed: int = 0) -> CharModel:
    """Return a copy of a model over a larger vocabulary.

    On texts of the old symbols it gives the old probabilities, scaled down by the probability of the new symbols.
    Without new symbols its weights have the same bits.

    Parameters
    ----------
    model : CharModel
        Unchanged.
    vocabulary : Vocabulary
        Contains all of the model's symbols; for example from `joined`.
    seed : int
        Fixes the input weights of new symbols.

    Returns
    -------
    CharModel

    Raises
    ------
    UsageError
        If the model is of another kind, or the vocabulary lacks one of its symbols, or its unit or its preparation
        of texts differs.

    References
    ----------
    .. [1] Hewitt (2021), "Initializing New Word Embeddings for Pretrained Language Models".
    """
    check_kind(model, CharModel)
    _check_alike(model.vocabulary, vocabulary)
    ids = {symbol: k for k, symbol in enumerate(vocabulary.symbols)}
    lacking = [symbol for symbol in model.vocabulary.symbols if symbol not in ids]
    if lacking:
        raise UsageError(
            f"the vocabulary lacks {lacking[0]!r}, which the model knows; give one with all its symbols"
        )
    places = np.array([ids[symbol] for symbol in model.vocabulary.symbols])
    fresh = CharModel(model.config, vocabulary, seed=seed)
    by_symbol = "layers.0.W_x" if model.embedding is None else "embedding.W"  # (…, V): a symbol is a column
    for name, old in model.tensors().items():
        new = fresh.params[name]
        if name.startswith("head."):  # (V, …): a symbol is a row
            new[...] = old.mean(axis=0, dtype=np.float64)
            new[places] = old
        elif name == by_symbol:
            new[:, places] = old
        else:
            new[...] = old
    return fresh


def _check_alike(first: Vocabulary, second: Vocabulary) -> None:
    for name in SETTINGS:
        ours, theirs = getattr(first, name), getattr(second, name)
        if ours != theirs:
            raise UsageError(f"one vocabulary's {name} is {ours}, the other's {theirs}; both must be of one kind")


def _order(symbol: str | int) -> tuple[int, str]:
    """Sort bytes by value, and other symbols by their code points."""
    return (symbol, "") if isinstance(symbol, int) else (0, symbol)
