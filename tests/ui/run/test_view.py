from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from charlm.runs.report import Report
from charlm.ui.run.demo import reports
from charlm.ui.run.state import RunState
from charlm.ui.run.summary import print_summary
from charlm.ui.run.view import RunView, _in_rows

SIZES = [(80, 24), (60, 20), (40, 24), (40, 12), (20, 5), (200, 60), (1, 1), (2, 40)]


def told(events: Iterable[Report], name: str = "run") -> RunState:
    state = RunState(name)
    for second, report in enumerate(events):
        state.add(report, float(second))
    return state


def screen(state: RunState, width: int = 80, height: int = 24, now_s: float = 0.0) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    with console.capture() as capture:
        console.print(RunView(state, now_s), height=height, end="")
    return capture.get().removesuffix("\n").split("\n")


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("steps", [0, 1, 40])
def test_fits_every_screen(width: int, height: int, steps: int) -> None:
    state = told(list(reports(40))[: 1 + steps * 2])
    rows = screen(state, width, height)
    assert len(rows) <= height
    assert max(map(cell_len, rows)) <= width


def test_shows_every_figure_at_80_by_24() -> None:
    rows = screen(told(reports(100)), now_s=100.0)
    text = "\n".join(rows)
    for figure in (
        "lstm 192",
        "211,073 parameters",
        "100%",
        "step 100 of 100 · epoch 1.00",
        "2 shards on 2 workers",
    ):
        assert figure in text
    for label in (
        "train loss",
        "validation",
        "best",
        "speed",
        "learning rate",
        "gradient norm",
        "sample, step 100",
    ):
        assert label in text
    assert "nats" in text
    assert "bits" in text


def spiky(step: int) -> float:
    return 5.45 if step < 9 else 0.4 + 3 * math.exp(-step / 20)


def test_the_chart_names_the_baseline_and_the_best_and_is_clipped() -> None:
    state = RunState("run")
    baseline = {"order": 6, "nats": 0.6078, "uniform_nats": 4.1, "true_nats": None}
    state.add(Report("start", steps=400, details={"baseline": baseline, "validation_characters": 9}), 0.0)
    for step in range(1, 401):
        state.add(Report("step", step=step, steps=400, loss=spiky(step)), 0.0)
        if step % 40 == 0:
            state.add(Report("eval", step=step, steps=400, loss=spiky(step) + 0.1, best=True), 0.0)
    rows = screen(state, 80, 40)
    (top,) = [row for row in rows if row.endswith("clipped ↑5.45")]
    assert float(top.split()[0]) < 2
    assert any(row.endswith(" 6-gram 0.61") for row in rows)
    assert any(row.endswith("● best 0.50") for row in rows)
    narrow = screen(state, 40, 40)
    for note in ("↑5.45", "6-gram", "best"):
        assert any(row.endswith(f" {note}") for row in narrow)


def test_notes_that_want_the_same_row_get_neighbours() -> None:
    notes = [Text(str(k)) for k in range(4)]
    places = [(2, notes[0]), (2, notes[1]), (5, notes[2]), (5, notes[3])]
    assert [row.plain for row in _in_rows(places, 6)] == ["", "", "0", "1", "2", "3"]
    assert [row.plain for row in _in_rows(places, 3)] == ["0", "1", "2"]


