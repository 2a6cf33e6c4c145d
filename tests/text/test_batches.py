"""Batches: every target where it belongs, state reset where it must be, and exact continuation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.errors import CheckpointError, CorpusError, UsageError
from charlm.text.batches import (
    Batch,
    Batches,
    DocumentBatches,
    MinCharRnnBatches,
    RandomBatches,
    SequentialBatches,
    fit,
    split,
    split_documents,
)

Make = Callable[[np.random.Generator], Batches]

STOP = 99


def take(batches: Batches, n: int) -> list[Batch]:
    return [batches.next() for _ in range(n)]


def first_row_only(batch: Batch) -> bool:
    """Whether all streams are reset at the start of a window, and nowhere else."""
    return (
        batch.get("resets") is not None and bool(batch.get("resets")[0].all()) and not batch.get("resets")[1:].any()
    )


def same(a: Batch, b: Batch) -> bool:
    resets = (a.get("resets") is None and b.get("resets") is None) or np.array_equal(
        a.get("resets"), b.get("resets")
    )
    return bool(np.array_equal(a["inputs"], b["inputs"]) and np.array_equal(a["targets"], b["targets"]) and resets)


def refused(error: pytest.ExceptionInfo[Exception]) -> None:
    assert "\n" not in str(error.value)
    assert "; " in str(error.value), "a cause and a remedy"


# split and fit


@given(st.integers(0, 1000), st.integers(0, 99))
def test_validation_is_the_end_of_the_text(n: int, percent: int) -> None:
    ids = np.arange(n)
    train, validation = split(ids, percent / 100)
    assert len(train) == n * (100 - percent) // 100
    assert np.array_equal(np.concatenate([train, validation]), ids)
    assert train.base is validation.base is ids, "views, not copies"


def test_the_fraction_is_taken_as_it_is_written() -> None:
    assert [len(part) for part in split(np.arange(10), 0.9)] == [1, 9]  # in floats (1 - 0.9) * 10 < 1
    assert [len(part) for part in split(np.arange(1_115_394), 0.1)] == [1_003_854, 111_540]
    assert [len(part) for part in split(np.arange(10), 1e-3)] == [9, 1]
    assert [len(part) for part in split(np.arange(10), 0)] == [10, 0]


@pytest.mark.parametrize("val_frac", [-0.1, 1, 1.5, float("nan"), float("inf")])
def test_fractions_out_of_range(val_frac: float) -> None:
    with pytest.raises(UsageError, match=f"`val_frac` is {val_frac}; it must be at least 0 and below 1"):
        split(np.arange(10), val_frac)


@given(st.integers(2, 300), st.integers(1, 20), st.integers(1, 40))
def test_fitted_windows_are_the_largest_that_fit(n: int, streams: int, length: int) -> None:
    def fits(streams: int, length: int) -> bool:
        return streams * length + 1 <= n

    N, T = fit(n, streams, length)
    assert 1 <= N <= streams
    assert 1 <= T <= length
    assert fits(N, T)
    if streams > N:
        assert not fits(N + 1, length)
    if length > T:
        assert N == 1
        assert not fits(1, T + 1)
    SequentialBatches(np.zeros(n, np.uint8), streams=N, length=T, rng=np.random.default_rng(0)).next()


@pytest.mark.parametrize(("n", "says"), [(0, "has 0 symbols"), (1, "has 1 symbol ")])
def test_nothing_fits_a_text_without_a_second_symbol(n: int, says: str) -> None:
    with pytest.raises(CorpusError, match=f"the text {says}.*; give one of at least 2") as error:
        fit(n, 16, 32)
    refused(error)


# sequential


sizes = st.tuples(st.integers(1, 5), st.integers(1, 7), st.integers(0, 60)).map(
    lambda s: (s[0], s[1], s[0] * s[1] + 1 + s[2])
)


@given(sizes, st.integers(0, 2**32))
def test_streams_are_the_text_in_order(size: tuple[int, int, int], seed: int) -> None:
    N, T, n = size
    L = (n - 1) // N
    batches = SequentialBatches(np.arange(n), streams=N, length=T, rng=np.random.default_rng(seed))
    for number in range(4):
        windows = [batches.next()]
        while batches.epoch < number + 1:
            windows.append(batches.next())
        assert first_row_only(windows[0])
        assert all(batch.get("resets") is None for batch in windows[1:])
        inputs = np.concatenate([batch["inputs"] for batch in windows])
        targets = np.concatenate([batch["targets"] for batch in windows])
        offset = inputs[0, 0]
        assert 0 <= offset < T
        if number == 0:
            assert offset == 0
            assert len(windows) == batches.batches_per_epoch == L // T
        read = len(windows) * T
        assert L - offset - T < read <= L - offset  # only a remainder below T is dropped
        for k in range(N):
            assert np.array_equal(inputs[:, k], np.arange(read) + k * L + offset)
            assert np.array_equal(targets[:, k], inputs[:, k] + 1)
        assert targets.max() < n


def test_later_passes_begin_at_any_offset_below_a_window() -> None:
    batches = SequentialBatches(np.arange(17), streams=2, length=4, rng=np.random.default_rng(0))
    starts = [batch["inputs"][0, 0] for batch in take(batches, 400) if batch.get("resets") is not None]
    assert set(starts[1:]) == {0, 1, 2, 3}


def test_passes_without_random_offset_are_all_alike() -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    batches = SequentialBatches(np.arange(17), streams=2, length=4, rng=rng, random_offset=False)
    first, second, third = (take(batches, 2) for _ in range(3))
    assert all(map(same, first * 2, second + third))
    assert rng.bit_generator.state == before, "nothing is drawn"


def test_streams_go_on_from_zero_state_as_often_as_asked() -> None:
    N, T, p, passes = 4, 5, 0.2, 400
    batches = SequentialBatches(
        np.arange(N * T * 11 + 1), streams=N, length=T, rng=np.random.default_rng(0), state_reset=p
    )
    resets = [
        np.zeros((T, N), bool) if b.get("resets") is None else b.get("resets") for b in take(batches, passes * 10)
    ]
    begins = [b.all() for b in (r[0] for r in resets)]
    later = np.array([r[0] for r, begin in zip(resets, begins, strict=True) if not begin])
    assert not any(r[1:].any() for r in resets), "within a window the state is carried"
    each = later.mean(axis=0)
    assert np.all(np.abs(each - p) < 4 * np.sqrt(p * (1 - p) / len(later))), "every stream alike"
    both = (later[:, 0] & later[:, 1]).mean()
    assert abs(both - p * p) < 4 * np.sqrt(p * p / len(later)), "each for itself"


def test_the_shortest_text_that_fills_a_window() -> None:
    batches = SequentialBatches(np.arange(9), streams=2, length=4, rng=np.random.default_rng(0))
    for batch in take(batches, 5):
        assert batch["inputs"].T.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
        assert batch["targets"].T.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
        assert first_row_only(batch)
    assert batches.epoch == 5


def test_progress_is_counted_in_passes() -> None:
    batches = SequentialBatches(
        np.arange(26), streams=1, length=5, rng=np.random.default_rng(0), random_offset=False
    )
    assert batches.epoch == 0
    seen = [(batches.next(), batches.epoch)[1] for _ in range(10)]
    assert seen == pytest.approx(np.arange(1, 11) / 5)


# min-char-rnn


def published_cursor(n: int, T: int) -> Iterator[tuple[int, bool]]:
    """The published program's loop, line by line: position, and whether the state is zero."""
    iteration, p = 0, 0
    hprev = None
    while True:
        if p + T + 1 >= n or iteration == 0:
            hprev = "zero"
            p = 0
        yield p, hprev == "zero"
        hprev = "carried"
        p += T
        iteration += 1


