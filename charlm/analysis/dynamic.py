"""Dynamic evaluation: the weights are updated while the text is read.

::

    (1)  score segment i with θ_{i-1}                                        before learning from it
    (2)  g = ∂L(segment i)/∂θ, scaled down to a norm of at most c
    (3)  θ_i = θ_{i-1} - η g + λ (θ_0 - θ_{i-1})                             λ decays to the trained weights

This is the rule of Krause et al. with gradient descent and decay [1]_. Their other rule divides g by its root mean
square on the training data, which a checkpoint does not store. With root mean squares of the text itself, the loss
on a hard text was lower still, but several times higher on a memorised one, whose gradients are nearly zero and
become noise when divided by their size. The norm is bounded, since a rate that suits usual gradients is too high
for the largest.
"""

from __future__ import annotations

import math

import numpy as np

from charlm.analysis.surprisal import Progress
from charlm.config import DynamicConfig
from charlm.errors import DivergedError
from charlm.models.language_model import CharModel
from charlm.models.learner import State
from charlm.nn.arrays import IdArray
from charlm.nn.clipping import clip_norm_
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.recurrent import Resets
from charlm.text.batches import text_batch

__all__ = ["dynamic_surprisal"]


def dynamic_surprisal(
    model: CharModel,
    ids: IdArray,
    settings: DynamicConfig,
    *,
    resets: Resets | None = None,
    progress: Progress | None = None,
) -> list[float]:
    """Read a stream from zero state, and learn from each segment after scoring it.

    Parameters
    ----------
    model : CharModel
        Unchanged: a copy learns.
    ids : ndarray of int, shape (n + 1,)
    settings : DynamicConfig
    resets : ndarray of bool, shape (n,), optional
        Inputs before which the state is set to zero.
    progress : callable, optional
        Called after each segment with the number of symbols predicted so far and their total.

    Returns
    -------
    list of float
        Nats of each segment of `settings.length` predictions; the last segment may be shorter. They do not depend
        on later segments.

    Raises
    ------
    DivergedError
        If the loss is no longer finite.

    References
    ----------
    .. [1] Krause, Kahembwe, Murray & Renals (2018), "Dynamic Evaluation of Neural Sequence Models", eqs. 3 and 5.
    """
    learner = CharModel.from_tensors(model.config, model.vocabulary, model.tensors())
    theta, g, trained = learner.params.value, learner.params.grad, model.params.value
    state: State | None = None
    workspace, nats = Workspace(), list[float]()
    with np.errstate(over="ignore", invalid="ignore"):  # detected below
        for start in range(0, len(ids) - 1, settings.length):
            segment = ids[start : start + settings.length + 1, None].astype(np.intp)
            fresh = None if resets is None else resets[start : start + settings.length, None]
            batch = text_batch(segment[:-1], segment[1:], fresh)
            loss, state, backprop = learner.loss(batch, state, workspace=workspace)  # (1)
            if not math.isfinite(loss):
                raise _diverged(start, settings)
            nats.append(loss * (len(segment) - 1))
            g[:] = 0
            backprop()
            clip_norm_(g, settings.clip_norm)  # (2)
            g *= settings.rate
            theta += settings.decay * (trained - theta) - g  # (3)
            if progress is not None:
                progress(start + len(segment) - 1, len(ids) - 1)
    return nats


def _diverged(start: int, settings: DynamicConfig) -> DivergedError:
    if not start:
        return DivergedError.of_output()
    lower = f"{settings.rate / 3:.2g}"
    return DivergedError(
        f"dynamic evaluation diverged after {start:,} symbols; lower `dynamic.rate`, say to {lower}"
    )
