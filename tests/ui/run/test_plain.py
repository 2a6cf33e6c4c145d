from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from charlm.runs.report import Report
from charlm.ui.run.dashboard import Dashboard, open_display
from charlm.ui.run.demo import reports
from charlm.ui.run.plain import PlainProgress, Silence


class Clock:
    """A clock that goes on by a second each time it is read."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


def printed(steps: int, *, every_s: float) -> str:
    file = io.StringIO()
    with PlainProgress(Console(file=file, width=40), name="r\x1bn", clock=Clock(), every_s=every_s) as display:
        for report in reports(steps):
            display.add(report)
        display.notice("a [bold] word\x07")
    return file.getvalue()


def test_a_line_every_few_seconds_not_every_step() -> None:
    assert printed(200, every_s=1).count(": train ") > printed(200, every_s=20).count(": train ") >= 5


def test_what_comes_before_the_first_update_has_a_line_if_it_takes_long() -> None:
    file = io.StringIO()
    with PlainProgress(Console(file=file, width=40), name="run", patience_s=0.0) as display:
        display.phase("reading the\x1b text")
        while "reading" not in file.getvalue():
            time.sleep(0.001)
    with PlainProgress(Console(file=file, width=40), name="run", patience_s=60.0) as display:
        display.phase("quick")
        display.phase("quick as well")
    assert file.getvalue() == "reading the␛ text …\n"


def test_lines_are_plain_whole_and_harmless() -> None:
    text = printed(20, every_s=1)
    assert "\x1b" not in text
    assert "r␛n: lstm 192 · 65 symbols · 211,073 parameters\n" in text
    assert "a [bold] word␇\n" in text
    assert "step 20: validation " in text


def test_ends_with_where_the_model_is_and_how_to_go_on() -> None:
    text = printed(20, every_s=1)
    assert "finished" in text
    assert "saved       checkpoints/demonstration\n" in text
    for label, command in (
        ("sample", "sample checkpoints/demonstration"),
        ("console", "console checkpoints/demonstration"),
        ("plot", "plot checkpoints/demonstration"),
        ("longer", "resume checkpoints/demonstration --steps 40"),
    ):
        assert f"{label:<12}charlm {command}\n" in text
    assert "charlm score checkpoints/demonstration --text " in text


def test_warnings_are_said_and_stay() -> None:
    file = io.StringIO()
    with PlainProgress(Console(file=file, width=40), name="run") as display:
        display.add(Report("start", steps=9, path="r"))
        display.add(Report("warning", text="the text is\x1b short"))
        display.add(Report("rollback", step=3, text="update 5: the loss is nan"))
        display.add(Report("end", step=9, steps=9, path="r"))
    lines = file.getvalue().splitlines()
    assert lines.index("warning: the text is␛ short") < lines.index("rollback: update 5: the loss is nan")
    assert lines[-2:] == ["warning     the text is␛ short", "warning     update 5: the loss is nan"]


def test_an_interrupted_run_says_how_to_resume() -> None:
    file = io.StringIO()
    with PlainProgress(Console(file=file), name="run") as display:
        display.add(Report("start", steps=9, path="my runs/a"))
        display.add(Report("save", step=3, steps=9, path="my runs/a/last.npz"))
        display.add(Report("end", step=3, steps=9, path="my runs/a", details={"reason": "interrupted"}))
    assert "interrupted at step 3 of 9" in file.getvalue()
    assert any(f"charlm resume {q}my runs/a{q}\n" in file.getvalue() for q in "'\"")


def test_one_that_diverged_is_not_to_be_gone_on_with() -> None:
    file = io.StringIO()
    with PlainProgress(Console(file=file), name="run") as display:
        display.add(Report("start", steps=9, path="a"))
        display.add(Report("save", step=3, steps=9, path="a/last.npz"))
        display.add(Report("end", step=3, steps=9, path="a", details={"reason": "diverged", "diverged_at": 4}))
    assert "diverged at step 3 of 9" in file.getvalue()
    assert "charlm sample a\n" in file.getvalue()
    assert "resume" not in file.getvalue()


def test_the_published_loss_is_summed_up_as_the_original_shows_it() -> None:
    file = io.StringIO()
    with PlainProgress(Console(file=file), name="run") as display:
        display.add(Report("start", steps=1))
        display.add(Report("step", step=1, steps=1, loss=4.0, details={"smooth_loss": 104.35}))
    assert "train 104.350 summed, " in file.getvalue()
    assert "4.0000 nats, 5.771 bits · 104.350 summed, smoothed\n" in file.getvalue()


def test_nothing_is_claimed_to_be_saved_before_it_is() -> None:
    file = io.StringIO()
    with PlainProgress(Console(file=file), name="run") as display:
        display.add(Report("start", steps=9, path="runs/a"))
    assert "saved" not in file.getvalue()
    assert "stopped at step 0 of 9" in file.getvalue()


@pytest.mark.parametrize(
    ("terminal", "environment", "quiet", "kind"),
    [
        (True, {"TERM": "xterm"}, False, Dashboard),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False, Dashboard),
        (True, {"TERM": "dumb"}, False, PlainProgress),
        (False, {"TERM": "xterm"}, False, PlainProgress),
        (True, {"TERM": "xterm"}, True, Silence),
    ],
)
def test_the_display_suits_the_terminal(
    terminal: bool, environment: dict[str, str], quiet: bool, kind: type[object]
) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    console = Console(file=file, force_terminal=terminal, _environ=environment)
    assert type(open_display(console, name="run", quiet=quiet)) is kind


def test_a_dashboard_that_shows_nothing_leaves_the_screen_alone() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with Dashboard(Console(file=file, force_terminal=True, _environ={"TERM": "xterm"}), name="run"):
        pass
    assert file.buffer.getvalue() == b""  # type: ignore[attr-defined]


def test_silence_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    with Silence() as display:
        display.phase("reading the text")
        display.begin("run", None)
        for report in reports(10):
            display.add(report)
        display.notice("word")
    assert capfd.readouterr() == ("", "")