@given(st.integers(1, 30), st.integers(0, 100))
def test_the_published_cursor(T: int, more: int) -> None:
    n = T + 1 + more
    batches = MinCharRnnBatches(np.arange(n), length=T)
    passes = 0
    for iteration, (p, zero) in islice(enumerate(published_cursor(n, T)), 60):
        batch = batches.next()
        assert batch["inputs"].tolist() == [[k] for k in range(p, p + T)]
        assert batch["targets"].tolist() == [[k] for k in range(p + 1, p + T + 1)]
        assert first_row_only(batch) if zero else batch.get("resets") is None
        passes += zero
        windows = batches.batches_per_epoch
        assert passes == iteration // windows + 1
        assert batches.epoch == (iteration + 1) / windows


def test_the_window_that_ends_with_the_text_is_not_read() -> None:
    for n, expected in ((11, [0, 0, 0]), (12, [0, 5, 0]), (16, [0, 5, 0]), (17, [0, 5, 10])):
        batches = MinCharRnnBatches(np.arange(n), length=5)
        assert [batch["inputs"][0, 0] for batch in take(batches, 3)] == expected


# random windows


@given(st.integers(1, 5), st.integers(1, 7), st.integers(0, 30), st.integers(0, 2**32))
def test_random_windows_hold_neighbours(N: int, T: int, more: int, seed: int) -> None:
    n = T + 1 + more
    batches = RandomBatches(np.arange(n), streams=N, length=T, rng=np.random.default_rng(seed))
    for batch in take(batches, 5):
        assert batch["inputs"].shape == batch["targets"].shape == (T, N)
        assert first_row_only(batch)
        assert np.array_equal(batch["inputs"], batch["inputs"][0] + np.arange(T)[:, None])
        assert np.array_equal(batch["targets"], batch["inputs"] + 1)
        assert batch["inputs"].min() >= 0
        assert batch["targets"].max() < n
    assert batches.epoch == pytest.approx(5 * N * T / (n - 1))
    assert (batches.batches_per_epoch - 1) * N * T < n - 1 <= batches.batches_per_epoch * N * T


