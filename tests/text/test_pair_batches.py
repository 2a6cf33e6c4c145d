"""Batches of pairs: every pair where it belongs, little padding, and exact continuation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.config import OutputName, TransducerConfig
from charlm.errors import CheckpointError, CorpusError, UsageError
from charlm.models.transducer import Transducer
from charlm.text.batches import Batch, PairBatches
from charlm.text.batches.pairs import padded_lengths
from charlm.text.builtin.tasks import TASKS, pairs_of
from charlm.text.vocabulary import Vocabulary

STOP = 7
Ids = list[list[int]]


def make(sources: Ids, targets: Ids, output: OutputName, N: int, rng: np.random.Generator | int = 0) -> PairBatches:
    return PairBatches(
        [np.array(s, np.uint8) for s in sources],
        [np.array(t, np.uint16) for t in targets],
        output=output,
        streams=N,
        rng=np.random.default_rng(rng),
        stop_id=STOP if output == "text" else None,
    )


def pairs_in(batch: Batch, output: OutputName) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Read the pairs of a batch, and check its form."""
    source, (lengths,) = batch["source"], batch["source_lengths"]
    targets, inputs, mask = batch["targets"], batch.get("inputs"), batch.get("mask")
    S, N = source.shape
    assert (source.dtype, targets.dtype, lengths.dtype) == (np.intp,) * 3
    assert (
        set(batch.arrays)
        == {"source", "source_lengths", "targets"}
        | {
            "text": {"inputs", "mask"},
            "tags": {"mask"},
            "label": set(),
        }[output]
    )
    pairs = []
    for n in range(N):
        padding = S - lengths[n]
        assert padding >= 0
        assert not source[:padding, n].any()
        if output == "label":
            assert targets.shape == (1, N)
            target = targets[:, n].tolist()
        else:
            assert mask is not None
            assert (mask.dtype, mask.shape) == (np.bool_, targets.shape)
            assert not targets[~mask[:, n], n].any()
            size = int(mask[:, n].sum())
            target = targets[mask[:, n], n].tolist()
            if output == "tags":
                assert mask[:, n].tolist() == [False] * padding + [True] * size
            else:
                assert inputs is not None
                assert (inputs.dtype, inputs.shape) == (np.intp, targets.shape)
                assert mask[:, n].tolist() == [True] * size + [False] * (len(mask) - size)
                assert not inputs[size:, n].any()
                assert target[-1] == STOP
                target = target[:-1]
                assert inputs[:size, n].tolist() == [STOP, *target]
        pairs.append((tuple(source[padding:, n].tolist()), tuple(target)))
    assert batch.counted == (N if mask is None else mask.sum())
    return pairs


@st.composite
def pair_lists(draw: st.DrawFn) -> tuple[OutputName, Ids, Ids]:
    """Pairs, each known by its source's number in unary and binary; an id may be that of the stop symbol."""
    output: OutputName = draw(st.sampled_from(["text", "label", "tags"]))
    n = draw(st.integers(1, 30))
    some = st.lists(st.integers(0, 300), max_size=25)
    sources = draw(
        st.lists(st.lists(st.integers(0, 255), min_size=output == "tags", max_size=20), min_size=n, max_size=n)
    )
    match output:
        case "text":
            targets = draw(st.lists(some, min_size=n, max_size=n))
        case "label":
            targets = [[k] for k in draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))]
        case _:
            targets = [[k % 3 for k in source] for source in sources]
    return output, sources, targets


