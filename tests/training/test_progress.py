from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.errors import CheckpointError
from charlm.training.progress import HISTORY_LIMIT, Progress

losses = st.floats(0, 1e6) | st.just(math.nan)


@given(st.lists(st.tuples(losses, losses), max_size=5), st.floats(0, 1e9))
def test_json_keeps_everything(evaluations: list[tuple[float, float]], elapsed_s: float) -> None:
    progress = Progress(step=7, elapsed_s=elapsed_s)
    for train_loss, loss in evaluations:
        progress.evaluated(train_loss, loss)
        if not math.isnan(loss):
            progress.smooth(loss, 25, math.log(65))
    text = json.dumps(progress.to_json(), allow_nan=False)
    again = Progress.from_json(json.loads(text))
    assert repr(again) == repr(progress)  # repr, since NaN is not equal to itself


def test_the_first_loss_that_is_shown_is_a_guess() -> None:
    progress = Progress()
    progress.smooth(4.0, 25, math.log(65))
    assert progress.smooth_loss == pytest.approx(0.999 * 104.3597 + 0.001 * 100, rel=1e-6)
    progress.smooth(2.0, 25, math.log(65))
    assert progress.smooth_loss == pytest.approx(0.999 * (0.999 * 104.3597 + 0.1) + 0.001 * 50, rel=1e-6)


def test_the_best_is_the_lowest_and_the_first_of_equals() -> None:
    progress = Progress()
    shown = []
    for step, loss in enumerate((3.0, 2.0, 2.0, math.nan, 2.5, 1.0)):
        progress.step = step
        shown.append(progress.evaluated(math.nan, loss))
    assert shown == [True, True, False, False, False, True]
    assert (progress.best_loss, progress.best_step) == (1.0, 5)
    assert progress.history[3] == [3, None, None]


def test_a_mixture_is_waited_for_while_its_networks_learn() -> None:
    progress = Progress()
    waited = []
    for step, (loss, networks) in enumerate(
        [(1.5, [4.0, 4.2]), (1.5, [3.0, 3.2]), (1.5, [3.1, 3.3]), (1.6, [3.0, 3.2])]
    ):
        progress.step = step
        progress.evaluated(math.nan, loss, networks=networks)
        waited.append(progress.waited)
    assert waited == [0, 0, 1, 2]
    assert progress.best_step == 1
    assert progress.history[1] == [1, None, 1.5, pytest.approx(3.1)]


def test_of_equal_mixtures_the_one_with_the_better_networks_is_the_best() -> None:
    progress, shown = Progress(), []
    losses = [(1.5, 4.0), (1.50005, 3.0), (1.50009, 2.0), (1.50011, 1.0), (1.4999, 3.0), (1.49995, 3.0)]
    for step, (loss, network) in enumerate(losses):
        progress.step = step
        shown.append(progress.evaluated(math.nan, loss, networks=[network]))
        progress = Progress.from_json(progress.to_json())
    assert shown == [True, True, True, False, True, False]
    assert (progress.best_loss, progress.best_step) == (1.4999, 4)


def test_a_long_history_is_thinned() -> None:
    progress = Progress()
    for step in range(3 * HISTORY_LIMIT):
        progress.step = step
        progress.evaluated(1.0, 1.0)
    assert HISTORY_LIMIT / 2 < len(progress.history) <= HISTORY_LIMIT
    steps = [entry[0] for entry in progress.history]
    assert steps == sorted(set(steps))
    assert steps[0] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("step", None), ("step", "x"), ("best_loss", []), ("history", 5), ("history", [5]), ("elapsed_s", None)],
)
def test_nonsense_is_refused(name: str, value: object) -> None:
    with pytest.raises(CheckpointError, match=r"^the run's progress cannot be read \(.*\); train a new model$"):
        Progress.from_json(Progress().to_json() | {name: value})


@pytest.mark.parametrize("name", ["step", "best_loss", "best_step", "smooth_loss", "elapsed_s", "history"])
def test_a_missing_value_is_refused(name: str) -> None:
    values = Progress().to_json()
    del values[name]
    with pytest.raises(CheckpointError, match=name):
        Progress.from_json(values)
