"""The console with ``/mix``: another model joins in the middle of a text, at widths of 80 and 40 columns."""

from __future__ import annotations

from pathlib import Path

import pytest

import charlm
from charlm.conversation import Conversation

from .world import Start, decided, greek, prompted, saved, started


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    other = charlm.CharModel(charlm.ModelConfig(hidden_size=9), decided().vocabulary, seed=2)
    folders = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("o")
    return saved(folders[0], decided()), saved(folders[1], other)


@pytest.mark.parametrize("columns", [80, 40])
def test_a_text_is_continued_by_a_mixture(terminal: Start, models: tuple[Path, Path], columns: int) -> None:
    first, other = map(charlm.load, models)
    talk = Conversation(first, charlm.SampleConfig(length=30), seed=5)
    talk.append("βα")
    text = "βα" + "".join(talk.generate())
    talk.switch_model(charlm.Mixture([first, other], [0.25, 0.75]))
    talk.append("")
    more = "".join(talk.generate())

    screen = started(terminal, models[0], "--length", "30", columns=columns)
    screen.send("βα\r")
    screen.wait(lambda s: "32 chars" in s.text and prompted(s))
    screen.send(f"/mix {models[1]}:0.75\r")
    screen.wait(lambda s: "0.750  " in s.text and prompted(s))
    rows = [row for row in screen.rows if row.startswith(("0.250  ", "0.750  "))]
    assert len(rows) == 2
    assert any(row.startswith("mix ") and row.endswith("32 chars") for row in screen.rows)
    screen.send("\r")
    screen.wait(lambda s: "62 chars" in s.text and prompted(s))
    assert greek(screen) == text + more
    screen.send("/mix off\r")
    screen.wait(lambda s: "writes alone" in s.text and prompted(s))
    screen.send("/undo\r")
    screen.wait(lambda s: s.text.count("0.750  ") == 2 and prompted(s))
    screen.send("/mix nowhere:0.5\r")
    screen.wait(lambda s: "there is no checkpoint 'nowhere'" in s.text and prompted(s))
    screen.send("/bye\r")
    assert screen.end() == 0
