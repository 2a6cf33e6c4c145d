"""One vector with names."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.nn import ParameterStore

SHAPES = {"layers.1.W": (2, 3), "layers.1.b": (2,), "layers.10.W": (4, 1), "head.W": (3, 2)}


def make_store() -> ParameterStore:
    store = ParameterStore(SHAPES, np.float64)
    store.value[:] = np.arange(18)
    store.grad[:] = -np.arange(18)
    return store


def test_names_are_views_in_order() -> None:
    store = make_store()
    assert list(store) == list(SHAPES)
    assert len(store) == 4
    np.testing.assert_array_equal(np.concatenate([store[name].ravel() for name in store]), np.arange(18))
    for name, shape in SHAPES.items():
        assert store[name].shape == store.gradient(name).shape == shape
        np.testing.assert_array_equal(store.gradient(name), -store[name])
    store["head.W"][...] = 7
    np.testing.assert_array_equal(store.value[12:], 7)
    store.gradient("layers.1.b")[1] = 5
    assert store.grad[7] == 5
    with pytest.raises(KeyError):
        store["head"]


def test_any_vector_can_be_named() -> None:
    store = make_store()
    slot = np.arange(18) * 10.0
    named = store.named(slot)
    for name in store:
        np.testing.assert_array_equal(named[name], 10 * store[name])
        assert np.shares_memory(named[name], slot)


def test_a_replica_shares_weights_and_not_gradients() -> None:
    store = make_store()
    twin = store.replica()
    assert np.shares_memory(twin.value, store.value)
    assert not twin.grad.any()
    twin.gradient("head.W")[...] = 1
    assert store.grad[-1] == -17
    given = np.zeros(18)
    store.replica(given).gradient("head.W")[...] = 2
    np.testing.assert_array_equal(given, [0] * 12 + [2] * 6)


def test_a_part_is_a_store_of_its_own() -> None:
    store = make_store()
    part = store.under("layers.1")
    assert part.shapes == {"W": (2, 3), "b": (2,)}
    assert store.under("layers.10").shapes == {"W": (4, 1)}
    np.testing.assert_array_equal(part.value, np.arange(8))
    part["b"][...] = 9
    part.gradient("W")[...] = 3
    np.testing.assert_array_equal(store["layers.1.b"], 9)
    np.testing.assert_array_equal(store.grad[:6], 3)


def test_it_starts_at_zero_in_single_precision() -> None:
    store = ParameterStore(SHAPES)
    assert store.dtype == store.value.dtype == store.grad.dtype == np.float32
    assert not store.value.any()
    assert "18 parameters" in repr(store)
