from __future__ import annotations

import numpy as np
import pytest

from charlm.training import plan as planning
from charlm.training.preparation import forecast, new_pairs_run, new_text_run
from charlm.ui.run.forecast import forecast_lines


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "TRIAL_S", 0.01)


def test_of_a_text() -> None:
    train = {"steps": 40, "batch_size": 4, "seq_length": 9, "seq_length_min": 5, "shards": 2}
    new = new_text_run(["t.txt"], model={"hidden_size": 6}, train=train, members=2)
    before = new.model.params.value.copy()
    found = forecast(new)
    assert (found.steps, found.window, found.facts["shards"], found.note) == (40, 4 * 7, 2, "")
    assert "ranks" not in found.facts
    assert next(forecast_lines(found)).plain.startswith("2 networks, each lstm 6 · ")
    assert found.passes == pytest.approx(40 * 28 / new.task().characters)
    assert found.duration_s == pytest.approx(40 * 28 / found.chars_per_s)
    assert found.memory_bytes > new.model.params.value.nbytes
    assert found.facts["characters"] == new.task().characters
    assert np.array_equal(before, new.model.params.value)


def test_of_minutes_and_pairs() -> None:
    new = new_pairs_run("builtin:reverse", model={"hidden_size": 6}, train={"minutes": 1.5, "batch_size": 4})
    found = forecast(new)
    assert found.duration_s == 90
    assert found.steps > 0


def test_what_is_shrunk_is_noted() -> None:
    new = new_text_run(["t.txt"], model={"hidden_size": 6}, train={"steps": 1, "batch_size": 512})
    assert "the text is too short for the settings: `batch_size=" in forecast(new).note
