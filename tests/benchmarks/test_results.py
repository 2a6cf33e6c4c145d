"""Medians, ratios, verdicts, and how they are shown."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from measuring.machine import describe_load, is_disturbed
from measuring.picture import _ticks, picture
from measuring.points import GROUPS, PATTERNS, Contestant, Point, Target, points
from measuring.report import group_lines, markdown, result_lines
from measuring.results import Result, group_verdicts, summarize
from measuring.run import Measurement
from peers.protocol import Job

from charlm.generation.batch_sampler import batch_width

JOB = Job(what="train")
FACTS = {
    "machine": {"cpu": "A <fast> one", "cores": 2, "system": "Linux", "python": "3.11"},
    "peers": {"charlm": "charlm 1", "torch": "PyTorch 2"},
    "missing": {"jax": "No module named 'jax'"},
    "rounds": 3,
    "seconds": 2.0,
    "load": "The machine was quiet.",
    "disturbed": ["GRU 1, 2, 3 (train)"],
}


def point(title: str, bound: float = 1.2, *, at_least: bool = True) -> Point:
    names = {"charlm": "charlm", "PyTorch": "torch", "JAX": "jax"}
    targets = (Target("charlm", "PyTorch", bound, at_least), Target("charlm", "JAX", 1.3))
    return Point("train", title, "chars_per_s", tuple(Contestant(n, p, JOB) for n, p in names.items()), targets)


def measured(title: str, **values: list[float]) -> list[Measurement]:
    return [
        Measurement("train", title, name, k, value, "", 0.5, 0.0, {})
        for name, series in values.items()
        for k, value in enumerate(series)
    ]


def result(title: str = "LSTM 1, 2, 3", bound: float = 1.2) -> Result:
    """charlm's median is 120, PyTorch's 100: an outlier and a mean of ratios would say something else."""
    (one,) = summarize([point(title, bound)], measured(title, charlm=[120, 1, 130], PyTorch=[100, 99, 900]))
    return one


def test_ratio_is_that_of_the_medians() -> None:
    one = result()
    assert one.medians == {"charlm": 120, "PyTorch": 100, "JAX": None}
    assert one.verdicts[0].reached == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("bound", "at_least", "met"), [(1.2, True, True), (1.21, True, False), (1.1, False, False)]
)
def test_target(bound: float, at_least: bool, met: bool) -> None:
    asked = point("x", bound, at_least=at_least)
    (one,) = summarize([asked], measured("x", charlm=[120], PyTorch=[100]))
    assert one.verdicts[0].met is met


def test_missing_peer_is_named_and_never_guessed() -> None:
    one = result()
    assert one.verdicts[1].reached is None
    assert one.verdicts[1].met is None
    assert "    charlm ÷ JAX: target at least 1.3, not measured" in result_lines(one)
    text = markdown([one], FACTS)
    assert "| LSTM 1, 2, 3 | 120 | 100 | – | **1.20** (≥ 1.2) | – |" in text
    assert "Missing: jax (No module named 'jax')." in text


def test_what_failed_says_why() -> None:
    failed = Measurement("train", "x", "JAX", 0, None, "it broke", None, None, {"failed": "it broke"})
    (one,) = summarize([point("x")], [*measured("x", charlm=[120], PyTorch=[100]), failed])
    assert one.notes == {"JAX": "it broke"}
    assert "    JAX: it broke" in result_lines(one)


def test_what_was_not_measured_at_all_is_left_out() -> None:
    assert summarize([point("x"), point("y")], measured("y", charlm=[1]))[0].point.title == "y"


def test_disturbed_points_are_named() -> None:
    assert "not to be quoted: GRU 1, 2, 3 (train)." in markdown([result()], FACTS)
    assert is_disturbed([0.0, 0.3, 0.3], 2)
    assert not is_disturbed([0.0, 0.0, 2.0], 2)
    assert not is_disturbed([None], 2)


@pytest.mark.parametrize(
    ("longest", "ticks"), [(1.0, [1]), (2.6, [1, 2]), (15.4, [1, 2, 4, 6, 8, 10, 12, 14]), (282.0, [1, 50, 100])]
)
def test_ticks(longest: float, ticks: list[int]) -> None:
    assert _ticks(longest)[: len(ticks)] == ticks
    assert len(_ticks(longest)) <= 9


def test_missed_target_is_marked() -> None:
    one = result(bound=1.5)
    assert "    charlm ÷ PyTorch: target at least 1.5, reached 1.20, MISSED" in result_lines(one)
    assert "**1.20** (≥ 1.5 ✗)" in markdown([one], FACTS)


def test_group_is_judged_by_its_median() -> None:
    def with_ratio(title: str, ratio: float) -> Result:
        return summarize([point(title)], measured(title, charlm=[100 * ratio], PyTorch=[100]))[0]

    results = [with_ratio("a", 1.0), with_ratio("b", 1.4), with_ratio("c", 9.0)]
    verdict, count = group_verdicts(results)["train"]
    assert (verdict.reached, verdict.met, count) == (pytest.approx(1.4), False, 3)
    assert "median of 3 points: target at least 1.5, reached 1.40, MISSED" in group_lines(results)[0]


def test_table_is_rectangular() -> None:
    rows = [
        line for line in markdown([result(), result("GRU 1, 2, 3")], FACTS).splitlines() if line.startswith("|")
    ]
    assert len(rows) == 4
    assert len({row.count("|") for row in rows}) == 1


def test_picture_is_svg_with_bars_in_proportion() -> None:
    drawn = ET.fromstring(picture([result()], "A <fast> one"))  # parses: the caption is escaped
    space = {"svg": "http://www.w3.org/2000/svg"}
    assert drawn.find("svg:title", space) is not None
    widths = [float(r.attrib["width"]) for r in drawn.findall("svg:rect", space) if r.attrib["height"] == "13"]
    assert len(widths) == 2  # no bar for the peer that is missing
    assert widths[0] / widths[1] == pytest.approx(1.2, abs=0.01)
    texts = [text.text for text in drawn.findall("svg:text", space)]
    assert "A <fast> one" in texts
    assert {"120", "1.20 ×", "100", "1.00 ×"} <= set(texts)
    assert "JAX" not in texts
    right = float(drawn.attrib["viewBox"].split()[2])
    assert all(float(r.attrib["x"]) + float(r.attrib["width"]) < right for r in drawn.findall("svg:rect", space))


def test_picture_without_pytorch_is_still_svg() -> None:
    only = summarize([point("LSTM 1, 2, 3")], measured("LSTM 1, 2, 3", charlm=[120]))
    assert not ET.fromstring(picture(only, "")).findall("{http://www.w3.org/2000/svg}rect")


def test_busy_machine_is_said_plainly() -> None:
    assert "WAS BUSY" in describe_load([1.0, 2.0], [0.5, 0.4], 2)
    assert "was quiet" in describe_load([2.0], [0.05], 2)
    assert "not known" in describe_load([None], [None], 2)
    assert describe_load([], [], 2)


def test_all_points_have_one_name_and_contestants_that_targets_speak_of() -> None:
    every = points(tuple(GROUPS), seconds=1.0, cores=4)
    assert len({(p.group, p.title) for p in every}) == len(every)
    assert {p.group for p in every} == set(GROUPS)
    for p in every:
        names = [contestant.name for contestant in p.contestants]
        assert len(set(names)) == len(names)
        assert {t.of for t in p.targets} | {t.over for t in p.targets if t.over} <= set(names)


def test_a_core_of_four_explains_a_quarter() -> None:
    (busy,) = points(("busy",), seconds=1.0, cores=4)
    assert {target.bound for target in busy.targets} == {0.75, None}


def test_a_pattern_may_cost_three_tenths_more_than_none() -> None:
    one, block = points(("constrained",), seconds=1.0, cores=4)
    assert [c.job.pattern for c in one.contestants] == ["", *PATTERNS.values()]
    assert {c.job.streams for c in block.contestants} == {batch_width(128)}
    values = dict(zip([c.name for c in one.contestants], [10.0, 13.0, 13.1, 12.0, 13.2, 11.0, 12.9], strict=True))
    measurements = [Measurement(one.group, one.title, name, 0, v, "", 0, 0, {}) for name, v in values.items()]
    (result,) = summarize([one], measurements)
    assert [verdict.met for verdict in result.verdicts] == [True, False, True, False, True, True]
    assert "    300 words ÷ unconstrained: target at most 1.3, reached 1.31, MISSED" in result_lines(result)
    assert "any text 13.00" in result_lines(result)[0]
