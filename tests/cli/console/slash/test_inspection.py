from __future__ import annotations

import re
from typing import Any

import numpy as np

from charlm.config import SampleConfig
from charlm.generation import Sampler


def test_probabilities_are_those_that_are_drawn_from(desk: Any) -> None:
    desk.turn("ab")
    desk.shown("/set top-k 3")
    desk.shown("/set temp 1.5")
    rows = desk.shown("/probs").splitlines()
    figures = [float(re.search(r"[\d.]+(?= %)", row)[0]) for row in rows]
    assert len(figures) == 3
    assert abs(sum(figures) - 100) < 0.2
    sampler = Sampler(desk.talk.model, SampleConfig(top_k=3, temperature=1.5), rng=np.random.default_rng(1))
    here = desk.talk.snapshot().start.position
    counts = np.zeros(5)
    for _ in range(4000):
        sampler.position = here
        counts[sampler.draw()] += 1
    assert np.abs(np.sort(counts)[:-4:-1] / 40 - figures).max() < 4  # percent; five standard deviations


def test_looking_changes_nothing(desk: Any) -> None:
    desk.turn("ab")
    before = desk.talk.snapshot()
    desk.shown("/probs 2"), desk.shown("/heat")
    again = desk.talk.snapshot()
    assert (again.start.random, again.last) == (before.start.random, before.last)
    assert again.start.position.last == before.start.position.last


def test_how_many(desk: Any) -> None:
    desk.turn("ab a")
    assert len(desk.shown("/probs 2").splitlines()) == 3  # and all others
    assert "; 4 predicted" in desk.shown("/heat 4")
    assert "; 8 predicted" in desk.shown("/heat")  # all but the first


def test_blanks_and_controls_can_be_seen(desk: Any) -> None:
    rows = desk.shown("/probs").splitlines()
    assert sorted(row.split()[0] for row in rows) == ["a", "b", "␊", "␛", "␠"]


def test_heat_from_here_on(desk: Any) -> None:
    assert "no colour here" in desk.shown("/heat on")
    assert not desk.talk.records_surprisal
    desk.context.colours = True
    assert desk.shown("/heat on").startswith("Surprisal in bits:")
    desk.turn("ab")
    assert len(desk.talk.last.bits) == len(desk.talk.last.generated) == 5
    assert desk.shown("/heat off") == "heat off\n"
    desk.turn("ab")
    assert desk.talk.last.bits == []
