"""The parts of all ranks are the whole, and of a table they hold the touched columns."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.nn import Adagrad, ParameterStore
from charlm.nn.arrays import ByColumn
from charlm.nn.clipping import BLOCK
from charlm.training.parallel.parts import clear_, norm_blocks, parts_of

SHAPES = {
    "small": {"W": (3, 5)},
    "blocks": {"W": (BLOCK, 3), "b": (7,)},
    "a table": {"E": ByColumn((40, 9000)), "W": (BLOCK, 2), "b": (7,)},
    "a table of long columns": {"b": (7,), "E": ByColumn((17 * BLOCK, 3))},
    "two tables": {"a": (BLOCK + 1,), "E": ByColumn((2, 5)), "F": ByColumn((300, 2000)), "b": (9,)},
}
several = pytest.mark.parametrize("networks", [1, 3])
every_shape = pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)


def store_of(shapes: dict[str, tuple[int, ...]], networks: int) -> ParameterStore:
    """Return the weights of one network, or of several side by side."""
    if networks == 1:
        return ParameterStore(shapes)
    return ParameterStore({f"members.{k}.{name}": shape for k in range(networks) for name, shape in shapes.items()})


@every_shape
@several
@pytest.mark.parametrize("ranks", [1, 2, 3, 5])
def test_every_number_and_every_block_has_one_owner(
    shapes: dict[str, tuple[int, ...]], networks: int, ranks: int
) -> None:
    params = store_of(shapes, networks)
    parts = [part for rank in range(ranks) for part in parts_of(params, networks, rank, ranks)]
    blocks = norm_blocks(params, networks)
    for slices, total in (
        ([part.where for part in parts], params.value.size),
        ([part.squares for part in parts], blocks[-1].stop),
        (blocks, blocks[-1].stop),
    ):
        numbers = np.concatenate([np.arange(total)[where] for where in slices])
        np.testing.assert_array_equal(np.sort(numbers), np.arange(total))


@every_shape
@several
def test_sum_and_norms_do_not_depend_on_the_number_of_ranks(
    shapes: dict[str, tuple[int, ...]], networks: int
) -> None:
    rng, params = np.random.default_rng(0), store_of(shapes, networks)
    touched = rng.random((2, params.touched.size)) < 0.1
    gradients = np.zeros((2, params.value.size), np.float32)
    for shard in range(2):
        own = params.replica(gradients[shard])
        own.grad[:] = rng.normal(size=own.grad.size)
        for where, flags, D in own.tables():
            own.grad[where].reshape(-1, D)[~touched[shard, flags]] = 0
    results = []
    for ranks in (1, 2, 3):
        blocks, total = norm_blocks(params, networks), np.zeros(params.value.size)
        squares = np.zeros(blocks[-1].stop)
        shown = gradients.copy()
        for part in (part for rank in range(ranks) for part in parts_of(params, networks, rank, ranks)):
            part.reduce(shown, touched)
            squares[part.squares] = part.squared_norms()
            total[part.where] = 0 if part.gradient.ndim == 2 else part.gradient
        results.append((squares, total))
        sums = np.split(gradients.sum(axis=0), networks)
        assert [squares[own].sum() for own in blocks] == pytest.approx(
            [float(np.square(own).sum()) for own in sums], rel=1e-5
        )
    for squares, total in results[1:]:
        np.testing.assert_array_equal(squares, results[0][0])
        np.testing.assert_array_equal(total, results[0][1])


def test_clearing_sets_what_was_written_to_zero() -> None:
    params = ParameterStore(SHAPES["two tables"])
    params.gradient("a")[...] = 1
    params.gradient("E", np.array([1, 4]))[:, [1, 4]] = 1
    params.gradient("F", np.array([0]))[:, 0] = 1
    params.gradient("b")[...] = 1
    clear_(params)
    assert not params.grad.any()
    assert not params.touched.any()


def test_rows_are_updated_as_the_whole_is() -> None:
    rng = np.random.default_rng(0)
    params = ParameterStore({"E": ByColumn((700, 90))})
    optimizer = Adagrad(params, lr=0.1)
    rows = np.sort(rng.choice(90, 60, replace=False))
    params.grad.reshape(90, 700)[rows] = rng.normal(size=(60, 700))
    optimizer.step()
    twin = ParameterStore(params.shapes)
    other = Adagrad(twin, lr=0.1)
    other.update_rows(slice(0, 63_000), rows, params.grad.reshape(90, 700)[rows])
    np.testing.assert_array_equal(twin.value, params.value)
    np.testing.assert_array_equal(other.slots["m"], optimizer.slots["m"])
    assert optimizer.keeps_at_zero
    assert not Adagrad(params, weight_decay=0.1).keeps_at_zero