def test_random_windows_begin_everywhere_alike() -> None:
    batches = RandomBatches(np.arange(9), streams=100, length=4, rng=np.random.default_rng(0))
    starts = np.concatenate([batch["inputs"][0] for batch in take(batches, 100)])
    counts = np.bincount(starts, minlength=5)
    assert len(counts) == 5
    assert abs(counts - 2000).max() < 200  # five standard deviations


# documents


@st.composite
def document_lists(draw: st.DrawFn) -> list[list[int]]:
    """Documents, each known by its first id; the others may be anything but the stop symbol."""
    tails = draw(st.lists(st.lists(st.integers(0, STOP - 1), max_size=6), min_size=1, max_size=8))
    return [[100 + k, *tail] for k, tail in enumerate(tails)]


def columns_of(windows: list[Batch]) -> list[list[tuple[int, list[int], list[int]]]]:
    """Cut each column at its resets: (time of the first input, inputs, targets) of each document."""
    inputs, targets = (np.concatenate([b[name] for b in windows]) for name in ("inputs", "targets"))
    resets = np.concatenate(
        [np.zeros(b["inputs"].shape, bool) if b.get("resets") is None else b.get("resets") for b in windows]
    )
    columns = []
    for n in range(inputs.shape[1]):
        starts = [*np.flatnonzero(resets[:, n]).tolist(), len(inputs)]
        assert starts[0] == 0
        columns.append([(a, inputs[a:b, n].tolist(), targets[a:b, n].tolist()) for a, b in pairwise(starts)])
    return columns


@given(document_lists(), st.integers(1, 5), st.integers(1, 9), st.integers(0, 2**32))
def test_documents_are_read_whole_from_zero_state(documents: list[list[int]], N: int, T: int, seed: int) -> None:
    arrays = [np.array(document, np.uint8) for document in documents]
    batches = DocumentBatches(arrays, stop_id=STOP, streams=N, length=T, rng=np.random.default_rng(seed))
    windows = take(batches, 40)
    dealt = []
    for n, column in enumerate(columns_of(windows)):
        for place, (time, inputs, targets) in enumerate(column):
            whole = documents[targets[0] - 100]
            cut = len(inputs) if place == len(column) - 1 else len(whole) + 1  # the last may go on
            assert inputs == [STOP, *whole][:cut]
            assert targets == [*whole, STOP][:cut]
            dealt.append((time, n, targets[0] - 100))
    # every document once a pass: the order of dealing is one permutation after the other
    order = [document for _, _, document in sorted(dealt)]
    for begin in range(0, len(order), len(documents)):
        part = order[begin : begin + len(documents)]
        assert len(set(part)) == len(part)
    total = sum(len(document) + 1 for document in documents)
    assert batches.epoch == pytest.approx(40 * N * T / total)
    assert (batches.batches_per_epoch - 1) * N * T < total <= batches.batches_per_epoch * N * T


def test_windows_without_a_beginning_have_no_resets() -> None:
    batches = DocumentBatches([np.arange(11)], stop_id=STOP, streams=1, length=4, rng=np.random.default_rng(0))
    assert [batch.get("resets") is None for batch in take(batches, 6)] == [False, True, True, False, True, True]


def test_passes_have_different_orders() -> None:
    documents = [np.array([k]) for k in range(20)]
    batches = DocumentBatches(documents, stop_id=STOP, streams=1, length=40, rng=np.random.default_rng(0))
    orders = [tuple(batch["targets"][::2, 0].tolist()) for batch in take(batches, 5)]
    assert len(set(orders)) == 5
    assert all(sorted(order) == list(range(20)) for order in orders)