@given(pair_lists(), st.integers(1, 40), st.integers(0, 2**32))
def test_every_pair_is_in_every_pass(case: tuple[OutputName, Ids, Ids], N: int, seed: int) -> None:
    output, sources, targets = case
    batches = make(sources, targets, output, N, seed)
    expected = Counter((tuple(s), tuple(t)) for s, t in zip(sources, targets, strict=True))
    n = batches.batches_per_epoch
    assert n == -(-len(sources) // N)
    shapes = batches.shapes()
    assert batches.epoch == 0
    for epoch in range(1, 3):
        seen: Counter[tuple[tuple[int, ...], tuple[int, ...]]] = Counter()
        for k in range(n):
            batch = batches.next()
            assert batches.epoch == ((epoch - 1) * n + k + 1) / n
            found = pairs_in(batch, output)
            assert len(found) == N
            seen.update(found)
            assert len(batch["targets"]) in batches.lengths
            assert shapes.keys() == batch.arrays.keys()
            for name, array in batch.arrays.items():
                shape, dtype = shapes[name]
                assert array.dtype == np.dtype(dtype)
                assert len(array) <= shape[0]
                assert array.shape[1:] == shape[1:]
        times = n * N / len(sources)
        for pair, count in expected.items():
            assert count * int(times) <= seen[pair] <= count * -int(-times // 1), "none missing, none favoured"
    assert batches.length == batches.lengths[-1] == max(batches.lengths)
    assert list(batches.lengths) == sorted(set(batches.lengths))


def test_an_array_is_as_large_as_the_largest_batch() -> None:
    sources = [[1] * (k % 19) for k in range(200)]
    batches = make(sources, [[2] * (k % 23) for k in range(200)], "text", 3)
    some = [batches.next() for _ in range(batches.batches_per_epoch)]
    assert batches.shapes() == {
        name: ((max(len(batch[name]) for batch in some), 3), some[0][name].dtype.str) for name in some[0].arrays
    }


@pytest.mark.parametrize("output", ["text", "label", "tags"])
def test_a_transducer_takes_them_whatever_the_batches(output: OutputName) -> None:
    rng = np.random.default_rng(1)
    sources = [rng.integers(0, 3, rng.integers(1, 12)).tolist() for _ in range(30)]
    targets = {"text": [s[::-1] for s in sources], "label": [[s[0]] for s in sources], "tags": sources}[output]
    target = ["x", "y", "z"] if output == "label" else Vocabulary.from_text("abc", stop=output == "text")
    config = TransducerConfig(output=output, hidden_size=6, dtype="float64")
    model = Transducer(config, Vocabulary.from_text("abc"), target, seed=2)
    stop_id = 3 if output == "text" else None
    losses = []
    for N in (1, 5, 6, 30):
        arrays = [[np.array(ids) for ids in part] for part in (sources, targets)]
        batches = PairBatches(*arrays, output=output, streams=N, rng=rng, stop_id=stop_id)
        some = [batches.next() for _ in range(batches.batches_per_epoch)]
        losses.append(sum(model.loss(batch, scale=1.0)[0] for batch in some))
    assert losses == pytest.approx(losses[:1] * 4, rel=1e-12)


def task_batches(name: str, N: int) -> PairBatches:
    pairs = pairs_of(name, 5_000)
    output = TASKS[name].output
    labels = sorted({pair.target for pair in pairs})
    targets = [[labels.index(t)] if output == "label" else [ord(c) for c in t] for _, t in pairs]
    return make([[ord(c) for c in s] for s, _ in pairs], targets, output, N)


@pytest.mark.parametrize(("name", "most"), [("dates", 0.06), ("numbers", 0.07), ("reverse", 0.05), ("words", 0.1)])
def test_little_is_padded(name: str, most: float) -> None:
    batches = task_batches(name, 64)
    some = [batches.next() for _ in range(batches.batches_per_epoch)]
    read = sum(int(batch["source_lengths"].sum()) for batch in some)
    assert 1 - read / sum(batch["source"].size for batch in some) < most
    assert 1 - sum(batch.counted for batch in some) / sum(batch["mask"].size for batch in some) < most
    assert len({len(batch["source"]) for batch in some}) <= 8
    assert len({len(batch["targets"]) for batch in some}) <= 8


def test_passes_have_different_batches_in_different_order() -> None:
    batches = task_batches("reverse", 50)
    passes = [[batches.next() for _ in range(batches.batches_per_epoch)] for _ in range(3)]
    sizes = [[len(batch["source"]) for batch in part] for part in passes]
    assert sizes[0] != sizes[1] != sizes[2]
    assert sizes[0] != sorted(sizes[0])
    contents = [{frozenset(pairs_in(batch, "text")) for batch in part} for part in passes]
    assert not contents[0] & contents[1], "other pairs come together"


CASES: dict[str, Callable[[int], PairBatches]] = {
    "text": lambda seed: make(
        [[k] * (k % 5) for k in range(11)], [[k] * (k % 4) for k in range(11)], "text", 3, seed
    ),
    "label": lambda seed: make([[k] * (k % 5) for k in range(12)], [[k % 3] for k in range(12)], "label", 3, seed),
    "tags": lambda seed: make([[k, 1, 2] for k in range(10)], [[k, 1, 2] for k in range(10)], "tags", 4, seed),
    "fewer pairs than streams": lambda seed: make([[1], []], [[1], [2]], "text", 5, seed),
    "one pair": lambda seed: make([[]], [[]], "text", 2, seed),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def same(a: Batch, b: Batch) -> bool:
    return a.counted == b.counted and all(np.array_equal(a[name], b[name]) for name in a.arrays | b.arrays)


@each_case
def test_every_point_can_be_left_and_taken_up_again(case: Callable[[int], PairBatches]) -> None:
    batches = case(3)
    stored, whole, epochs = [], [], []
    for _ in range(20):
        stored.append(json.dumps([batches.state(), batches.rng.bit_generator.state]))
        whole.append(batches.next())
        epochs.append(batches.epoch)
    for point in range(20):
        state, generator = json.loads(stored[point])
        resumed = case(1234)
        resumed.next()  # what it did before is forgotten
        resumed.rng.bit_generator.state = generator
        resumed.restore(state)
        assert resumed.state() == state
        assert resumed.epoch == (epochs[point - 1] if point else 0)
        for number in range(point, 20):
            assert same(resumed.next(), whole[number])
            assert resumed.epoch == epochs[number]


@each_case
def test_the_same_generator_gives_the_same_batches(case: Callable[[int], PairBatches]) -> None:
    one, two = case(5), case(5)
    assert all(same(one.next(), two.next()) for _ in range(20))


@each_case
def test_batches_and_states_are_values(case: Callable[[int], PairBatches]) -> None:
    batches = case(0)
    batch, state = batches.next(), batches.state()
    arrays, text = {name: array.copy() for name, array in batch.arrays.items()}, json.dumps(state)
    for _ in range(7):
        batches.next()
    assert all(np.array_equal(arrays[name], batch[name]) for name in arrays)
    assert json.dumps(state) == text


@each_case
@pytest.mark.parametrize("value", [None, -1, 1.0, True, "0", [0], {}, 2**63])
def test_damaged_states_are_refused(case: Callable[[int], PairBatches], value: object) -> None:
    batches = case(0)
    batches.next()
    good = batches.state()
    for name in good:
        if (name, value) == ("batches", 2**63):
            continue
        with pytest.raises(CheckpointError, match=f"^the data cursor's {name} is .*the checkpoint is damaged"):
            batches.restore(good | {name: value})
        assert batches.state() == good, "nothing is changed by a state that is refused"
        with pytest.raises(CheckpointError, match=f"^the data cursor's {name} is "):
            batches.restore({key: good[key] for key in good if key != name})


@pytest.mark.parametrize(
    ("sources", "targets", "output", "N", "error", "says"),
    [
        ([], [], "text", 1, CorpusError, "there are no pairs to train on; give at least one"),
        ([[1]], [[1]], "text", 0, UsageError, "0 streams hold nothing; give at least 1"),
        ([[1], [1]], [[1], []], "label", 1, CorpusError, "pair 2 has 0 targets, not 1; "),
        ([[1], [1]], [[1], [1, 2]], "label", 1, CorpusError, "pair 2 has 2 targets, not 1; "),
        ([[1, 2, 3], [1]], [[1, 2], [1]], "tags", 1, CorpusError, "pair 1 has 2 targets, not 3; "),
        ([[1], []], [[1], []], "tags", 1, CorpusError, "pair 2 has 0 targets, not 1; "),
    ],
)
def test_what_cannot_be_batches(
    sources: Ids, targets: Ids, output: OutputName, N: int, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=f"^{says}"):
        make(sources, targets, output, N)


def test_text_needs_a_stop_symbol() -> None:
    with pytest.raises(UsageError, match="needs a stop symbol; make the vocabulary with stop=True"):
        PairBatches([np.array([1])], [np.array([1])], output="text", streams=1, rng=np.random.default_rng(0))


@given(st.lists(st.integers(0, 12), min_size=1, max_size=12), st.integers(1, 4))
def test_no_other_lengths_pad_less(sizes: list[int], most: int) -> None:
    padded = padded_lengths(np.array(sizes), most)
    at_least = [max(1, size) for size in sizes]
    assert len(set(padded.tolist())) <= most
    assert all(p >= s for p, s in zip(padded.tolist(), at_least, strict=True))
    candidates = sorted(set(at_least))
    k = min(most, len(candidates))
    fewest = min(
        sum(min(length for length in (*chosen, candidates[-1]) if length >= size) for size in at_least)
        for chosen in combinations(candidates, k - 1)
    )
    assert padded.sum() == fewest
