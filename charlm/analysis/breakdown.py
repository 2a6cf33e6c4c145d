"""`break_down`: where a model's loss on a text comes from, how sure the mean is, and its calibration.

One pass over the text, in constant memory beside the text itself.
"""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.inspection.reading import EncodedText, encode_text
from charlm.analysis.surprisal import Progress
from charlm.config import OnUnknown
from charlm.errors import CorpusError
from charlm.models.learner import check_finite
from charlm.models.predictor import Predictor, check_predictor
from charlm.nn.arrays import FloatArray, IdArray
from charlm.nn.losses import log_softmax

__all__ = ["BINS", "BLOCK", "Breakdown", "Calibration", "Share", "break_down", "character_class", "predictions"]

BINS = 10
BLOCK = 500
"""Characters of a block; blocks of that length are nearly independent of each other."""
_LOGITS = 2**17  # of a window; each window packs the weights again
_LONGEST_WORD = 8


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a text that belongs to a class.

    Parameters
    ----------
    count : int
        Characters.
    bits : float
        Mean surprisal of one.
    """

    count: int
    bits: float


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The frequency with which the likeliest symbol came, by its probability.

    Parameters
    ----------
    counts : ndarray of int, shape (BINS,)
        Predictions whose largest probability is in each tenth between 0 and 1.
    confidence, accuracy : ndarray, shape (BINS,)
        Mean largest probability, and the share in which that symbol came; nan in an empty bin.

    References
    ----------
    .. [1] Guo, Pleiss, Sun & Weinberger (2017), "On Calibration of Modern Neural Networks", eq. 3.
    """

    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def expected_error(self) -> float:
        """The expected calibration error: the mean distance of accuracy and confidence, weighted by the counts."""
        gaps = np.nan_to_num(np.abs(self.accuracy - self.confidence))
        return float(np.sum(gaps * self.counts) / max(1, self.counts.sum()))


@dataclass(frozen=True, slots=True, eq=False)
class Breakdown:
    """The loss on a text by its origins.

    Parameters
    ----------
    bits : float
        Mean surprisal of a character.
    interval : tuple of float, or None
        A 95 % confidence interval of it, from the means of blocks of `BLOCK` characters; None for fewer than ten.
    accuracy : float
        The share of symbols that were the likeliest.
    classes : dict of Share
        By the class of the character: letters, digits, blanks and so on.
    word_positions : dict of Share
        By the position of a letter in its word, the last for `_LONGEST_WORD` and beyond.
    line_starts : dict of Share
        The first character of a line, and all others.
    calibration : Calibration
    """

    bits: float
    interval: tuple[float, float] | None
    accuracy: float
    classes: dict[str, Share]
    word_positions: dict[str, Share]
    line_starts: dict[str, Share]
    calibration: Calibration

    def to_json(self) -> dict[str, Any]:
        """Return everything for JSON."""
        shares = {name: getattr(self, name) for name in ("classes", "word_positions", "line_starts")}
        calibration = self.calibration
        return {
            "bits_per_char": self.bits,
            "interval": None if self.interval is None else list(self.interval),
            "accuracy": self.accuracy,
            **{name: {key: asdict(share) for key, share in of.items()} for name, of in shares.items()},
            "calibration": {
                "expected_error": calibration.expected_error,
                "counts": calibration.counts.tolist(),
                "confidence": calibration.confidence.tolist(),
                "accuracy": calibration.accuracy.tolist(),
            },
        }


def character_class(character: str) -> str:
    r"""Return the class of a character.

    Examples
    --------
    >>> [character_class(c) for c in "aÄ7\n \t.+日"]  # doctest: +NORMALIZE_WHITESPACE
    ['lower-case letters', 'upper-case letters', 'digits', 'line feeds', 'blanks', 'blanks', 'punctuation',
     'symbols', 'other letters']
    """
    if character[-1:] == "\n":
        return "line feeds"
    kind = unicodedata.category(character[:1] or " ")
    return (
        {"Ll": "lower-case letters", "Lu": "upper-case letters", "Lt": "upper-case letters"}.get(kind)
        or {"L": "other letters", "N": "digits", "Z": "blanks", "P": "punctuation", "S": "symbols"}.get(kind[0])
        or ("blanks" if character.isspace() else "others")
    )