def test_validation_has_one_colour() -> None:
    state = told(reports(200))
    console = Console(file=io.StringIO(), width=80, height=30, color_system="standard", force_terminal=True)
    console.print(RunView(state, 0.0), height=30)
    print_summary(console, state, 0.0)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[1;35m●" in text
    assert len(re.findall(r"\x1b\[(?:1;)?35m1\.\d{4}", text)) == 3  # validation, best, and in the summary
    assert "\x1b[35m best 1." in text


def test_before_the_first_update_it_says_what_is_done() -> None:
    state = RunState("new run")
    state.enter_phase("reading the text", 10.0)
    rows = screen(state, now_s=13.0)
    assert rows[0] == "charlm  new run"
    assert rows[4] == "reading the text …  0:03"
    assert rows[-1] == "Ctrl-C stops"
    state.begin("poems")
    state.enter_phase("preparing the first update", 14.0)
    start, first, *_ = reports(20)
    state.add(start, 15.0)
    text = "\n".join(screen(state, now_s=15.0))
    assert "charlm  poems\nlstm 192" in text
    assert "preparing the first update …  0:01" in text
    assert not any(word in text for word in ("step 0", "early", "–"))
    state.add(first, 16.0)
    text = "\n".join(screen(state, now_s=16.0))
    assert "step 1 of 20" in text
    assert "preparing" not in text


def test_a_notice_is_shown_whole_where_there_is_room() -> None:
    state = told(reports(20))
    state.notice = "stopping: saving after this step; once more to end at once without saving"
    assert screen(state, 80)[-1] == state.notice
    assert " ".join(row.rstrip() for row in screen(state, 40)[-2:]) == state.notice
    assert screen(state, 20)[-1].endswith("…")
    assert screen(state, 40, 7)[-1].endswith("…")


def test_is_a_function_of_state_time_and_width() -> None:
    state = told(reports(20))
    assert screen(state, now_s=70.0) == screen(state, now_s=70.0)
    assert "1:10, " in "\n".join(screen(state, now_s=70.0))


def test_samples_and_names_are_harmless_and_no_markup() -> None:
    nasty = "[bold]\x1b[31m\x9b\u202e[/nope]"
    state = told([Report("start", steps=1), Report("sample", step=1, text=nasty * 3)], name=nasty)
    state.notice = nasty
    text = "\n".join(screen(state, 200))
    assert text.count("[bold]␛[31m\\x9b\\u202e[/nope]") == 5


def test_a_wide_sample_is_wrapped_by_cells() -> None:
    rows = screen(told([Report("start", steps=1), Report("sample", text="語" * 100)]), 41, 40)
    assert max(map(cell_len, rows)) <= 41
    assert "".join(rows).count("語") == 100


def test_shows_the_published_loss_as_the_original_does() -> None:
    step = Report("step", step=1, steps=9, loss=4.17, details={"smooth_loss": 104.35})
    assert "train loss     104.350 summed, smoothed" in "\n".join(screen(told([step])))


def test_a_loss_that_is_not_finite_does_no_harm() -> None:
    rows = screen(told([Report("step", step=1, steps=9, loss=math.nan, grad_norm=math.inf)]))
    assert any("gradient norm  inf" in row for row in rows)


def mixed(step: int, weights: list[float], **parts: object) -> Report:
    return Report("eval", step=step, steps=9, loss=1.4123, details={"weights": weights, **parts})


def test_a_mixture_shows_what_its_networks_reach_alone() -> None:
    start = Report("start", steps=9, details={"validation_characters": 9, "config": {"members": 2}})
    state = told([start, mixed(3, [0.3, 0.3, 0.4], networks=[1.5, 1.7], counts=1.5225)])
    rows = "\n".join(screen(state))
    assert re.search(r"validation +1\.4123 nats", rows)
    assert re.search(r"networks +1\.6000 nats  alone", rows)
    assert state.parts == "networks alone 1.500 (weight 0.30), 1.700 (0.30); counts alone 1.522 (0.40)"
    plain = told([start, Report("eval", step=3, steps=9, loss=1.5)])
    assert "alone" not in "\n".join(screen(plain))


def test_the_verdict_on_a_mixture_is_that_on_its_networks() -> None:
    """With good counts the mixture's loss hardly falls while the network learns much."""
    start = Report("start", steps=900, details={"validation_characters": 9, "vocabulary": 65})
    losses = [3.0 * 0.8**k + 1 for k in range(9)]
    steps = [Report("step", step=100 * k + 1, steps=900, loss=loss) for k, loss in enumerate(losses)]
    evaluations = [mixed(100 * k + 2, [0.1, 0.9], networks=[loss], counts=1.5) for k, loss in enumerate(losses)]
    pairs = [report for pair in zip(steps, evaluations, strict=True) for report in pair]
    assert str(told([start, *pairs]).verdict) == "learns: validation of the network fell from 4.00 to 1.50"
