"""Parity with PyTorch over freshly drawn shapes, where it is installed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .parity import (
    OPTIMIZERS,
    assert_attention_parity,
    assert_clipping_parity,
    assert_cross_entropy_parity,
    assert_descent_parity,
    assert_packed_parity,
    assert_recurrent_parity,
    assert_sigmoid_parity,
)

torch = pytest.importorskip("torch", reason="the stored numbers of test_parity.py stand in for it")

from .reference import make_reference  # noqa: E402  it imports torch

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 9)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@settings(max_examples=25)
@given(layers=st.integers(1, 3), T=sizes, N=sizes, D=sizes, H=sizes, seed=seeds)
def test_cells(cell: str, layers: int, T: int, N: int, D: int, H: int, seed: int) -> None:
    record = make_reference.recurrent(cell, layers=layers, T=T, N=N, D=D, H=H, seed=seed)
    assert_recurrent_parity(record, cell)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@settings(max_examples=10)
@given(layers=st.integers(1, 3), lengths=st.lists(sizes, min_size=1, max_size=5), D=sizes, H=sizes, seed=seeds)
def test_packed_sequences(
    cell: str, bidirectional: bool, layers: int, lengths: list[int], D: int, H: int, seed: int
) -> None:
    record = make_reference.packed(
        cell, layers=layers, lengths=lengths, D=D, H=H, bidirectional=bidirectional, seed=seed
    )
    assert_packed_parity(record, cell, within=1e-13, x=float("nan"))


@settings(max_examples=25)
@given(T=sizes, S=sizes, N=sizes, H=sizes, D=sizes, seed=seeds, scale=st.sampled_from([None, 1.0, 0.3]))
def test_attention(T: int, S: int, N: int, H: int, D: int, seed: int, scale: float | None) -> None:
    assert_attention_parity(make_reference.attention(T=T, S=S, N=N, H=H, D=D, seed=seed, scale=scale), scale)


@settings(max_examples=25)
@given(T=sizes, N=st.integers(2, 9), V=st.integers(2, 40), seed=seeds)
def test_cross_entropy(T: int, N: int, V: int, seed: int) -> None:
    assert_cross_entropy_parity(make_reference.cross_entropy(T=T, N=N, V=V, seed=seed))


@settings(max_examples=25)
@given(T=sizes, N=sizes, J=sizes, seed=seeds)
def test_sigmoid_cross_entropy(T: int, N: int, J: int, seed: int) -> None:
    assert_sigmoid_parity(make_reference.sigmoid_cross_entropy(T=T, N=N, J=J, seed=seed))


@pytest.mark.parametrize("name", OPTIMIZERS)
@settings(max_examples=5)
@given(P=st.integers(1, 40), seed=seeds)
def test_optimizers(name: str, P: int, seed: int) -> None:
    record = make_reference.descent(name, P=P, seed=seed)
    assert_descent_parity(record, name, make_reference.LEARNING_RATE)


@settings(max_examples=25)
@given(P=st.integers(1, 40), seed=seeds, norm=st.floats(0.01, 100), value=st.floats(0.01, 10))
def test_clipping(P: int, seed: int, norm: float, value: float) -> None:
    assert_clipping_parity(make_reference.clipping(P=P, seed=seed, norm=norm, value=value))
