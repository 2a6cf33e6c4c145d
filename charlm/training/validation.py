"""The loss on held-out text, while training."""

from __future__ import annotations

import numpy as np

from charlm.model import CharModel
from charlm.nn.losses import log_softmax
from charlm.training.data import WARMUP, HeldOut

__all__ = ["validation_loss"]

STREAMS = 64
STEPS = 64


def validation_loss(model: CharModel, held_out: HeldOut) -> float:
    """Return the mean loss in nats over all of a held-out text.

    The text is cut into up to 64 streams that are read side by side. Each is warmed up on the 256 symbols
    before its own first prediction, so that the result is that of one long stream but for what lies further back.
    """
    first, total = held_out.warmup, len(held_out.inputs)
    counted = total - first
    streams = min(STREAMS, max(1, counted // WARMUP))
    length = -(-counted // streams)
    ends = np.minimum(first + length * np.arange(1, streams + 1), total)
    begins = first + length * np.arange(streams)
    nats, state = 0.0, model.zero_state(streams)
    for start in range(-WARMUP, length, STEPS):
        at = begins + np.arange(start, min(start + STEPS, length))[:, None]  # (T, N) places in the text
        inside = np.clip(at, 0, total - 1)
        fresh = held_out.resets[inside] | (at <= 0)
        counts = (at >= begins) & (at < ends)
        logits, state = model.logits(held_out.inputs[inside], state, resets=fresh)
        if counts.any():
            log_p = log_softmax(logits, axis=1)
            picked = np.take_along_axis(log_p, held_out.targets[inside][:, None, :], axis=1)[:, 0]
            nats -= float(picked[counts].sum())
    return nats / counted
