"""Batches of numbers: cut as a text of that length is, with numbers (T, N, D) in place of ids (T, N)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.errors import CharlmError, CorpusError, UsageError
from charlm.text.batches import Batches, MinCharRnnBatches, RandomBatches, SequentialBatches

Make = Callable[[Any, np.random.Generator], Batches]

kinds: dict[str, Make] = {
    "sequential": lambda x, rng: SequentialBatches(x, streams=3, length=7, rng=rng),
    "sequential, resets": lambda x, rng: SequentialBatches(x, streams=3, length=7, rng=rng, state_reset=0.3),
    "sequential, no offset": lambda x, rng: SequentialBatches(x, streams=4, length=6, rng=rng, random_offset=False),
    "sequential, 2 to 7": lambda x, rng: SequentialBatches(x, streams=3, length=7, shortest=2, rng=rng),
    "random": lambda x, rng: RandomBatches(x, streams=3, length=7, rng=rng),
    "random, 2 to 7": lambda x, rng: RandomBatches(x, streams=3, length=7, shortest=2, rng=rng),
    "min-char-rnn": lambda x, _: MinCharRnnBatches(x, length=7),
}
each_kind = pytest.mark.parametrize("make", kinds.values(), ids=kinds.keys())


def draw(n: int, D: int, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(n).standard_normal((n, D)).astype(dtype)


@each_kind
@given(
    n=st.integers(30, 150),
    D=st.integers(1, 3),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 99),
)
def test_numbers_are_cut_where_ids_are(make: Make, n: int, D: int, dtype: str, seed: int) -> None:
    numbers, (rng, other) = draw(n, D, dtype), (np.random.default_rng(seed) for _ in range(2))
    batches, of_ids = make(numbers, rng), make(np.arange(n), other)
    assert batches.batches_per_epoch == of_ids.batches_per_epoch
    for _ in range(30):
        batch, ids = batches.next(), of_ids.next()
        for name in ("inputs", "targets"):
            np.testing.assert_array_equal(batch[name], numbers[ids[name]], strict=True)  # dtype and shape as well
        np.testing.assert_array_equal(batch["inputs"][1:], batch["targets"][:-1])
        resets = batch.get("resets"), ids.get("resets")
        assert (resets[0] is None and resets[1] is None) or np.array_equal(*resets)
        assert batch.counted == batch["targets"].size == ids.counted * D
        assert (batches.state(), batches.epoch) == (of_ids.state(), of_ids.epoch)
        assert rng.bit_generator.state == other.bit_generator.state


@each_kind
def test_every_point_can_be_left_and_taken_up_again(make: Make) -> None:
    numbers, rng, total = draw(101, 2), np.random.default_rng(3), 40
    batches = make(numbers, rng)
    stored, whole = [], []
    for _ in range(total):
        stored.append(json.dumps([batches.state(), rng.bit_generator.state]))
        whole.append(batches.next()["inputs"])
    for point in range(0, total, 3):
        state, rng.bit_generator.state = json.loads(stored[point])
        resumed = make(numbers, rng)
        resumed.restore(state)
        for inputs in whole[point:]:
            np.testing.assert_array_equal(resumed.next()["inputs"], inputs)


@each_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_shapes_are_those_of_the_largest_batch(make: Make, dtype: str) -> None:
    batches = make(draw(101, 2, dtype), np.random.default_rng(0))
    shapes = batches.shapes()
    assert shapes["inputs"] == shapes["targets"] == ((batches.length, batches.streams, 2), np.dtype(dtype).str)
    assert shapes["resets"] == ((batches.length, batches.streams), "|b1")
    largest = next(batch for batch in iter(batches.next, None) if len(batch["inputs"]) == batches.length)
    assert all((array.shape, array.dtype.str) == shapes[name] for name, array in largest.arrays.items())


@each_kind
def test_one_feature_needs_no_axis(make: Make) -> None:
    numbers = draw(101, 1)
    one, two = (make(x, np.random.default_rng(0)).next() for x in (numbers, numbers[:, 0]))
    np.testing.assert_array_equal(one["targets"], two["targets"], strict=True)


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8"])
def test_numbers_from_a_file_in_any_byte_order(tmp_path: Path, dtype: str) -> None:
    draw(101, 3).astype(dtype).tofile(tmp_path / "numbers")
    mapped = np.memmap(tmp_path / "numbers", dtype=dtype, mode="r", shape=(101, 3))
    batch = SequentialBatches(mapped, streams=3, length=7, rng=np.random.default_rng(0)).next()
    assert batch["inputs"].dtype == np.dtype(dtype).newbyteorder("=")
    assert type(batch["inputs"]) is np.ndarray
    np.testing.assert_array_equal(batch["inputs"][:, 0], draw(101, 3).astype(dtype)[:7])


def with_odd(value: float) -> np.ndarray:
    numbers = draw(101, 3)
    numbers[17, 2] = numbers[40, 0] = value
    return numbers


@each_kind
@pytest.mark.parametrize(
    ("series", "error", "words"),
    [
        (
            with_odd(np.nan),
            CorpusError,
            "feature 2 of step 17 is nan; replace it by a number, or leave that part out",
        ),
        (with_odd(-np.inf), CorpusError, "feature 2 of step 17 is -inf; replace it"),
        (
            draw(7, 3),
            CorpusError,
            r"7 steps cannot fill \d streams of \d, that takes \d+; give a longer series, or",
        ),
        (draw(0, 3), CorpusError, "0 steps cannot fill"),
        (np.zeros(0), CorpusError, "0 steps cannot fill"),
        (np.zeros((101, 3, 2)), UsageError, r"numbers has shape \(101, 3, 2\); give \(n,\) or \(n, D\)"),
        (np.zeros((101, 0)), UsageError, r"numbers has shape \(101, 0\); give"),
        (np.array(1.0), UsageError, r"numbers has shape \(\); give"),
        (
            np.zeros((101, 3), int),
            UsageError,
            r"ids have shape \(101, 3\); give ids \(n,\), or float32 or float64 for",
        ),
        (np.zeros(101, np.float16), UsageError, "a series is of float16; give float32 or float64 for numbers"),
        (np.zeros(101, complex), UsageError, "a series is of complex128; give"),
        (np.zeros(101, bool), UsageError, "a series is of bool; give"),
    ],
)
def test_a_series_that_cannot_be_read(make: Make, series: np.ndarray, error: type[CharlmError], words: str) -> None:
    with pytest.raises(error, match=words) as refused:
        make(series, np.random.default_rng(0))
    assert "\n" not in str(refused.value)


def test_windows_that_hold_nothing() -> None:
    with pytest.raises(UsageError, match="0 streams of 7 steps hold nothing; both must be at least 1"):
        SequentialBatches(draw(101, 1), streams=0, length=7, rng=np.random.default_rng(0))
