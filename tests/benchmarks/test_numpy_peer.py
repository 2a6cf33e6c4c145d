"""The plain transcription computes what it claims: its gradients are those of its loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy_peer
import pytest
from peers.protocol import Job, median_s


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_gradient_along_a_random_direction(cell: str) -> None:
    differentiate, gates, parts = numpy_peer.CELLS[cell]
    rng = np.random.default_rng(3)
    w = {name: rng.standard_normal(a.shape) * 0.5 for name, a in numpy_peer.make_weights(gates, 5, 7).items()}
    along = {name: rng.standard_normal(a.shape) for name, a in w.items()}
    state: tuple[Any, ...] = tuple(rng.standard_normal((5, 1)) for _ in range(parts))
    inputs, targets = rng.integers(7, size=(2, 4)).tolist()

    def loss(step: float) -> float:
        moved = {name: a + step * along[name] for name, a in w.items()}
        return float(differentiate(inputs, targets, state, moved)[0])

    _, gradient, last = differentiate(inputs, targets, state, w)
    slope = sum(float(np.vdot(gradient[name], along[name])) for name in w)
    assert slope == pytest.approx((loss(1e-5) - loss(-1e-5)) / 2e-5, rel=1e-6)
    assert len(last) == parts


def test_operations_of_a_character() -> None:
    # W_h (4·2 × 2) and the head (3 × 2); a second layer adds its two products
    assert Job(what="train", hidden=2, vocab=3).flops_per_char == 6 * (16 + 6)
    assert Job(what="train", hidden=2, vocab=3, layers=2).flops_per_char == 6 * (3 * 16 + 6)


def test_median_leaves_out_the_warm_up() -> None:
    calls: list[int] = []
    assert median_s(lambda: calls.append(1), 0.0) >= 0
    assert len(calls) == 7