def test_the_first_order_too_is_drawn() -> None:
    documents = [np.array([k]) for k in range(20)]
    seeds = (np.random.default_rng(seed) for seed in range(5))
    makes = [DocumentBatches(documents, stop_id=STOP, streams=1, length=40, rng=rng) for rng in seeds]
    assert len({tuple(batches.next()["targets"][::2, 0].tolist()) for batches in makes}) == 5


def test_empty_documents_are_read_as_stop_to_stop() -> None:
    batches = DocumentBatches(
        [np.array([], np.uint8)], stop_id=3, streams=2, length=2, rng=np.random.default_rng(0)
    )
    batch = batches.next()
    assert batch["inputs"].tolist() == batch["targets"].tolist() == [[3, 3], [3, 3]]
    assert batch.get("resets") is not None
    assert batch.get("resets").all()


def test_a_stop_symbol_beyond_the_documents_type() -> None:
    batches = DocumentBatches(
        [np.array([255], np.uint8)], stop_id=256, streams=1, length=2, rng=np.random.default_rng(0)
    )
    assert batches.next()["targets"].tolist() == [[255], [256]]


def test_documents_are_the_lines_that_are_not_blank() -> None:
    text = "one\n\n  \t\r\ntwo\r\n three \r\r\nfo\u2028ur\x0c\x85\n\r\n\u3000\nfive"
    assert split_documents(text) == ["one", "two", " three \r", "fo\u2028ur\x0c\x85", "five"]
    assert split_documents("") == split_documents("\n \n") == []


def test_no_documents() -> None:
    with pytest.raises(CorpusError, match="there are no documents to train on; give a text with lines") as error:
        DocumentBatches([], stop_id=0, streams=1, length=1, rng=np.random.default_rng(0))
    refused(error)


# all kinds


ids = np.random.default_rng(7).integers(0, 50, 101).astype(np.uint8)
names = [ids[a : a + 1 + a % 9] for a in range(0, 90, 5)]

kinds: dict[str, Make] = {
    "sequential": lambda rng: SequentialBatches(ids, streams=3, length=7, rng=rng),
    "sequential, resets": lambda rng: SequentialBatches(ids, streams=3, length=7, rng=rng, state_reset=0.3),
    "sequential, no offset": lambda rng: SequentialBatches(ids, streams=4, length=6, rng=rng, random_offset=False),
    "min-char-rnn": lambda rng: MinCharRnnBatches(ids, length=25),
    "random": lambda rng: RandomBatches(ids, streams=3, length=7, rng=rng),
    "documents": lambda rng: DocumentBatches(names, stop_id=STOP, streams=3, length=7, rng=rng),
    "sequential, 2 to 7": lambda rng: SequentialBatches(ids, streams=3, length=7, shortest=2, rng=rng),
    "random, 2 to 7": lambda rng: RandomBatches(ids, streams=3, length=7, shortest=2, rng=rng),
    "documents, 2 to 7": lambda rng: DocumentBatches(names, stop_id=STOP, streams=3, length=7, shortest=2, rng=rng),
    "documents, long windows": lambda rng: DocumentBatches(names[:3], stop_id=STOP, streams=2, length=50, rng=rng),
}
each_kind = pytest.mark.parametrize("make", kinds.values(), ids=kinds.keys())


@each_kind
def test_every_point_can_be_left_and_taken_up_again(make: Make) -> None:
    points, total = 20, 40
    rng = np.random.default_rng(3)
    batches = make(rng)
    stored, whole, epochs = [], [], []
    for _ in range(total):
        stored.append(json.dumps([batches.state(), rng.bit_generator.state]))
        whole.append(batches.next())
        epochs.append(batches.epoch)
    for point in range(points):
        state, generator = json.loads(stored[point])
        rng = np.random.default_rng(1234)
        resumed = make(rng)
        resumed.next()  # what it did before is forgotten
        rng.bit_generator.state = generator
        resumed.restore(state)
        assert resumed.state() == state
        assert resumed.epoch == (epochs[point - 1] if point else 0)
        for number in range(point, total):
            assert same(resumed.next(), whole[number])
            assert resumed.epoch == epochs[number]


