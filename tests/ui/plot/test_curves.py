from __future__ import annotations

import math

import pytest

from charlm.errors import UsageError
from charlm.runs.history import History
from charlm.ui.plot.curves import Level, curves_of, levels, ranges, unit_of
from tests.runs.curves import falling, history_of


def history() -> History:
    return history_of(falling(1.5), falling(1.6), noise=0.0, wobble=0.0)


def test_a_hundredth_of_the_run_is_a_point_and_every_update_counts_once() -> None:
    curves = curves_of("run", history())
    assert len(curves.train) == 100
    losses = [falling(1.5)(step / 1600) for step in range(1, 1601)]
    assert curves.train[0][1] == pytest.approx(sum(losses[:16]) / 16)
    assert math.fsum(nats for _, nats in curves.train) / 100 == pytest.approx(math.fsum(losses) / 1600, rel=2e-3)
    assert [x for x, _ in curves.validation] == [100.0 * k for k in range(1, 17)]


def test_few_points_are_drawn_as_they_are() -> None:
    few = History()
    few.add_entries([[10, 2.0, 2.5], [20, 1.5, 1.75]])
    assert curves_of("run", few).train == ((10, 2.0), (20, 1.5))


@pytest.mark.parametrize(("axis", "end"), [("steps", 1600), ("epochs", 10), ("minutes", 1), ("chars", 1_000_000)])
def test_axes(axis: str, end: float) -> None:
    assert curves_of("run", history(), axis=axis).validation[-1][0] == pytest.approx(end)


def test_the_axis_begins_where_it_is_told() -> None:
    curves = curves_of("run", history(), first=800)
    assert curves.places
    assert min(x for x, _ in curves.places) >= 800
    assert ranges([curves]).low_x >= 800


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"axis": "miles"}, "`x` is 'miles'; choose one of steps, chars, minutes, epochs"),
        ({"first": 1e6}, "nothing from 1e\\+06 steps on; give a smaller `from`"),
    ],
)
def test_refusals(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        curves_of("run", history(), **settings)  # type: ignore[arg-type]


def test_a_log_that_does_not_tell_the_axis() -> None:
    few = History()
    few.add_entries([[10, 2.0, 2.5]])
    for axis in ("chars", "minutes", "epochs"):
        with pytest.raises(UsageError, match=f'does not tell {axis}; choose `x="steps"`'):
            curves_of("run", few, axis=axis)


def test_names_are_harmless_and_figures_complete() -> None:
    curves = curves_of("a\x1b[31m\n[b]", history())
    assert curves.name == "a␛[31m␊[b]"
    assert curves.figures == "train 1.5009 · validation 1.6009 · best 1.6009 at step 1,600 · learns"


def test_levels_are_those_that_all_share() -> None:
    one, other = (curves_of("run", history_of(falling(1.5), baseline={"order": 5, "nats": n})) for n in (1.9, 2.0))
    assert levels([one]) == levels([one, one]) == (Level("5-gram baseline", 1.9),)
    assert levels([one, other]) == ()


@pytest.mark.parametrize("baseline", [None, 3, {"order": 5}, {"nats": 1.0}, {"order": "x", "nats": -1}])
def test_odd_baselines_are_left_out(baseline: object) -> None:
    assert levels([curves_of("run", history_of(falling(1.5), baseline=baseline))]) == ()


def test_a_level_far_off_does_not_squeeze_the_curves() -> None:
    far = curves_of("run", history_of(falling(1.5), baseline={"order": 5, "nats": 0.01}))
    assert ranges([far]).low_y > 1


@pytest.mark.parametrize("nats", [0.0, 1.0, -5.0, 1e9])
def test_a_flat_curve_has_a_range(nats: float) -> None:
    flat = History()
    flat.add_entries([[7, nats, nats]])
    span = ranges([curves_of("run", flat)])
    assert span.low_y < nats < span.high_y
    assert span.low_x < span.high_x


def spiky(x: float) -> float:
    return 5.45 if x < 0.02 else falling(0.4, speed=20)(x)


def test_early_spikes_do_not_set_the_scale() -> None:
    span = ranges([curves_of("run", history_of(spiky, falling(0.5, speed=20), noise=0.0))])
    assert span.peak == pytest.approx(5.45)
    assert span.high_y < 2.5
    assert span.place((0, 5.45)) == (0, 1)
    assert span.place((1600, span.low_y)) == (1, 0)


def test_a_spike_that_ends_a_run_does_not_either() -> None:
    span = ranges([curves_of("run", history_of(lambda x: 1e5 if x > 0.99 else falling(1.5)(x)))])
    assert span.peak is not None
    assert span.high_y < 5


@pytest.mark.parametrize("at", [0.1, 0.3, 0.8])
def test_a_spike_on_the_way_does_not_either(at: float) -> None:
    curve = falling(1.2)
    history = history_of(lambda x: 5.4 if at < x < at + 0.015 else curve(x), noise=0.0)
    span = ranges([curves_of("run", history)])
    assert span.peak == pytest.approx(5.4, abs=0.3)
    assert span.high_y < 4.5


def test_what_falls_steadily_is_not_clipped() -> None:
    for end in (0.4, 1.5, 3.0):
        span = ranges([curves_of("run", history_of(falling(end, speed=8), falling(end, speed=8)))])
        assert span.peak is None
        assert span.high_y > 3.9


def test_the_baseline_is_in_the_picture_though_the_curve_is_clipped_below_it() -> None:
    curves = curves_of("run", history_of(spiky, baseline={"order": 5, "nats": 3.0}))
    assert 3.0 < ranges([curves]).high_y < 3.5


def test_few_points_are_not_clipped() -> None:
    few = History()
    few.add_entries([[10, 90.0, 2.5], [20, 1.5, 1.75], [30, 1.5, 1.75]])
    assert ranges([curves_of("run", few)]).peak is None


def test_losses_of_numbers_are_in_no_nats() -> None:
    text, numbers = history(), history()
    numbers.start = {**numbers.start, "features": 2}
    runs = [curves_of("run", one) for one in (text, numbers)]
    assert [unit_of([run]) for run in runs] == ["nats", "squared error"]
    assert unit_of(runs) == "loss"
