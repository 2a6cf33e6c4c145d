from __future__ import annotations

import contextlib
import json
import math

import numpy as np
import pytest

import charlm
from charlm.runs.report import Event, Report
from tests.training.runs import make_text, new_model

TEXT = make_text(60)

STEP = Report(
    "step", step=3, steps=9, epoch=0.5, elapsed_s=1.23456, loss=math.log(2), learning_rate=0.1, grad_norm=2.0
)


def test_a_step_event_has_what_the_log_promises() -> None:
    assert STEP.to_json() == {
        "event": "step",
        "schema": 1,
        "step": 3,
        "epoch": 0.5,
        "loss": math.log(2),
        "bpc": 1.0,
        "lr": 0.1,
        "grad_norm": 2.0,
        "chars_per_s": None,
        "elapsed_s": 1.235,
    }


def test_a_report_shows_what_it_tells() -> None:
    assert repr(Report("end", step=3, steps=3, details={"reason": "finished"})) == (
        "Report(event='end', step=3, steps=3, details={'reason': 'finished'})"
    )
    assert repr(Report("step", loss=0.0)) == "Report(event='step', loss=0.0)"
    assert repr(Report("eval", step=3, loss=1.5, best=True)) == "Report(event='eval', step=3, loss=1.5, best=True)"


def test_an_evaluation_tells_whether_it_is_the_best() -> None:
    line = Report("eval", step=3, loss=1.5, best=True).to_json()
    assert (line["loss"], line["best"]) == (1.5, True)


@pytest.mark.parametrize("event", ["start", "step", "eval", "sample", "save", "end"])
def test_every_event_is_strict_json(event: Event) -> None:
    report = Report(event, details={"smooth_loss": math.nan, "event": "forged"})
    line = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert (line["event"], line["schema"], line["smooth_loss"]) == (event, 1, None)
    assert list(line)[:3] == ["event", "schema", "step"]


@pytest.mark.parametrize(("event", "field"), [("sample", "text"), ("save", "path"), ("end", "path")])
def test_text_and_path_are_written_where_they_belong(event: Event, field: str) -> None:
    assert Report(event, text="T", path="P").to_json()[field] == field[0].upper()


def test_only_events_about_a_loss_have_one() -> None:
    """A report has None, and no NaN, where there is no figure."""
    for held_out in (0.0, 0.2):
        config = charlm.TrainConfig(steps=2, batch_size=2, seq_length=5, val_frac=held_out, log_every=1)
        reports = list(charlm.train(new_model(TEXT), TEXT, config))
        assert {"start", "step", "eval", "sample", "end"} <= {report.event for report in reports}
        for report in reports:
            figures = (report.learning_rate, report.grad_norm, report.chars_per_s)
            assert [figure is not None for figure in figures] == [report.event == "step"] * 3
            has_loss = report.event == "step" or (report.event == "eval" and held_out > 0)
            assert (report.loss is not None, report.bits_per_char is not None) == (has_loss, has_loss)
            assert (report.to_json().get("loss") is not None) == has_loss
            assert ("loss" in report.to_json()) == (report.event in ("step", "eval"))


def test_training_trains_as_far_as_it_is_read() -> None:
    model, config = new_model(TEXT), charlm.TrainConfig(steps=3, batch_size=2, seq_length=5, log_every=1)
    untrained = model.params.value.copy()
    training = charlm.train(model, TEXT, config)
    about = f"<Training of {model!r}: "
    assert repr(training) == f"{about}not started; iterate, or call run()>"
    assert next(training).event == "start"
    assert np.array_equal(model.params.value, untrained)
    assert [report.step for report in training if report.event == "step"] == [1, 2, 3]
    assert repr(training) == f"{about}finished at step 3 of 3>"
    assert not np.array_equal(model.params.value, untrained)
    assert training.run().event == "end"  # what was, once more
    assert list(training) == []


def test_training_that_runs_by_itself_is_the_same() -> None:
    config = charlm.TrainConfig(steps=3, batch_size=2, seq_length=5)
    iterated, run, both = (new_model(TEXT) for _ in range(3))
    *_, last = charlm.train(iterated, TEXT, config)
    end = charlm.train(run, TEXT, config).run()
    assert (end.event, end.step, dict(end.details)) == (last.event, last.step, dict(last.details))
    begun = charlm.train(both, TEXT, config)
    next(begun)
    next(begun)
    assert repr(begun).endswith("at step 1 of 3; iterate further, or call run()>")
    assert begun.run().details["reason"] == "finished"
    for model in (run, both):
        assert np.array_equal(model.params.value, iterated.params.value)


def test_training_that_is_closed_ends_where_it_is() -> None:
    config = charlm.TrainConfig(steps=3, batch_size=2, seq_length=5)
    with contextlib.closing(charlm.train(new_model(TEXT), TEXT, config)) as training:
        next(training)
        next(training)
    assert repr(training).endswith(": closed at step 1 of 3>")
    assert list(training) == []
    assert training.run().step == 1
    never = charlm.train(new_model(TEXT), TEXT, config)
    never.close()
    assert repr(never).endswith(": closed before it began>")
    with pytest.raises(charlm.UsageError, match="closed before it began; call train again"):
        never.run()
