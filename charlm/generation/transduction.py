"""`transduce`: the targets that a model of pairs gives strings: greedy, sampled, or by beam search.

A target's score is the sum of the model's own log-probabilities, before the temperature, of its symbols, the stop
symbol that ends it included. It is not divided by the length. The score of a label is its log-probability, that of
tags their sum. Tags do not depend on each other: the most likely tag of each symbol gives the most likely tags.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from charlm.config import LONGEST_OUTPUT, OnUnknown
from charlm.config.checks import check_choice, check_number
from charlm.errors import UsageError
from charlm.generation.transducer_decoding import DecodedTarget, beam_decode, decode, sample_rows
from charlm.models.encoder_decoder import Encoded
from charlm.models.learner import check_finite, check_kind
from charlm.models.transducer import Transducer
from charlm.nn.losses import log_softmax
from charlm.nn.padding import pad_left
from charlm.text.vocabulary import Vocabulary

__all__ = ["BATCH", "Transduction", "candidates", "transduce"]

BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Transduction:
    """The target that a model gives a source.

    Parameters
    ----------
    source : str
    text : str
        The target: a text, a label, or a tag for each symbol.
    score : float
        ln p of all of it, in nats.
    symbols : tuple of str
        Of the target, "" for the stop symbol that ended it; a label is one.
    logprobs : tuple of float
        ln p of each of these symbols.
    finish_reason : {"stop", "length"}
        Whether the model ended the text or the longest length did.
    source_symbols : tuple of str
        Of the source, as the model reads it.
    attention : ndarray, shape (T, S), or None
        Attention weights of each symbol over the source's symbols; None without attention.
    labels : tuple of str
        All labels of the model; empty for other outputs.
    label_logprobs : ndarray, shape (V,), or None
        ln p of each label.
    """

    source: str
    text: str
    score: float
    symbols: tuple[str, ...]
    logprobs: tuple[float, ...]
    finish_reason: Literal["stop", "length"] = "stop"
    source_symbols: tuple[str, ...] = ()
    attention: NDArray[Any] | None = field(default=None, repr=False)
    labels: tuple[str, ...] = field(default=(), repr=False)
    label_logprobs: NDArray[np.float64] | None = field(default=None, repr=False)

    @property  # a stored dict for each of many sources would need much memory
    def probabilities(self) -> dict[str, float]:
        """Probability of each label, the most likely first; empty for other outputs."""
        if self.label_logprobs is None:
            return {}
        ranked = np.argsort(-self.label_logprobs, kind="stable")
        return {self.labels[k]: float(np.exp(self.label_logprobs[k])) for k in ranked}


def transduce(
    model: Transducer,
    sources: str | Iterable[str],
    *,
    beam: int = 1,
    temperature: float = 0.0,
    length: int = LONGEST_OUTPUT,
    seed: int | None = None,
    first: int = 0,
    on_unknown: OnUnknown = "error",
) -> list[Transduction]:
    """Apply a model of pairs to strings.

    Parameters
    ----------
    model : Transducer
    sources : str or iterable of str
    beam : int
        Width of the beam search; 1 takes the most likely symbol at each step. Labels and tags need no search.
    temperature : float
        Divides log-probabilities before a symbol is sampled; 0 takes the most likely symbol.
    length : int
        Symbols of a target at most; a text that is longer ends there.
    seed : int, optional
        With a temperature, the same seed gives the same targets, in batches of any size; None gives others.
    first : int
        Number of the first source, if one seed serves several calls.
    on_unknown : {"error", "skip", "replace"}
        Treatment of source characters outside the vocabulary.

    Returns
    -------
    list of Transduction
        One for each source, in their order.

    Raises
    ------
    UsageError
        For a setting out of range, or a model that is no transducer.
    VocabularyError
        For a character that the model does not know.
    DivergedError
        If the model's output is not finite.

    Examples
    --------
    >>> import charlm
    >>> config = charlm.TransducerConfig(output="label", hidden_size=8)
    >>> model = charlm.Transducer(config, charlm.Vocabulary.from_text("abc"), ["yes", "no"])
    >>> [found.text in ("yes", "no") for found in transduce(model, ["abba", "cab"])]
    [True, True]
    """
    check_kind(model, Transducer)
    check_number("beam", beam, low=1, high=10_000, whole=True)
    check_number("temperature", temperature)
    check_number("length", length, low=1, whole=True)
    check_choice("on_unknown", on_unknown, OnUnknown)
    check_number("seed", seed, whole=True)
    check_number("first", first, whole=True)
    if beam > 1 and temperature:
        raise UsageError(
            "`beam` and `temperature` exclude each other: a search draws nothing; leave one of them out"
        )
    texts = [sources] if isinstance(sources, str) else list(sources)
    ids = [model.source.encode(text, on_unknown=on_unknown) for text in texts]
    generators = None
    if temperature:
        entropy = np.random.SeedSequence(seed).entropy
        numbers = range(first, first + len(texts))
        generators = [np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(k,))) for k in numbers]
    found: dict[int, Transduction] = {}
    order = sorted(range(len(texts)), key=lambda k: len(ids[k]))  # little padding
    for some in (order[k : k + BATCH] for k in range(0, len(order), BATCH)):
        source, lengths, _ = pad_left([ids[k] for k in some])
        encoded = model.encode(source.astype(np.intp), lengths)
        own = None if generators is None else [generators[k] for k in some]
        if model.config.output == "text":
            if beam > 1:
                each = (encoded.streams(slice(n, n + 1)) for n in range(len(some)))
                made = [beam_decode(model, one, width=beam, length=length)[0] for one in each]
            else:
                made = decode(model, encoded, temperature=temperature, length=length, generators=own)
            found |= {k: _written(model, texts[k], ids[k], one) for k, one in zip(some, made, strict=True)}
        else:
            log_p = _log_probabilities(model, encoded)
            for n, k in enumerate(some):
                rows = log_p[:, n] if model.labels else log_p[len(log_p) - len(ids[k]) :, n]
                chosen = rows.argmax(axis=1)
                if own is not None:
                    chosen = sample_rows(rows, temperature, own[n].random(len(rows)))
                found[k] = _chosen(model, texts[k], ids[k], rows, chosen)
    return [found[k] for k in range(len(texts))]


def candidates(
    model: Transducer,
    source: str,
    count: int,
    *,
    beam: int | None = None,
    length: int = LONGEST_OUTPUT,
    on_unknown: OnUnknown = "error",
) -> list[Transduction]:
    """Return the most likely targets of one source, by beam search, or its most likely labels.

    Parameters
    ----------
    model : Transducer
    source : str
    count : int
        Number of targets.
    beam : int, optional
        Width of the beam search, at least `count`; by default `count`.
    length, on_unknown
        As for `transduce`.

    Returns
    -------
    list of Transduction
        The most likely first; fewer where there are no more. Of tags, only the most likely.

    Raises
    ------
    UsageError, VocabularyError, DivergedError
        As `transduce`.
    """
    check_kind(model, Transducer)
    check_number("count", count, low=1, whole=True)
    width = count if beam is None else beam
    check_number("beam", width, low=count, high=10_000, whole=True)
    check_number("length", length, low=1, whole=True)
    check_choice("on_unknown", on_unknown, OnUnknown)
    ids = model.source.encode(source, on_unknown=on_unknown)
    encoded = model.encode(ids.astype(np.intp)[:, None], np.array([len(ids)]))
    if model.config.output == "text":
        made = beam_decode(model, encoded, width=width, length=length, count=count)
        return [_written(model, source, ids, one) for one in made]
    rows = _log_probabilities(model, encoded)[:, 0]
    if not model.labels:
        return [_chosen(model, source, ids, rows, rows.argmax(axis=1))]
    ranked = np.argsort(-rows[0], kind="stable")[:count]
    return [_chosen(model, source, ids, rows, ranked[k : k + 1]) for k in range(len(ranked))]


def _log_probabilities(model: Transducer, encoded: Encoded) -> NDArray[np.float64]:
    """Return log-probabilities of the labels (1, N, V), or of each symbol's tags (S, N, V)."""
    logits = model.output_logits(encoded)
    check_finite(logits)
    return log_softmax(logits)


