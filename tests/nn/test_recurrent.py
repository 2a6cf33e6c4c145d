"""Properties of every recurrent layer: windows, streams, steps and resets agree with each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.errors import UsageError
from charlm.nn.arrays import LayerState, Lookup
from charlm.nn.kernels.workspace import Workspace

from .cells import KINDS, Result, draw_case, run

EXACT = {"rtol": 1e-11, "atol": 1e-12}

SIZES = [(3, 5, 7, 48), (70, 3, 20, 52), (2, 16, 96, 160), (3, 1, 5, 33)]  # T, N, D, H

pytestmark = pytest.mark.parametrize("name", KINDS)


def first_stream(state: LayerState) -> LayerState:
    return type(state)(*(part[0] for part in state))


def pick(state: LayerState, streams: slice) -> LayerState:
    return type(state)(*(part[streams] for part in state))


def assert_same(got: Result, wanted: Result, rtol: float = 1e-11, atol: float = 1e-12) -> None:
    """Compare outputs, states and every gradient."""
    for field, a, b in zip(Result._fields, got, wanted, strict=True):
        if isinstance(b, dict):
            assert a.keys() == b.keys()
            pairs = [(key, a[key], b[key]) for key in b]
        elif isinstance(b, tuple):
            pairs = list(zip((field,) * len(b), a, b, strict=True))
        else:
            pairs = [(field, a, b)]
        for key, left, right in pairs:
            if right is None:
                assert left is None
            else:
                np.testing.assert_allclose(left, right, rtol=rtol, atol=atol, err_msg=key)


@given(T=st.integers(2, 9), cut=st.integers(1, 8), N=st.integers(1, 4), seed=st.integers(0, 99))
def test_two_windows_with_carried_state_are_one(name: str, T: int, cut: int, N: int, seed: int) -> None:
    cut = min(cut, T - 1)
    case = draw_case(name, T=T, N=N, seed=seed)
    whole = run(case)
    case.layer.params.grad[:] = 0
    y1, middle, backprop1 = case.layer.forward(case.x[:cut], case.state)
    y2, end, backprop2 = case.layer.forward(case.x[cut:], middle)
    dx2, dmiddle = backprop2(case.dy[cut:], case.dstate)
    dx1, dstart = backprop1(case.dy[:cut], dmiddle)
    gradients = {key: case.layer.params.gradient(key).copy() for key in case.layer.params}
    parts = Result(np.concatenate([y1, y2]), end, np.concatenate([dx1, dx2]), dstart, gradients)
    assert_same(parts, whole)


@given(T=st.integers(1, 6), N=st.integers(2, 5), seed=st.integers(0, 99))
def test_streams_do_not_touch_each_other(name: str, T: int, N: int, seed: int) -> None:
    case = draw_case(name, T=T, N=N, seed=seed)
    whole = run(case)
    total = {key: np.zeros_like(g) for key, g in whole.gradients.items()}
    for n in range(N):
        one = slice(n, n + 1)
        single = run(
            case,
            x=case.x[:, one],
            state=pick(case.state, one),
            dy=case.dy[:, one],
            dstate=pick(case.dstate, one),
        )
        for key, gradient in single.gradients.items():
            total[key] += gradient
        column = whole._replace(
            y=whole.y[:, one],
            state=pick(whole.state, one),
            dx=whole.dx[:, one],
            dstate=pick(whole.dstate, one),
        )
        assert_same(single._replace(gradients={}), column._replace(gradients={}))
    for key, gradient in whole.gradients.items():
        np.testing.assert_allclose(total[key], gradient, **EXACT, err_msg=key)


def test_repeated_steps_are_the_forward_pass(name: str) -> None:
    case = draw_case(name, T=7, N=3)
    y, end, _ = case.layer.forward(case.x, case.state)
    by_rows, of_one, by_step = case.layer.stepper(3), case.layer.stepper(None), case.state
    by_row, single = case.state, first_stream(case.state)
    for t in range(len(y)):
        h, by_step = case.layer.step(case.x[t], by_step)
        np.testing.assert_allclose(h, y[t], **EXACT)
        h, by_row = by_rows(case.x[t], by_row)
        np.testing.assert_allclose(h, y[t], **EXACT)
        h, single = of_one(case.x[t, 0], single)
        np.testing.assert_allclose(h, y[t, 0], **EXACT)
    for state, wanted in ((by_step, end), (by_row, end), (single, first_stream(end))):
        assert type(state) is type(end)
        for got, part in zip(state, wanted, strict=True):
            np.testing.assert_allclose(got, part, **EXACT)


def test_a_stepper_keeps_the_weights_of_its_making(name: str) -> None:
    case = draw_case(name)
    stepper = case.layer.stepper(case.x.shape[1])
    before, _ = stepper(case.x[0], case.state)
    case.layer.params.value[:] = 0
    after, _ = stepper(case.x[0], case.state)
    np.testing.assert_array_equal(after, before)


def test_nothing_that_goes_in_is_modified(name: str) -> None:
    case = draw_case(name)
    first = run(case)
    for array in (*case.state, *case.dstate, case.x, case.dy, *first.state):
        array.flags.writeable = False
    run(case)
    run(case, state=first.state)
    case.layer.step(case.x[0], first.state)


def test_no_state_and_no_incoming_gradient_mean_zeros(name: str) -> None:
    case = draw_case(name)
    zeros = case.layer.zero_state(case.x.shape[1])
    assert all(not part.any() for part in zeros)
    assert_same(run(case, state=None, dstate=None), run(case, state=zeros, dstate=zeros))


def test_gradients_are_added(name: str) -> None:
    case = draw_case(name)
    once = run(case).gradients
    _, _, backprop = case.layer.forward(case.x, case.state)
    backprop(case.dy, case.dstate)
    for key, gradient in once.items():
        np.testing.assert_allclose(case.layer.params.gradient(key), 2 * gradient, **EXACT, err_msg=key)


@given(seed=st.integers(0, 10_000), T=st.integers(1, 6), N=st.integers(1, 4))
def test_resets_cut_streams_into_separate_runs(name: str, seed: int, T: int, N: int) -> None:
    case = draw_case(name, T=T, N=N, seed=seed)
    resets = np.random.default_rng(seed).random((T, N)) < 0.3
    whole = run(case, resets=resets)
    total = {key: np.zeros_like(g) for key, g in whole.gradients.items()}
    for n in range(N):
        one = slice(n, n + 1)
        cuts = [0, *(int(t) for t in np.flatnonzero(resets[:, n]) if t), T]
        for first, stop in pairwise(cuts):
            span = slice(first, stop)
            starts_fresh, ends_window = bool(resets[first, n]), stop == T
            part = run(
                case,
                x=case.x[span, one],
                state=None if starts_fresh else pick(case.state, one),
                dy=case.dy[span, one],
                dstate=pick(case.dstate, one) if ends_window else None,
            )
            np.testing.assert_allclose(part.y, whole.y[span, one], **EXACT)
            np.testing.assert_allclose(part.dx, whole.dx[span, one], **EXACT)
            if ends_window:
                for got, wanted in zip(part.state, pick(whole.state, one), strict=True):
                    np.testing.assert_allclose(got, wanted, **EXACT)
            if first == 0:
                for got, wanted in zip(pick(whole.dstate, one), part.dstate, strict=True):
                    np.testing.assert_allclose(got, 0 * wanted if starts_fresh else wanted, **EXACT)
            for key, gradient in part.gradients.items():
                total[key] += gradient
    for key, gradient in whole.gradients.items():
        np.testing.assert_allclose(gradient, total[key], **EXACT, err_msg=key)


def test_resets_nowhere_change_nothing(name: str) -> None:
    case = draw_case(name, T=4, N=3)
    assert_same(run(case, resets=np.zeros((4, 3), bool)), run(case), rtol=0, atol=0)


def test_ids_are_one_hot_columns(name: str) -> None:
    case = draw_case(name, T=5, N=3, D=4)
    ids = np.random.default_rng(1).integers(4, size=(5, 3))
    by_id = run(case, x=ids)
    dense = run(case, x=np.eye(4)[ids])
    assert by_id.dx is None
    assert_same(by_id, dense._replace(dx=None))
    h, _ = case.layer.step(ids[0], case.state)
    np.testing.assert_allclose(h, dense.y[0], **EXACT)


@pytest.mark.parametrize("V", [7, 300])  # its gradient: a product for few symbols, a sort for many
def test_a_lookup_is_its_dense_columns(name: str, V: int) -> None:
    case = draw_case(name, T=5, N=3, D=4)
    rng = np.random.default_rng(1)
    table, ids = rng.normal(size=(4, V)), rng.integers(V, size=(5, 3))
    lookup = run(case, x=Lookup(ids, table))
    dense = run(case, x=table.T[ids])
    scattered = np.zeros_like(table)
    for t, n in np.ndindex(ids.shape):
        scattered[:, ids[t, n]] += dense.dx[t, n]
    assert_same(lookup, dense._replace(dx=scattered))
    h, _ = case.layer.stepper(3, table)(ids[0], case.state)
    np.testing.assert_allclose(h, dense.y[0], **EXACT)
    h, _ = case.layer.stepper(None, table)(int(ids[0, 0]), first_stream(case.state))
    np.testing.assert_allclose(h, dense.y[0, 0], **EXACT)


@pytest.mark.parametrize(("T", "N", "D", "H"), SIZES)
def test_blocked_products_and_chunks_of_steps(name: str, T: int, N: int, D: int, H: int) -> None:
    case = draw_case(name, T=T, N=N, D=D, H=H, scale=H**-0.5)
    whole = run(case)
    state, ys = case.state, []
    for x in case.x:  # the plain products of `step`
        y, state = case.layer.step(x, state)
        ys.append(y)
    np.testing.assert_allclose(whole.y, ys, **EXACT)
    rng = np.random.default_rng(2)
    direction = rng.normal(size=case.layer.params.value.shape)
    direction /= np.linalg.norm(direction)
    slope = sum(
        (gradient * part).sum()
        for gradient, part in zip(
            whole.gradients.values(), case.layer.params.named(direction).values(), strict=True
        )
    )
    start, sides = case.layer.params.value.copy(), []
    for step in (1e-5, -1e-5):
        case.layer.params.value[:] = start + step * direction
        y, end, _ = case.layer.forward(case.x, case.state)
        sides.append(sum((d * v).sum() for d, v in zip((case.dy, *case.dstate), (y, *end), strict=True)))
    assert (sides[0] - sides[1]) / 2e-5 == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_a_workspace_changes_no_bit(name: str) -> None:
    workspace, layer = Workspace(), draw_case(name).layer
    for seed, T, N in ((0, 4, 3), (1, 4, 3), (2, 6, 2), (3, 4, 3)):
        case = draw_case(name, T=T, N=N, seed=seed)._replace(layer=layer)
        resets = np.random.default_rng(seed).random((T, N)) < 0.3 if seed % 2 else None
        got = run(case, resets=resets, workspace=workspace)
        assert_same(got, run(case, resets=resets), rtol=0, atol=0)
        layer.params.value[:] += 0.01  # an update between two windows


def test_the_state_outlives_the_next_window(name: str) -> None:
    case, workspace = draw_case(name), Workspace()
    _, end, _ = case.layer.forward(case.x, case.state, workspace=workspace)
    kept = [part.copy() for part in end]
    case.layer.forward(2 * case.x, end, workspace=workspace)
    np.testing.assert_array_equal(end, kept)


def test_saturated_gates_neither_overflow_nor_warn(name: str) -> None:
    case = draw_case(name, T=4, N=3)
    case.layer.params.value[:] *= 2e4
    result = run(case)
    h, state = case.layer.step(case.x[0], case.state)
    for array in (result.y, result.dx, *result.state, *result.dstate, *result.gradients.values(), h, *state):
        assert np.isfinite(array).all()


def test_single_precision_follows_double(name: str) -> None:
    double = draw_case(name, T=6, N=3, D=5, H=20, scale=0.2)
    single = draw_case(name, T=6, N=3, D=5, H=20, scale=0.2, dtype=np.float32)
    result = run(single)
    for array in (result.y, result.dx, *result.state, *result.dstate, *result.gradients.values()):
        assert array.dtype == np.float32
    assert_same(result, run(double), rtol=1e-4, atol=1e-5)
    h, state = single.layer.step(single.x[0], single.state)
    assert {h.dtype, *(part.dtype for part in state)} == {np.dtype(np.float32)}


def test_names_and_shapes_of_the_files(name: str) -> None:
    layer = KINDS[name].make(4, 5)
    rows = {"rnn": 5, "lstm": 20, "gru": 15}[name.split("-")[0]]
    shapes = {"W_x": (rows, 4), "W_h": (rows, 5), "b": (rows,)}
    if name == "gru-after":
        shapes["b_hn"] = (5,)
    assert layer.params.shapes == shapes


def test_start_weights_are_drawn_from_the_given_generator(name: str) -> None:
    one, two, other = (KINDS[name].make(4, 25, rng=np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.params.value, two.params.value)
    assert (one.params["W_h"] != other.params["W_h"]).any()
    for key in ("W_x", "W_h"):
        size = np.abs(one.params[key])
        assert 0.15 < size.max() <= 0.2  # uniform in ±1/√25


def test_ids_out_of_range_and_wrong_shapes_are_refused(name: str) -> None:
    layer = KINDS[name].make(4, 5, rng=np.random.default_rng(0))
    for ids in ([[4]], [[-1]]):
        with pytest.raises(UsageError, match="0 to 3"):
            layer.forward(np.array(ids))
    x, state = np.zeros((3, 2, 4), np.float32), layer.zero_state(2)
    with pytest.raises(
        UsageError, match=r"the input has shape \(3, 4, 2\); it must be \(T, N, D\) = \(any, any, 4\)"
    ):
        layer.forward(x.transpose(0, 2, 1))
    with pytest.raises(UsageError, match=r"the input has shape \(4, 2\)"):
        layer.forward(np.zeros((4, 2), np.float32))
    with pytest.raises(UsageError, match=r"the state has shape \(5, 2\); it must be \(N, H\) = \(2, 5\)"):
        layer.forward(x, type(state)(*(part.T for part in state)))
    with pytest.raises(UsageError, match=r"dh has shape \(3, 5, 2\)"):
        layer.forward(x, state)[2](np.zeros((3, 5, 2), np.float32))


def test_a_second_call_of_backprop_is_refused(name: str) -> None:
    case = draw_case(name)
    _, _, backprop = case.layer.forward(case.x)
    backprop(case.dy)
    with pytest.raises(UsageError, match="called before"):
        backprop(case.dy)
