"""`Mixture`: several predictors of one vocabulary, whose probabilities are averaged; its weights, fitted by EM.

Linear interpolation [1]_, of members m with weights w and probabilities p:

::

    (1)  p(x | h) = Σ wₘ pₘ(x | h),   wₘ ≥ 0,   Σ wₘ = 1

As each pₘ sums to 1 over the symbols x, so does p. The weights that predict a text x₁ … xₙ best maximise the
concave function L(w) = 1/n Σ ln p(xᵢ), and one step of EM [2]_ never lowers it:

::

    (2)  gₘ  =  ∂L/∂wₘ  =  1/n Σ pₘ(xᵢ) / p(xᵢ)
    (3)  wₘ  ←  wₘ gₘ

By concavity max L ≤ L(w) + max gₘ − 1, which says when to stop.

References
----------
.. [1] Jelinek & Mercer (1980), "Interpolated Estimation of Markov Source Parameters from Sparse Data".
.. [2] Dempster, Laird & Rubin (1977), "Maximum Likelihood from Incomplete Data via the EM Algorithm", section 4.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from itertools import accumulate, pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from charlm.errors import UsageError
from charlm.models.language_model import CharModel
from charlm.models.learner import State, joined
from charlm.models.network import Stepper
from charlm.models.predictor import Predictor, check_predictor
from charlm.nn.arrays import FloatArray, IdArray, Resets
from charlm.nn.losses import log_softmax

__all__ = ["Mixture", "fit_weights", "mixed_nats"]

_SLACK = 1e-6  # of the sum of the weights
_ROUNDING = 1e-13
_LEAST = 1e-290  # a probability; smaller ones lose digits
_MOST_STEPS = 10_000  # of EM


class Mixture:
    """Several predictors of one vocabulary, with weights; equation (1).

    Its state is all layers of the first member, then those of the second, and so on. Its networks are trained as a
    `charlm.models.ensemble.Ensemble`, side by side.

    Parameters
    ----------
    members : sequence of Predictor
        Networks, counts, or mixtures.
    weights : sequence of float, optional
        At least 0, of sum 1; by default all the same.

    Raises
    ------
    UsageError
        If a member predicts no text, the vocabularies differ, or the weights are no weights.

    Examples
    --------
    >>> from charlm import CharModel, ModelConfig, Vocabulary, evaluate
    >>> vocabulary = Vocabulary.from_text("abc")
    >>> members = [CharModel(ModelConfig(hidden_size=8), vocabulary, seed=seed) for seed in (1, 2)]
    >>> evaluate(Mixture(members, [0.25, 0.75]), "abcabc").symbols
    5
    """

    kind: ClassVar[str] = "mixture"

    def __init__(self, members: Sequence[Predictor], weights: Sequence[float] | None = None) -> None:
        if not members:
            raise UsageError("a mixture has no member; give at least one model")
        weights = [1 / len(members)] * len(members) if weights is None else [float(w) for w in weights]
        if len(weights) != len(members):
            raise UsageError(f"a mixture has {len(members)} members and {len(weights)} weights; give one for each")
        if not (min(weights) >= 0 and abs(math.fsum(weights) - 1) <= _SLACK):
            given = ", ".join(f"{w:g}" for w in weights)
            raise UsageError(f"a mixture has the weights {given}; give weights of at least 0 that sum to 1")
        for member in members:
            check_predictor(member)
            if member.vocabulary != members[0].vocabulary:
                raise UsageError(
                    f"the models of a mixture differ in their vocabularies: {_difference(members[0], member)}; "
                    "train one with `vocab_from` the other"
                )
        self.members, self.vocabulary = tuple(members), members[0].vocabulary
        total = math.fsum(weights)  # 1 up to rounding if the mixture was stored: its weights keep their bits
        self.weights = tuple(w / total if abs(total - 1) > _ROUNDING else w for w in weights)
        self._log_weights = [math.log(w) if w else -math.inf for w in self.weights]
        ends = [0, *accumulate(len(member.zero_state(1)) for member in members)]
        self._layers = [slice(*bounds) for bounds in pairwise(ends)]

    def __repr__(self) -> str:
        parts = (f"{w:.3g} {member!r}" for w, member in zip(self.weights, self.members, strict=True))
        return f"Mixture({' + '.join(parts)})"

    @property
    def networks(self) -> tuple[CharModel, ...]:
        """The members that are networks."""
        return tuple(member for member in self.members if isinstance(member, CharModel))

    @property
    def hidden_size(self) -> int:
        """H of the widest member."""
        return max(member.hidden_size for member in self.members)

    @property
    def work(self) -> int:
        """Multiplications a symbol, of all members."""
        return sum(member.work for member in self.members)

    def zero_state(self, streams: int) -> State:
        """Return the state of N streams that have read nothing."""
        return joined(member.zero_state(streams) for member in self.members)

    def stepper(self, streams: int | None = None, *, cores: int | None = None) -> Stepper:
        """Return a function that reads one symbol a stream: ``(ids (N,), state) -> (ln p (N, V), state)``.

        Parameters
        ----------
        streams, cores
            As for `Network.stepper`.
        """
        steps = [member.stepper(streams, cores=cores) for member in self.members]

        def step(ids: IdArray | int, state: State) -> tuple[FloatArray, State]:
            read: list[FloatArray] = []
            after: State = ()
            for one, layers in zip(steps, self._layers, strict=True):
                logits, end = one(ids, state[layers])
                read.append(logits)
                after += end
            return self._mixed(read), after

        return step

    def logits(
        self, ids: IdArray, state: State | None = None, *, resets: Resets | None = None
    ) -> tuple[FloatArray, State]:
        """Read a whole sequence.

        Parameters
        ----------
        ids, state, resets
            As for `Network.logits`.

        Returns
        -------
        log_p : ndarray of float64, shape (T, N, V)
            ln p, nats.
        state : State
        """
        start = self.zero_state(ids.shape[1]) if state is None else state
        read = [
            member.logits(ids, start[layers], resets=resets)
            for member, layers in zip(self.members, self._layers, strict=True)
        ]
        return self._mixed([logits for logits, _ in read]), joined(end for _, end in read)

    def _mixed(self, logits: Sequence[FloatArray]) -> NDArray[np.float64]:
        """Return ln p (…, V) of the members' logits, by (1)."""
        with np.errstate(invalid="ignore", divide="ignore"):  # who reads the result checks that it is finite
            parts = map(_weighted, logits, self.weights)
            mixed = reduce(lambda total, part: np.add(total, part, total), parts)
            if not mixed.size or mixed.item(mixed.argmin()) > _LEAST:
                return np.log(mixed, mixed)
            rows = np.logical_not(mixed.min(axis=-1) > _LEAST)  # a row's bits do not depend on the others
            np.log(mixed, mixed)
            terms = [log_softmax(z[rows]) + log_w for z, log_w in zip(logits, self._log_weights, strict=True)]
            mixed[rows] = reduce(np.logaddexp, terms)  # the logarithms keep what underflows
        return mixed


