"""Fine-tuning's first step: the same model over more symbols.

::

    one-hot W_x, embedding    a known symbol's column stays, a new one's is initialised at random, as always
    head.W, head.b            a known symbol's row stays, a new one's is the mean of the known
    all else                  stays

The mean row gives a new symbol the mean z̄ of the known symbols' logits, at every state. Since the mean of e^z is at
least e^z̄ (Jensen), it is never more likely than a uniform guess over all symbols, old and new, and far less where
the model is sure of itself. So k new symbols take at most k / (V + k) from the V old ones, which keep their ratios.
"""

from __future__ import annotations

import numpy as np

from charlm.errors import UsageError
from charlm.models.language_model import CharModel
from charlm.text.symbols import STOP, UNKNOWN
from charlm.text.vocabulary import Vocabulary

__all__ = ["extended", "joined"]

SETTINGS = ("unit", "normalize", "lowercase")


def joined(first: Vocabulary, second: Vocabulary) -> Vocabulary:
    """Return the vocabulary of all symbols of two, the special ones too.

    Raises
    ------
    UsageError
        If they are of different units, or prepare texts differently.

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

    On texts of the old symbols it gives the old probabilities, scaled down by what the new symbols take. With no
    new symbol it has the same weights to the bit.

    Parameters
    ----------
    model : CharModel
        Left as it is.
    vocabulary : Vocabulary
        With all of the model's symbols, for example from `joined`.
    seed : int
        Draws the new symbols' input weights.

    Returns
    -------
    CharModel

    Raises
    ------
    UsageError
        If the vocabulary lacks one of the model's symbols, is of another unit, or prepares texts differently.

    References
    ----------
    .. [1] Hewitt (2021), "Initializing New Word Embeddings for Pretrained Language Models".
    """
    _check_alike(model.vocabulary, vocabulary)
    ids = {symbol: k for k, symbol in enumerate(vocabulary.symbols)}
    lacking = [symbol for symbol in model.vocabulary.symbols if symbol not in ids]
    if lacking:
        raise UsageError(
            f"the vocabulary lacks {lacking[0]!r}, which the model knows; give one with all its symbols"
        )
    kept = np.array([ids[symbol] for symbol in model.vocabulary.symbols])
    fresh = CharModel(model.config, vocabulary, seed=seed)
    by_symbol = "layers.0.W_x" if model.embedding is None else "embedding.W"  # (…, V): a symbol is a column
    for name, old in model.tensors().items():
        new = fresh.params[name]
        if name.startswith("head."):  # (V, …): a symbol is a row
            new[...] = old.mean(axis=0, dtype=np.float64)
            new[kept] = old
        elif name == by_symbol:
            new[:, kept] = old
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