@each_kind
def test_states_are_values(make: Make) -> None:
    batches = make(np.random.default_rng(0))
    batches.next()
    state = batches.state()
    text = json.dumps(state)
    take(batches, 5)
    assert json.dumps(state) == text
    batches.restore(state)
    take(batches, 5)
    assert json.dumps(state) == text


@each_kind
def test_batches_are_values(make: Make) -> None:
    batches = make(np.random.default_rng(0))
    batch = batches.next()
    assert batch["inputs"].dtype == batch["targets"].dtype == np.intp
    assert batch.get("resets") is not None
    assert batch.get("resets").dtype == np.bool_
    assert batch["inputs"].shape == batch["targets"].shape == batch.get("resets").shape
    assert batch["inputs"].shape[1] == batches.streams
    assert batch["inputs"].shape[0] in batches.lengths
    assert batches.lengths[-1] == batches.length
    before = [array.copy() for array in (batch["inputs"], batch["targets"], batch.get("resets"))]
    take(batches, 5)
    assert all(map(np.array_equal, before, (batch["inputs"], batch["targets"], batch.get("resets"))))


@each_kind
def test_the_same_generator_gives_the_same_batches(make: Make) -> None:
    one, two = (take(make(np.random.default_rng(5)), 40) for _ in range(2))
    assert all(map(same, one, two))


@each_kind
@pytest.mark.parametrize("value", [None, -1, 1.0, True, "0", 10**9, [0], [-1, 0, 0], ["0", 0, 0], [10**9, 0], {}])
def test_damaged_states_are_refused(make: Make, value: object) -> None:
    batches = make(np.random.default_rng(0))
    batches.next()
    good = batches.state()
    for name in good:
        if value == 10**9 and name in ("batches", "passes", "seed", "symbols"):
            continue  # these may be as large
        with pytest.raises(
            CheckpointError, match=f"^the data cursor's {name} is .*the checkpoint is damaged"
        ) as error:
            batches.restore(good | {name: value})
        refused(error)
        assert batches.state() == good, "nothing is changed by a state that is refused"
    for name in good:
        with pytest.raises(CheckpointError, match=f"^the data cursor's {name} is "):
            batches.restore({key: good[key] for key in good if key != name})


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8", "i8"])
def test_ids_of_any_type_and_from_a_file(tmp_path: Path, dtype: str) -> None:
    expected = SequentialBatches(ids, streams=3, length=7, rng=np.random.default_rng(0)).next()
    ids.astype(dtype).tofile(tmp_path / "ids")
    mapped = np.memmap(tmp_path / "ids", dtype=dtype, mode="r")
    batch = SequentialBatches(mapped, streams=3, length=7, rng=np.random.default_rng(0)).next()
    assert same(batch, expected)
    assert type(batch["inputs"]) is np.ndarray


too_short: dict[str, Make] = {
    "sequential": lambda rng: SequentialBatches(ids[:12], streams=3, length=4, rng=rng),
    "min-char-rnn": lambda rng: MinCharRnnBatches(ids[:12], length=12),
    "random": lambda rng: RandomBatches(ids[:12], streams=3, length=12, rng=rng),
}


@pytest.mark.parametrize("make", too_short.values(), ids=too_short.keys())
def test_texts_too_short_for_a_window(make: Make) -> None:
    with pytest.raises(
        CorpusError, match=r"^12 symbols cannot fill .* that takes 13; give a longer text, or"
    ) as error:
        make(np.random.default_rng(0))
    refused(error)


@pytest.mark.parametrize(("streams", "length"), [(0, 4), (3, 0), (-1, 4)])
def test_windows_that_hold_nothing(streams: int, length: int) -> None:
    rng = np.random.default_rng(0)
    makes: list[Callable[[], Batches]] = [
        lambda: SequentialBatches(ids, streams=streams, length=length, rng=rng),
        lambda: RandomBatches(ids, streams=streams, length=length, rng=rng),
        lambda: DocumentBatches(names, stop_id=STOP, streams=streams, length=length, rng=rng),
        lambda: MinCharRnnBatches(ids, length=min(streams, length)),
    ]
    for make in makes:
        with pytest.raises(UsageError, match="hold nothing; both must be at least 1") as error:
            make()
        refused(error)


@each_kind
@pytest.mark.parametrize("state", [[], None, 3, "text"])
def test_a_state_that_is_no_object_is_refused(make: Make, state: Any) -> None:
    batches = make(np.random.default_rng(0))
    with pytest.raises(CheckpointError, match=r"^the data cursor's .* is None, .*the checkpoint is damaged"):
        batches.restore(state)