def _weighted(logits: FloatArray, weight: float) -> NDArray[np.float64]:
    """Return the weight times the probabilities (…, V)."""
    one = logits.ndim == 1  # then numbers are faster than arrays
    p = logits.astype(np.float64)
    np.subtract(p, p.item(p.argmax()) if one else p.max(axis=-1, keepdims=True), p)
    np.exp(p, p)
    np.multiply(p, weight / (np.add.reduce(p) if one else p.sum(axis=-1, keepdims=True)), p)
    return p


def _difference(one: Predictor, other: Predictor) -> str:
    """Describe the first difference of two vocabularies."""
    first, second = one.vocabulary, other.vocabulary
    for name in ("unit", "normalize", "lowercase"):
        if getattr(first, name) != getattr(second, name):
            return f"{name} {getattr(first, name)} and {name} {getattr(second, name)}"
    unshared = sorted({*first.symbols} ^ {*second.symbols}, key=str)
    symbol = unshared[0] if unshared else "their order"
    named = f"{symbol[:20]!r} in one alone" if isinstance(symbol, str) else f"0x{symbol:02x} in one alone"
    return f"{len(first):,} and {len(second):,} symbols, {named}"


def mixed_nats(nats: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return −ln p (n,) by (1), given −ln p (K, n) of the members and their weights (K,)."""
    lowest = nats.min(axis=0)
    mixed: NDArray[np.float64] = lowest - np.log(weights @ np.exp(lowest - nats))
    return mixed


def fit_weights(log_p: NDArray[np.float64], *, tolerance: float = 1e-6) -> NDArray[np.float64]:
    """Return the weights with which a mixture predicts a text best, by EM from equal ones; equations (2) and (3).

    The text should be one that no member has learnt. Weights fitted on a validation text flatter the mixture's loss
    on it.

    Parameters
    ----------
    log_p : ndarray, shape (K, n)
        ln p of each symbol of the text by each of K members, nats.
    tolerance : float
        The result's mean loss exceeds the least possible one by at most so many nats, unless `_MOST_STEPS` do not
        reach it.

    Returns
    -------
    ndarray, shape (K,)

    Raises
    ------
    UsageError
        If there is no symbol, or a number is not finite.

    Examples
    --------
    >>> fit_weights(np.log([[0.5, 0.5, 0.5], [0.9, 0.9, 0.1]])).round(3).tolist()
    [0.583, 0.417]
    """
    K, n = log_p.shape
    if not n or not np.isfinite(log_p).all():
        raise UsageError(f"weights need finite log-probabilities of at least one symbol; these are {n}")
    p = np.exp(log_p - log_p.max(axis=0))  # a factor common to all members changes nothing
    weights = np.full(K, 1 / K)
    for _ in range(_MOST_STEPS):
        g = (p / (weights @ p)).mean(axis=1)  # (2)
        if g.max() - 1 <= tolerance:
            break
        weights *= g  # (3)
    normalised: NDArray[np.float64] = weights / weights.sum()
    return normalised
