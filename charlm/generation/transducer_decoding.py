"""The decoder of a transducer, symbol by symbol: greedy, sampled at a temperature, or by beam search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.generation.beam import Beam
from charlm.models.encoder_decoder import Encoded
from charlm.models.learner import State, check_finite
from charlm.models.transducer import Transducer
from charlm.nn.arrays import FloatArray
from charlm.nn.losses import log_softmax
from charlm.nn.stack import map_state

__all__ = ["DecodedTarget", "beam_decode", "decode", "sample_rows"]


@dataclass(frozen=True, slots=True, eq=False)
class DecodedTarget:
    """A decoded target.

    Parameters
    ----------
    ids : tuple of int
        Of its symbols, the stop symbol that ended it included.
    logprobs : tuple of float
        ln p of each, in nats.
    finish_reason : {"stop", "length"}
    weights : ndarray, shape (T, S), or None
        Attention weights; the source is padded on the left.
    """

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: Literal["stop", "length"] = "stop"
    weights: NDArray[Any] | None = None


def sample_rows(log_p: NDArray[np.float64], temperature: float, uniform: NDArray[np.float64]) -> NDArray[np.intp]:
    """Sample an index for each row of log-probabilities (N, V), by a uniform number (N,) each.

    Parameters
    ----------
    log_p : ndarray, shape (N, V)
    temperature : float
        Above 0.
    uniform : ndarray, shape (N,)
        In [0, 1).

    Returns
    -------
    ndarray of int, shape (N,)
    """
    below = log_p - log_p.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):  # at temperatures next to 0 all but the largest become -inf
        mass = np.exp(below / temperature).cumsum(axis=1)
    places: NDArray[np.intp] = (mass <= uniform[:, None] * mass[:, -1:]).sum(axis=1)
    return places


def decode(
    model: Transducer,
    encoded: Encoded,
    *,
    temperature: float = 0.0,
    length: int,
    generators: Sequence[np.random.Generator] | None = None,
) -> list[DecodedTarget]:
    """Decode the targets of N sources side by side.

    Parameters
    ----------
    model : Transducer
    encoded : Encoded
    temperature : float
        0 takes the most likely symbol.
    length : int
        Symbols at most.
    generators : sequence of numpy.random.Generator, optional
        One for each source, which gives a uniform number a symbol; required with a temperature.

    Returns
    -------
    list of DecodedTarget

    Raises
    ------
    DivergedError
        If the model's output is not finite.
    """
    step, state, stop = model.stepper(encoded), encoded.state, _stop(model)
    N = encoded.mask.shape[1]
    rows, last, ended = np.arange(N), np.full(N, stop), np.zeros(N, bool)
    ids: list[NDArray[Any]] = []
    logprobs: list[NDArray[Any]] = []
    attention: list[NDArray[Any]] = []
    while len(ids) < length and not ended.all():
        logits, state, weights = step(last, state)
        log_p = _log_probabilities(model, logits)
        if temperature and generators is not None:
            uniform = np.array([0.0 if done else rng.random() for done, rng in zip(ended, generators, strict=True)])
            last = sample_rows(log_p, temperature, uniform)
        else:
            last = log_p.argmax(axis=1)
        ids.append(last)
        logprobs.append(log_p[rows, last])
        if weights is not None:
            attention.append(weights)
        ended = ended | (last == stop)
    targets = []
    for n in range(N):
        own = [int(step_ids[n]) for step_ids in ids]
        size = own.index(stop) + 1 if stop in own else len(own)
        targets.append(
            DecodedTarget(
                tuple(own[:size]),
                tuple(float(step[n]) for step in logprobs[:size]),
                "stop" if own[size - 1] == stop else "length",
                np.array([step[n] for step in attention[:size]]) if attention else None,
            )
        )
    return targets


class _Target(NamedTuple):
    """A target in the beam; `row` is that of its predecessor's state."""

    score: float
    row: int
    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    weights: tuple[NDArray[Any], ...]
    ended: bool


def beam_decode(
    model: Transducer, encoded: Encoded, *, width: int, length: int, count: int = 1
) -> list[DecodedTarget]:
    """Search for the most likely targets of one source; see `charlm.generation.beam`.

    Parameters
    ----------
    model : Transducer
    encoded : Encoded
        Of one source.
    width : int
        Targets that are kept at each step; 1 is temperature 0.
    length : int
        Symbols at most.
    count : int
        Targets to return, at most `width`.

    Returns
    -------
    list of DecodedTarget
        The most likely first; of equals the one whose symbols have the lower ids.

    Raises
    ------
    DivergedError
        If the model's output is not finite.
    """
    stop = _stop(model)
    copies = encoded.streams(np.zeros(width, np.intp))
    step, state = model.stepper(copies), copies.state
    beam = Beam(_Target(0.0, 0, (), (), (), ended=False), width=width, count=count)
    while not beam.complete:
        rows, last = np.zeros(width, np.intp), np.full(width, stop)
        for k, target in enumerate(beam.live):
            rows[k], last[k] = target.row, target.ids[-1] if target.ids else stop
        logits, state, weights = step(last, _rows(state, rows))
        extended = partial(_extended, weights=weights, stop=stop, length=length)
        beam.extend(_log_probabilities(model, logits[: len(beam.live)]), extended)
    return [
        DecodedTarget(
            target.ids,
            target.logprobs,
            "stop" if target.ids[-1] == stop else "length",
            np.array(target.weights) if target.weights else None,
        )
        for target in beam.best
    ]


def _extended(
    target: _Target, row: int, symbol: int, logprob: float, *, weights: FloatArray | None, stop: int, length: int
) -> _Target:
    ids = (*target.ids, symbol)
    attended = () if weights is None else (*target.weights, weights[row])
    ended = symbol == stop or len(ids) >= length
    return _Target(target.score + logprob, row, ids, (*target.logprobs, logprob), attended, ended)


def _rows(state: State, rows: NDArray[np.intp]) -> State:
    return map_state(lambda a: a[rows], state)


def _stop(model: Transducer) -> int:
    """Return the symbol that begins and ends a target."""
    assert model.target is not None  # noqa: S101  the output is text
    assert model.target.stop_id is not None  # noqa: S101
    return model.target.stop_id


def _log_probabilities(model: Transducer, logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return log-probabilities (N, V), −∞ for ``<unk>``, which no target contains."""
    check_finite(logits)
    log_p = log_softmax(logits)
    if model.target is not None and model.target.unknown_id is not None:
        log_p[:, model.target.unknown_id] = -np.inf
    return log_p