def predictions(
    model: Predictor, text: EncodedText, *, progress: Progress | None = None
) -> Iterator[tuple[slice, FloatArray, IdArray]]:
    """Read a text from zero state and yield the prediction of each symbol after the first, window by window.

    Yields
    ------
    steps : slice
        The indices of the predicted symbols.
    log_p : ndarray of float64, shape (t, V)
        ln p of every symbol at each of them.
    targets : ndarray of int, shape (t,)
        The symbols that came.

    Raises
    ------
    DivergedError
        If the output of the model is not finite.
    """
    ids, state, T = text.ids, model.zero_state(1), len(text.ids) - 1
    length = max(1, _LOGITS // len(model.vocabulary))
    for start in range(0, T, length):
        stop = min(start + length, T)
        resets = None if text.resets is None else text.resets[start:stop, None]
        window = ids[start : stop + 1].astype(np.intp)
        logits, state = model.logits(window[:-1, None], state, resets=resets)
        check_finite(logits)
        if progress is not None:
            progress(stop, T)
        yield slice(start + 1, stop + 1), log_softmax(logits[:, 0]), window[1:]


def break_down(
    model: Predictor, text: str, *, on_unknown: OnUnknown = "error", progress: Progress | None = None
) -> Breakdown:
    """Let a model predict a text and sum the surprisal by class, place and confidence.

    Parameters
    ----------
    model : Predictor
    text : str
        For a model of documents, the line feed is the symbol that ends each.
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters outside the vocabulary.
    progress : callable, optional
        Called with the symbols predicted so far and their total.

    Returns
    -------
    Breakdown

    Raises
    ------
    CorpusError
        If there is nothing to predict.
    VocabularyError
        For a character that is not in the vocabulary.
    """
    check_predictor(model)
    encoded = encode_text(model, text, on_unknown=on_unknown)
    if len(encoded.ids) < 2:
        raise CorpusError("the text has one symbol; give at least two, since the first is not predicted")
    nats = np.zeros(len(encoded.ids))
    bins = np.zeros((3, BINS))  # predictions, the sum of their confidence, right ones
    for steps, log_p, targets in predictions(model, encoded, progress=progress):
        nats[steps] = -log_p[np.arange(len(targets)), targets]
        likeliest = log_p.argmax(axis=1)
        confidence = np.exp(log_p[np.arange(len(targets)), likeliest])
        k = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
        for row, weights in enumerate((None, confidence, likeliest == targets)):
            bins[row] += np.bincount(k, weights, BINS)
    pieces, ends = encoded.pieces(model.vocabulary)
    starts = np.concatenate([[0], ends[:-1] + 1])
    bits = np.add.reduceat(nats, starts) / math.log(2)  # of each piece
    predicted = starts > 0
    predicted[0] = ends[0] > 0  # the later bytes of a first character are predicted
    with np.errstate(invalid="ignore"):
        calibration = Calibration(bins[0].astype(np.int64), bins[1] / bins[0], bins[2] / bins[0])
    return Breakdown(
        float(bits[predicted].mean()),
        _interval(bits[predicted]),
        float(bins[2].sum() / bins[0].sum()),
        *_sums(pieces, bits, predicted),
        calibration=calibration,
    )


def _sums(
    pieces: tuple[str, ...], bits: NDArray[np.float64], predicted: NDArray[np.bool_]
) -> tuple[dict[str, Share], dict[str, Share], dict[str, Share]]:
    """Return the sums by class, by position in the word, and by position in the line."""
    sums: list[dict[str, list[float]]] = [defaultdict(lambda: [0, 0.0]) for _ in range(3)]
    classes: dict[str, str] = {}
    position, before = 0, "\n"
    for piece, value, counts in zip(pieces, bits.tolist(), predicted.tolist(), strict=True):
        kind = classes.setdefault(piece, character_class(piece))
        position = position + 1 if kind.endswith("letters") else 0
        keys = [kind, "", "first of a line" if before == "\n" else "others"]
        if position:
            keys[1] = f"{position}" if position < _LONGEST_WORD else f"{_LONGEST_WORD} and later"
        before = piece[-1:]
        if counts:
            for key, by in zip(keys, sums, strict=True):
                if key:
                    by[key][0] += 1
                    by[key][1] += value
    kinds, positions, lines = sums
    return _shares(kinds), dict(sorted(_shares(positions).items())), _shares(lines)


def _shares(sums: dict[str, list[float]]) -> dict[str, Share]:
    """Return counts and means, the largest sum first."""
    ordered = sorted(sums.items(), key=lambda one: -one[1][1])
    return {key: Share(int(count), total / count) for key, (count, total) in ordered}


def _interval(bits: NDArray[np.float64]) -> tuple[float, float] | None:
    blocks = len(bits) // BLOCK
    if blocks < 10:
        return None
    means = bits[: blocks * BLOCK].reshape(blocks, BLOCK).mean(axis=1)
    half = 1.96 * means.std(ddof=1) / math.sqrt(blocks)
    return float(bits.mean() - half), float(bits.mean() + half)