def _written(model: Transducer, source: str, ids: NDArray[Any], made: DecodedTarget) -> Transduction:
    """Return the result for a decoded text; `ids` are the source's."""
    read, symbols = _symbols(model.source, ids), _symbols(model.target, made.ids)
    attention = None if made.weights is None else made.weights[:, made.weights.shape[1] - len(ids) :]
    text = "" if model.target is None else model.target.decode(made.ids)
    return Transduction(
        source, text, sum(made.logprobs), symbols, made.logprobs, made.finish_reason, read, attention
    )


def _chosen(
    model: Transducer, source: str, ids: NDArray[Any], log_p: NDArray[np.float64], chosen: NDArray[np.intp]
) -> Transduction:
    """Return the result for a label or tags; log_p is (1, V), or of each tag (S, V)."""
    read = _symbols(model.source, ids)
    logprobs = tuple(log_p[np.arange(len(log_p)), chosen].tolist())
    if model.target is not None:
        symbols = _symbols(model.target, chosen)
        return Transduction(source, model.target.decode(chosen), sum(logprobs), symbols, logprobs, "stop", read)
    labels, label = model.labels, model.labels[chosen[0]]
    return Transduction(source, label, sum(logprobs), (label,), logprobs, "stop", read, None, labels, log_p[0])


def _symbols(vocabulary: Vocabulary | None, ids: Iterable[int]) -> tuple[str, ...]:
    return () if vocabulary is None else tuple(vocabulary.decode([k]) for k in ids)
