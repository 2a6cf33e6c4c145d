"""One vector with names."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn import GRU, LSTM, Embedding, Linear, ParameterStore, check_gradients, join, squared_error
from charlm.nn.arrays import LARGE_VOCABULARY, ByColumn

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


def make_tables() -> ParameterStore:
    shapes = {"a.W": ByColumn((2, 3)), "a.b": (2,), "c.W": (2, 2), "d.W": ByColumn((3, 4))}
    return ParameterStore(shapes, value=np.arange(24, dtype=np.float32))


def test_a_table_is_stored_by_column() -> None:
    store = make_tables()
    np.testing.assert_array_equal(store["a.W"], [[0, 2, 4], [1, 3, 5]])
    np.testing.assert_array_equal(store["c.W"], [[8, 9], [10, 11]])
    np.testing.assert_array_equal(store["d.W"][:, 1], [15, 16, 17])
    assert store.tables() == [(slice(0, 6), slice(0, 3), 2), (slice(12, 24), slice(3, 7), 3)]
    store.gradient("d.W")[0, 3] = 1
    assert store.grad[21] == 1


def test_columns_whose_gradient_is_written_are_noted() -> None:
    store = make_tables()
    store.gradient("c.W")
    assert store.touched.tolist() == [False] * 7
    part = store.under("d")
    part.gradient("W", np.array([1, 3]))
    assert store.touched.tolist() == [False] * 4 + [True, False, True]
    store.under("a").gradient("W")
    assert store.touched.tolist() == [True] * 3 + [False, True, False, True]
    flags = np.zeros(7, bool)
    twin = store.replica(touched=flags)
    twin.gradient("a.W", np.array([2]))
    assert flags.tolist() == [False, False, True] + [False] * 4
    assert store.replica().touched.tolist() == [False] * 7


def test_columns_are_noted_in_a_store_that_was_joined() -> None:
    layer = Embedding(LARGE_VOCABULARY + 1, 2)
    store = join(other=Linear(2, 3), embedding=layer)
    assert isinstance(store.shapes["embedding.W"], ByColumn)
    _, backprop = layer.forward(np.array([[5, 9]]))
    backprop(np.ones((2, 2), np.float32))
    assert np.flatnonzero(store.touched).tolist() == [5, 9]
    np.testing.assert_array_equal(store.gradient("embedding.W")[:, [5, 6]], [[1, 0], [1, 0]])


def test_it_starts_at_zero_in_single_precision() -> None:
    store = ParameterStore(SHAPES)
    assert store.dtype == store.value.dtype == store.grad.dtype == np.float32
    assert not store.value.any()
    assert "18 parameters" in repr(store)


class TestJoin:
    def test_layers_keep_their_weights_and_share_one_vector(self) -> None:
        layers = [LSTM(3, 4, dtype=np.float64), GRU(4, 2, dtype=np.float64)]
        head = Linear(2, 5, dtype=np.float64)
        before = [layer.params.value.copy() for layer in (*layers, head)]
        store = join(layers=layers, head=head)
        assert list(store)[:4] == ["layers.0.W_x", "layers.0.W_h", "layers.0.b", "layers.1.W_x"]
        np.testing.assert_array_equal(store.value, np.concatenate(before))
        store["head.b"][...] = 7
        assert (head.params["b"] == 7).all()

    def test_every_gradient_lands_in_the_one_store(self) -> None:
        rng = np.random.default_rng(0)
        lstm, head = LSTM(3, 4, dtype=np.float64), Linear(4, 2, dtype=np.float64)
        store = join(lstm=lstm, head=head)
        x, targets = rng.normal(size=(5, 2, 3)), rng.normal(size=(5, 2, 2))

        def forward():
            h, _, backprop_lstm = lstm.forward(x)
            y, backprop_head = head.forward(h)
            loss, backprop_loss = squared_error(y, targets)
            return loss, lambda: backprop_lstm(backprop_head(backprop_loss()))

        forward()[1]()
        gradients = {name: store.gradient(name) for name in store}
        assert check_gradients(lambda: forward()[0], store, gradients, rng=rng).passed

    def test_a_network_of_layers_goes_in_with_all_its_layers(self) -> None:
        inner = [LSTM(3, 4, dtype=np.float64), Linear(4, 2, dtype=np.float64)]
        network = SimpleNamespace(params=join(lstm=inner[0], head=inner[1]))
        inner[1].params.gradient("b")[:] = 9  # an old gradient is not the new one's
        before = network.params.value.copy()
        store = join(network=network, other=Linear(2, 3, dtype=np.float64))
        np.testing.assert_array_equal(store.value[: before.size], before)
        assert not store.grad.any()
        store["network.head.b"][:] = 5
        assert (inner[1].params["b"] == 5).all()
        inner[1].params.gradient("b")[:] = 7
        assert (store.gradient("network.head.b") == 7).all()
        assert (network.params.gradient("head.b") == 7).all()
        store.move_(store.value + 1)
        assert (inner[1].params["b"] == 6).all()
        assert (network.params["head.b"] == 6).all()

    def test_one_store_holds_one_precision(self) -> None:
        with pytest.raises(UsageError, match="float32 and float64"):
            join(a=Linear(2, 3), b=Linear(3, 2, dtype=np.float64))
        with pytest.raises(UsageError, match="no layers"):
            join()


@pytest.mark.parametrize(
    "make", [lambda **k: LSTM(3, 4, **k), lambda **k: Linear(3, 4, **k), lambda **k: Embedding(3, 4, **k)]
)
def test_layers_start_from_seed_0_and_never_from_zeros(make) -> None:
    layer = make()
    assert layer.params["W" if "W" in layer.params else "W_h"].any()
    np.testing.assert_array_equal(layer.params.value, make(rng=np.random.default_rng(0)).params.value)
    given = ParameterStore(layer.params.shapes)
    assert not make(params=given).params.value.any()  # what is given stays as it is
