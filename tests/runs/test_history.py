from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm.errors import CheckpointError
from charlm.runs.history import History, read_log
from charlm.runs.verdict import judge
from tests.runs.curves import events, falling, history_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("step", "steps", "loss", "lr", "epoch", "elapsed_s", "reason", "config", "baseline", "vocabulary")
EVENTS = st.builds(
    lambda kind, values: {"event": kind, **values},
    st.sampled_from(["start", "step", "eval", "end", "sample", "save", "[bold]"]),
    st.dictionaries(st.sampled_from(NAMES), JSON | st.floats(0, 100) | st.integers(0, 9)),
)


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"\n".join(lines))
    return path


def test_a_log_is_read_as_it_was_told(tmp_path: Path) -> None:
    told = list(events(falling(1.5), falling(1.6)))
    log = write(tmp_path / "log.jsonl", *(json.dumps(event).encode() for event in told))
    history, live = read_log(log), history_of(falling(1.5), falling(1.6))
    assert history.train == live.train
    assert history.evaluations == live.evaluations
    assert (len(history.train), len(history.evaluations)) == (1600, 16)
    assert (history.steps, history.reason, history.last_step) == (1600, "finished", 1600)
    assert history.best == min(history.evaluations, key=lambda point: point.loss)
    assert history.setting("train", "learning_rate") == 0.3
    assert history.start_value("characters") == 100_000
    assert history.baseline("nats") == 1.9


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"\n\n",
        b"not json",
        b"[1, 2]",
        b"null",
        b'{"event": "step", "step": 3, "loss"',
        b'{"event": "step"}',
        b'{"event": "step", "step": -1, "loss": 1}',
        b'{"event": "step", "step": true, "loss": 1}',
        b'{"event": {"a": 1}, "step": 1}',
        b'{"event": ["step"], "step": 1}',
        b"\xff\xfe\x00",
        b"\x00" * 5000,
        b"[" * 100_000,
        b'{"event": "step", "step": 1' + b"0" * 5000 + b', "loss": 1}',
        b'{"event": "sample", "text": "' + b"x" * 3_000_000 + b'"}',
    ],
    ids=range(16),
)
def test_odd_lines_are_passed_over(tmp_path: Path, odd: bytes) -> None:
    good = b'{"event": "step", "step": 1, "loss": 2.0}', b'{"event": "eval", "step": 1, "loss": 2.5}'
    history = read_log(write(tmp_path / "log.jsonl", good[0], odd, good[1]))
    assert [point.loss for point in history.train + history.evaluations] == [2.0, 2.5]


def test_a_log_that_is_not_there_or_is_no_file_says_nothing(tmp_path: Path) -> None:
    assert read_log(tmp_path / "none").train == []
    assert read_log(tmp_path).train == []


def test_a_log_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    log = write(tmp_path / "log.jsonl", b"{}")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CheckpointError, match="Permission denied"):
        read_log(log)


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, max_size=30))
def test_no_event_does_harm(told: list[dict[str, object]]) -> None:
    history = History()
    for event in told:
        history.add(event)
    points = history.train + history.evaluations
    assert all(math.isfinite(point.loss) and point.step >= 0 for point in points)
    for curve in (history.train, history.evaluations):
        assert [point.step for point in curve] == sorted({point.step for point in curve})
    assert str(judge(history))


def test_a_long_run_stays_small_and_keeps_its_shape() -> None:
    history = History()
    for step in range(1, 30_001):
        history.add({"event": "step", "step": step, "loss": float(step)})
    assert len(history.train) < History.LIMIT
    assert [point.loss for point in history.train] == [point.step for point in history.train]
    assert history.train[0].step < 10
    assert history.train[-1].step > 29_980


def test_what_was_done_in_vain_is_gone() -> None:
    history = History()
    for step in range(1, 11):
        history.add({"event": "step", "step": step, "loss": 1.0})
        history.add({"event": "eval", "step": step, "loss": 1.0})
    history.add({"event": "start", "step": 6})
    assert (len(history.train), len(history.evaluations)) == (6, 6)
    history.add({"event": "step", "step": 7, "loss": 3.0})
    history.add({"event": "step", "step": 5, "loss": 2.0})
    assert [point.step for point in history.train] == [1, 2, 3, 4, 5]
    assert history.train[-1].loss == 2.0


def test_a_run_that_goes_on_has_not_ended() -> None:
    history = history_of(falling(1.5), falling(1.5))
    assert history.reason == "finished"
    history.add({"event": "start", "step": 1600, "steps": 3200})
    assert (history.reason, history.steps) == ("", 3200)
    assert math.isnan(history.ended_at)


def test_where_a_run_ended() -> None:
    history = History()
    history.add({"event": "step", "step": 50, "loss": 1.0})
    history.add({"event": "end", "step": 57, "reason": "interrupted"})
    assert (history.last_step, history.ended_at) == (50, 57)
    history.add({"event": "end", "step": 57, "reason": "diverged", "diverged_at": 63, "cause": "so it is"})
    assert (history.reason, history.ended_at, judge(history).reason) == ("diverged", 63, "so it is")


@pytest.mark.parametrize("entries", [None, 3, {}, [1, None, [], [1, 2]], [[1, "a", None], ["x", 1, 1, []]]])
def test_odd_histories(entries: object) -> None:
    history = History()
    history.add_entries(entries)
    assert history.train == history.evaluations == []


def test_the_history_of_a_mixture_has_the_loss_of_its_networks() -> None:
    history = History()
    history.add_entries([[10, 2.0, 1.5, 2.5], [20, 1.9, 1.5, 2.25]])
    assert [(p.loss, p.alone) for p in history.evaluations] == [(1.5, 2.5), (1.5, 2.25)]
    assert history.networks == "network"


def test_a_history_gives_both_curves() -> None:
    history = History()
    history.add_entries([[10, 2.0, 2.5], [20, 1.5, None]])
    assert [(p.step, p.loss) for p in history.train] == [(10, 2.0), (20, 1.5)]
    assert [(p.step, p.loss) for p in history.evaluations] == [(10, 2.5)]
    assert not history.broken
