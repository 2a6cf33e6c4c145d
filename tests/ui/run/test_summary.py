from __future__ import annotations

import io
import math
import shlex
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from rich.console import Console

from charlm.runs.report import Report
from charlm.ui.run.demo import reports
from charlm.ui.run.state import RunState
from charlm.ui.run.summary import print_summary


def summed_up(events: Iterable[Report], state: RunState | None = None, **console: Any) -> dict[str, str]:
    """Return the rows of a summary by their labels."""
    state = RunState("run") if state is None else state
    for second, report in enumerate(events):
        state.add(report, float(second))
    file = io.StringIO()
    print_summary(Console(file=file, color_system=None, **console), state, float(second))
    rows = (line for line in file.getvalue().splitlines() if line[:1].strip())
    return {line[:12].strip(): line[12:] for line in rows}


def ended(reason: str, *, step: int = 3, steps: int = 9, folder: str = "r", **start: Any) -> list[Report]:
    return [
        Report("start", steps=steps, path=folder, details=start),
        *(Report("step", step=k, steps=steps, loss=3.0 - k / 10) for k in range(1, step + 1)),
        Report("save", step=step, steps=steps, path="last.npz"),
        Report("end", step=step, steps=steps, path=folder, details={"reason": reason}),
    ]


@pytest.mark.parametrize(
    ("reason", "step", "offered"),
    [
        ("finished", 9, {"longer": "charlm resume r --steps 18"}),
        ("interrupted", 3, {"resume": "charlm resume r"}),
        ("patience", 3, {"longer": "charlm resume r --steps 9"}),
        ("patience", 6, {"longer": "charlm resume r --steps 12"}),
        ("finished", 0, {"longer": "charlm resume r --steps 1000"}),
        ("diverged", 3, {}),
    ],
)
def test_what_can_be_done_next(reason: str, step: int, offered: dict[str, str]) -> None:
    rows = summed_up(ended(reason, step=step, steps=9 if step else 0))
    assert {label: rows.get(label) for label in ("resume", "longer") if label in rows} == offered
    assert rows["sample"] == "charlm sample r"
    assert rows["console"] == "charlm console r"
    assert rows["plot"] == "charlm plot r"
    assert rows["score"] == "charlm score r TEXT"


def test_a_run_of_minutes_goes_on_for_minutes() -> None:
    rows = summed_up(ended("finished", step=9, minutes=1.5, left_s=90.0))
    assert rows["longer"] == "charlm resume r --minutes 3"


def test_what_overfits_is_not_to_be_trained_longer() -> None:
    def losses(step: int) -> float:
        return 1.4 + 0.002 * abs(step - 100)

    events = [Report("start", steps=400, path="r", details={"validation_characters": 9})]
    for step in range(1, 401):
        events.append(Report("step", step=step, steps=400, loss=3 - step / 200))
        if step % 20 == 0:
            events.append(Report("eval", step=step, steps=400, loss=losses(step), best=step <= 100))
    events += [Report("save", step=400, steps=400), Report("end", step=400, steps=400, path="r")]
    rows = summed_up(events)
    assert rows["verdict"].startswith("overfits")
    assert "longer" not in rows


def test_of_documents_several_are_asked_for() -> None:
    rows = summed_up(ended("finished", step=9, config={"train": {"documents": True}}))
    assert rows["sample"] == "charlm sample r --count 10"


@pytest.mark.skipif(sys.platform == "win32", reason="quotes of another kind")
@pytest.mark.parametrize("folder", ["my runs/a", "-x", "it's", "a;b", "$HOME"])
def test_commands_can_be_pasted(folder: str) -> None:
    rows = summed_up(ended("finished", step=9, folder=folder))
    for label in ("sample", "console", "plot", "longer"):
        argument = shlex.split(rows[label])[2]
        assert argument.removeprefix("./") == folder
        assert not argument.startswith("-")


def test_the_text_to_score_is_one_that_the_model_knows() -> None:
    events = ended("finished", step=9)
    for sample, text in (
        ("SAID\nthe cat sat on the mat and saw the dog run far off", "'the cat sat on the mat and saw the dog'"),
        ("anna\nbob", "anna"),
        ("it's\n-x\n\x1b[m a\n", None),
    ):
        rows = summed_up([*events[:-1], Report("sample", step=9, text=sample), events[-1]])
        assert rows["score"] == ("charlm score r TEXT" if text is None else f"charlm score r --text {text}")


def test_a_run_that_continued_is_summed_up_as_a_whole() -> None:
    before, events = RunState("run"), list(reports(200))
    for report in events[:-1]:
        before.add(report, 0.0)
    last = Report("end", step=220, steps=220, epoch=2.2, path="r", details={"reason": "finished"})
    known = {"best_loss": 1.5, "best_step": 180, "validation_characters": 9, "resumed": True}
    state = RunState("run")
    state.begin("run", before.history)
    begin = Report("start", step=200, steps=220, elapsed_s=61.0, path="r", details=known)
    rows = summed_up([begin, Report("save", step=220, steps=220), last], state)
    assert rows["run"] == "finished · 2.20 epochs · 1:03 in all, 0:02 since step 200"
    assert rows["train"].startswith("1.5")
    assert rows["validation"].endswith("best 1.5000 at step 180")
    assert rows["verdict"].startswith("learns: validation fell from 3.")


def test_a_few_updates_without_validation_have_a_verdict() -> None:
    assert summed_up(ended("finished", step=9))["verdict"] == (
        "early: after 9 updates there is too little to judge by; train longer"
    )
    assert summed_up(ended("finished", step=15, steps=15))["verdict"].startswith("learns: train fell from 2.")
    heart = [Report("start", steps=40, details={"validation_characters": 0})]
    heart += [Report("step", step=k, steps=40, loss=3 * math.exp(-k / 4)) for k in range(1, 41)]
    assert "settled: train fell to 0.0" in summed_up(heart)["verdict"]


def test_on_a_narrow_terminal_prose_is_broken_between_words_and_commands_are_not() -> None:
    file = io.StringIO()
    state = RunState("run")
    for report in reports(200):
        state.add(report, 0.0)
    print_summary(Console(file=file, width=40, force_terminal=True, color_system=None), state, 0.0)
    lines = file.getvalue().splitlines()
    assert all(len(line) <= 40 for line in lines if "charlm" not in line)
    assert "verdict     learns: validation fell from" in lines
    assert "longer      charlm resume checkpoints/demonstration --steps 400" in lines
