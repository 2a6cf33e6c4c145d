from __future__ import annotations

import io
import re
from itertools import pairwise
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from charlm.ui.plot.curves import Curves, curves_of
from charlm.ui.plot.terminal import CurvePlot
from tests.runs.curves import falling, history_of

EVIL = "\x1b]0;title\a[bold red]\x9b2J\u202e\n日本語日本語日本語日本語日本語"


def run(name: str = "run", end: float = 1.5, **settings: Any) -> Curves:
    return curves_of(name, history_of(falling(end), falling(end + 0.1), **settings))


def shown(*runs: Curves, width: int = 80, color: Any = None, height: int = 25, terminal: bool = False) -> str:
    console = Console(
        file=io.StringIO(),
        width=width,
        height=height,
        color_system=color,
        force_terminal=terminal,
        legacy_windows=False,
    )
    console.print(CurvePlot(runs, axis="steps"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_one_run() -> None:
    lines = shown(run()).splitlines()
    assert lines[0] == "nats"
    assert [line[:5] for line in lines[1:17] if "┤" in line] == [
        "4.0 ┤",
        "3.5 ┤",
        "3.0 ┤",
        "2.5 ┤",
        "2.0 ┤",
        "1.5 ┤",
    ]
    assert re.fullmatch(r"    └┬(─+┬){6}─+", lines[17])
    assert lines[18].split() == ["0", "250", "500", "750", "1,000", "1,250", "1,500"]
    assert lines[19].strip() == "steps"
    assert lines[19].endswith("steps")
    assert lines[20].startswith("● run  train 1.5")
    assert lines[21] == "⠄⠄ 5-gram baseline 1.9000"
    assert lines[22] == "⠒⠒ train: mean of each 1/100 of the run · ● validation"
    body = "".join(lines[1:17])
    assert 10 <= body.count("●") <= 16


def test_the_curve_falls() -> None:
    rows = [line[5:] for line in shown(curves_of("run", history_of(falling(1.5)))).splitlines()[1:17]]
    heights = [next((k for k, row in enumerate(rows) if row[c : c + 1].strip()), None) for c in range(0, 30, 3)]
    seen = [height for height in heights if height is not None]
    assert seen[0] <= 2
    assert all(after >= before - 1 for before, after in pairwise(seen))
    assert seen[-1] >= 12


def test_runs_are_told_apart_without_colour() -> None:
    text = shown(run("one"), run("two", 2.0), run("three", 2.5))
    for k, (mark, name) in enumerate(zip("●○◆", ("one", "two", "three"), strict=True), 1):
        assert re.search(rf"^{k} {mark} {name}  train", text, re.MULTILINE)
        assert text.count(mark) > 5
        assert re.search(rf"│.*{k}|┤.*{k}", text)
    assert "\x1b" not in text


def test_runs_are_told_apart_by_colour() -> None:
    text = shown(run("one"), run("two", 2.0), color="standard", terminal=True)
    assert "\x1b[36m" in text
    assert "\x1b[35m" in text


@pytest.mark.parametrize("width", [1, 8, 16, 20, 40, 200])
@pytest.mark.parametrize("count", [1, 2, 40])
def test_fits_every_width(width: int, count: int) -> None:
    text = shown(*(run(EVIL * k, 1.5 + k / 10, steps=160) for k in range(1, count + 1)), width=width)
    assert max(map(cell_len, text.splitlines())) <= width


@pytest.mark.parametrize("height", [1, 5, 12, 24, 80])
def test_fits_the_screen_where_that_is_possible(height: int) -> None:
    lines = shown(run(), height=height, terminal=True).splitlines()
    assert len(lines) <= max(height - 1, 11)


def test_forty_columns_tell_everything() -> None:
    text = shown(run(), width=40)
    assert "best 1.6" in text
    assert "at step 1," in text
    assert "mean of each 1/100 of the run\n" in text


def test_a_name_cannot_control_the_terminal() -> None:
    text = shown(run(EVIL), width=100)
    assert all(line.isprintable() for line in text.splitlines())
    assert "[bold red]" in text


def test_a_single_point() -> None:
    assert "●" in shown(run(steps=16, evaluations=1, upto=1.0))
    lone = history_of(falling(1.5), steps=1)
    assert re.search("[⠁-⣿]", shown(curves_of("run", lone)).split("└")[0])


def spiky(x: float) -> float:
    return 5.45 if x < 0.02 else falling(0.4, speed=20)(x)


def test_a_clipped_curve_is_said_to_be() -> None:
    clipped = curves_of("run", history_of(spiky, falling(0.5, speed=20), noise=0.0))
    assert "clipped: the loss reaches 5.45\n" in shown(clipped, width=110)
    assert "clipped" not in shown(run())


def test_validation_of_a_single_run_has_its_own_colour() -> None:
    text = shown(run(), color="standard", terminal=True)
    assert "\x1b[1;35m●" in text
    assert "\x1b[35m● validation" in text
