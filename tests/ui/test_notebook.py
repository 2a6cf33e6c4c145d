"""Values in notebooks: their HTML, and a notebook that is really executed."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

import charlm
from charlm.analysis import Evaluation, Score
from charlm.generation import sample_many
from charlm.runs.history import History
from charlm.runs.report import Report

TEXT = 'He said "<b>no</b>".\n\nThen: yes é.\n'


@pytest.fixture(scope="module")
def model():
    return charlm.CharModel(charlm.ModelConfig(hidden_size=5), charlm.Vocabulary.from_text(TEXT), seed=0)


def test_a_score_is_a_heat_map_and_harmless():
    page = Score(np.array([np.nan, 1.0, 9.0, 3.0]), ("a", "<", "\x1b", "d"))._repr_html_()
    assert "&lt;" in page
    assert "\x1b" not in page
    assert "background-color: #7f0000" in page
    assert "4.333 bits on average" in page


def test_the_mean_below_a_long_score_is_of_all_of_it():
    found = Score(np.array([1.0] * 20_000 + [5.0] * 20_000), tuple("ab" * 20_000))._repr_html_()
    assert "3.0" in re.sub("<[^>]*>", "", found)[-400:]


def test_an_evaluation_is_a_table_and_its_text_form_stays():
    assert "<td>12,345</td>" in Evaluation(1.5, 2.164, 12345, 12345)._repr_html_()
    found = Evaluation(1.5, 2.164, 10, 10)
    assert re.search(r"<th>nats</th><td>1.5000</td>", found._repr_html_())
    assert repr(found) == "Evaluation(nats=1.5, bits_per_char=2.164, characters=10, symbols=10)"


def test_a_history_is_curves():
    history = History()
    assert history._repr_html_() == "<p>no losses yet</p>"
    for step, loss in enumerate([2.0, 1.5, 1.2], 1):
        history.add({"event": "step", "step": step, "loss": loss})
        history.add({"event": "eval", "step": step, "loss": loss + 0.1})
    assert history._repr_html_().count("<polyline") >= 2


def test_a_sample_is_its_text(model):
    (sample,) = sample_many(model, charlm.SampleConfig(length=20), seeds=[1])
    text = "".join(charlm.generate(model, length=20, seed=1))
    shown = sample._repr_html_()
    assert shown.count("\n") == text.count("\n")
    assert "<b>" not in shown


def test_other_values_are_refused():
    from charlm.ui.notebook import as_html

    with pytest.raises(TypeError, match="int has no form"):
        as_html(3)


def test_without_the_extra_progress_says_what_to_install(monkeypatch):
    from charlm.notebook import progress

    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(charlm.UsageError, match=r"charlm-toolkit\[notebook\]"):
        next(progress([Report("start")]))


CELLS = [
    "import charlm\nfrom charlm.notebook import progress\n"
    f"text = {TEXT * 40!r}\n"
    "model = charlm.CharModel(charlm.ModelConfig(hidden_size=5), charlm.Vocabulary.from_text(text))",
    "config = charlm.TrainConfig(steps=3, batch_size=2, seq_length=8)\n"
    "reports = list(progress(charlm.train(model, text, config)))\nreports[-1].event",
    "charlm.score(model, 'He said')",
    "charlm.evaluate(model, text)",
]


@pytest.mark.filterwarnings("ignore")
def test_a_notebook_runs(tmp_path, monkeypatch):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    _, trained, scored, evaluated = (cell.outputs for cell in book.cells)
    dashboards = [output for output in trained if "text/html" in output.get("data", {})]
    assert len(dashboards) == 1  # one, which was updated
    assert "nats" in dashboards[0].data["text/html"]
    assert trained[-1].data["text/plain"] == "'end'"
    assert "bits on average" in scored[0].data["text/html"]
    assert scored[0].data["text/plain"].startswith("Score(")
    assert "perplexity" in evaluated[0].data["text/html"]
