"""Parity with PyTorch's numbers as they are stored: needs no PyTorch."""

from __future__ import annotations

import pytest

from .parity import (
    OPTIMIZERS,
    assert_attention_parity,
    assert_clipping_parity,
    assert_cross_entropy_parity,
    assert_descent_parity,
    assert_packed_parity,
    assert_recurrent_parity,
    assert_sigmoid_parity,
    stored_records,
)

RECORDS = stored_records()
LEARNING_RATE = float(RECORDS["settings"]["learning_rate"])


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_cells(cell: str, layers: int) -> None:
    assert_recurrent_parity(RECORDS[f"{cell}-{layers}"], cell)


@pytest.mark.parametrize("directions", ["one", "both"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_unequal_lengths(cell: str, layers: int, directions: str) -> None:
    record = RECORDS[f"packed-{cell}-{layers}-{directions}"]
    assert_packed_parity(record, cell, within=4e-15)
    assert_packed_parity(record, cell, within=4e-15, x=float("nan"), dy=float("inf"))


def test_attention() -> None:
    assert_attention_parity(RECORDS["attention"])


def test_cross_entropy() -> None:
    assert_cross_entropy_parity(RECORDS["cross_entropy"])


def test_sigmoid_cross_entropy() -> None:
    assert_sigmoid_parity(RECORDS["sigmoid_cross_entropy"])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ten_steps_of_each_optimizer(name: str) -> None:
    assert len(RECORDS[name]["gradients"]) == 10
    assert_descent_parity(RECORDS[name], name, LEARNING_RATE)


@pytest.mark.parametrize("name", ["clip-long", "clip-short"])
def test_clipping(name: str) -> None:
    assert_clipping_parity(RECORDS[name])
