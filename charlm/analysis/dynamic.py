"""Dynamic evaluation: a model learns from the text while it is read, each part after it is scored.

A network::

    (1)  score segment i with θ_{i-1}: L, the mean loss                      before learning from it
    (2)  g = ∂L/∂θ, scaled down to a norm of at most c
    (3)  θ_i = θ_{i-1} - η ‖θ_0‖ L g + λ (θ_0 - θ_{i-1})                     λ decays to the trained weights

This is the rule of Krause et al. with gradient descent and decay [1]_, except for two factors. L makes it a descent
on L²/2: what is predicted well changes little, and a text of another kind is learnt faster. Without it, one rate is
too high for a memorised text or too low for another. The norm of the trained weights lets one rate suit networks of
all sizes [3]_. `benchmarks/README.md` has figures. Their other rule divides g by its root mean square on the
training data, which a checkpoint does not store. The norm of g is bounded, since a rate that suits usual gradients
is too high for the largest.

Counts predict each symbol as if they had counted all symbols that were read before it, too: see
`charlm.models.ngram_growth`.

Each member of a mixture learns by itself. The weights move by a share μ of one step of EM on the segment
(`charlm.models.mixture`, equations (2) and (3)) once it is scored, which leaves their sum as it is [2]_::

    (4)  rₘ(x) = wₘ pₘ(x) / Σ wₖ pₖ(x),    wₘ ← (1 − μ) wₘ + μ mean rₘ
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import cast

import numpy as np

from charlm.analysis.members import MemberLoss, members_of, read_together
from charlm.analysis.surprisal import Nats, Progress
from charlm.blas import one_blas_thread
from charlm.config import DynamicConfig
from charlm.errors import DivergedError
from charlm.models.counts import Counts
from charlm.models.language_model import CharModel
from charlm.models.learner import State, check_kind
from charlm.models.predictor import Predictor
from charlm.nn.arrays import IdArray, Resets
from charlm.nn.clipping import clip_norm_
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.losses import cross_entropy, target_nats

__all__ = ["dynamic_surprisal"]


def dynamic_surprisal(
    model: Predictor,
    ids: IdArray,
    settings: DynamicConfig,
    *,
    resets: Resets | None = None,
    progress: Progress | None = None,
) -> tuple[list[float], tuple[MemberLoss, ...]]:
    """Read a stream from zero state, and learn from each segment after scoring it.

    Parameters
    ----------
    model : Predictor
        A network, counts, or a mixture of such; unchanged: copies learn.
    ids : ndarray of int, shape (n + 1,)
    settings : DynamicConfig
    resets : ndarray of bool, shape (n,), optional
        Inputs before which the state of networks is set to zero.
    progress : callable, optional
        Called after each segment with the number of symbols predicted so far and their total.

    Returns
    -------
    nats : list of float
        Of each segment of `settings.length` predictions; the last segment may be shorter. They do not depend on
        later segments.
    members : tuple of MemberLoss

    Raises
    ------
    UsageError
        For a model of another kind.
    DivergedError
        If the loss is no longer finite.

    References
    ----------
    .. [1] Krause, Kahembwe, Murray & Renals (2018), "Dynamic Evaluation of Neural Sequence Models", eqs. 3 and 5.
    .. [2] Orseau, Lattimore & Legg (2017), "Soft-Bayes: Prod for Mixtures of Experts with Log-Loss", eq. 2.
    .. [3] You, Gitman & Ginsburg (2017), "Large Batch Training of Convolutional Networks", section 4.
    """
    members = list(members_of(model))
    readers = [_reader(member, ids, settings, resets) for member, _ in members]
    with one_blas_thread():  # the products are small
        return read_together(members, readers, len(ids) - 1, mixing=settings.mixing, progress=progress)


def _reader(member: Predictor, ids: IdArray, settings: DynamicConfig, resets: Resets | None) -> Iterator[Nats]:
    if isinstance(member, Counts):
        return _read_counts(member, ids, settings)
    check_kind(member, CharModel)
    return _read_network(cast("CharModel", member), ids, settings, resets)


def _segments(ids: IdArray, settings: DynamicConfig) -> Iterator[IdArray]:
    """Yield the symbols that are predicted, part by part, each after the symbol before it."""
    for start in range(0, len(ids) - 1, settings.length):
        yield ids[start : start + settings.length + 1].astype(np.intp)


def _read_counts(counts: Counts, ids: IdArray, settings: DynamicConfig) -> Iterator[Nats]:
    """Yield the nats of each segment under counts that grow by every symbol."""
    grams = counts.growing()
    if ids[0] != counts.vocabulary.stop_id:  # which ends the text that was counted, too
        grams.add_(int(ids[0]))
    for segment in _segments(ids, settings):
        nats = np.empty(len(segment) - 1)
        for t, x in enumerate(segment[1:].tolist()):
            nats[t] = -math.log(grams.probability(x))
            grams.add_(x)
        yield nats


def _read_network(model: CharModel, ids: IdArray, settings: DynamicConfig, resets: Resets | None) -> Iterator[Nats]:
    """Yield the nats of each segment under a copy of a network that learns from it thereafter."""
    learner = CharModel.from_tensors(model.config, model.vocabulary, model.tensors())
    theta, g, trained = learner.params.value, learner.params.grad, model.params.value
    rate = settings.rate * float(np.linalg.norm(trained))
    state: State | None = None
    workspace = Workspace()
    for k, segment in enumerate(_segments(ids, settings)):
        start, inputs, targets = k * settings.length, segment[:-1, None], segment[1:, None]
        fresh = None if resets is None else resets[start : start + len(inputs), None]
        with np.errstate(over="ignore", invalid="ignore"):  # detected below
            h, state, backprop_h = learner.read(inputs, state, resets=fresh, workspace=workspace)
            logits, backprop_head = learner.head.forward(h, workspace=workspace)
            nats = target_nats(logits, targets)  # (1)
            if not np.isfinite(nats).all():
                raise _diverged(start, settings)
            _, backprop_loss = cross_entropy(logits, targets, overwrite=True)
            g[:] = 0
            backprop_h(backprop_head(backprop_loss()))
            clip_norm_(g, settings.clip_norm)  # (2)
            g *= rate * float(nats.mean())
            theta += settings.decay * (trained - theta) - g  # (3)
        yield nats[:, 0]


def _diverged(start: int, settings: DynamicConfig) -> DivergedError:
    if not start:
        return DivergedError.of_output()
    lower = f"{settings.rate / 3:.2g}"
    return DivergedError(
        f"dynamic evaluation diverged after {start:,} symbols; lower `dynamic.rate`, say to {lower}"
    )
