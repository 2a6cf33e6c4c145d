from __future__ import annotations

import json
import math

import pytest

from charlm.training.report import Event, Report

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
