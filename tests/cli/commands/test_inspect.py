"""``charlm inspect`` as a user calls it."""

from __future__ import annotations

import json
import re
from typing import NamedTuple
from xml.dom import minidom

import pytest

from charlm.cli.entry import run

TEXT = 'He said "no (not I)" and\n  went on. # a note\n\nThen "yes".\n' * 12
VIEWS = ("find", "gates", "gradients", "connectivity", "health", "neighbours")


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def charlm(capsys):
    def call(*arguments):
        code = run(list(map(str, arguments)))
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    import charlm

    folder = tmp_path_factory.mktemp("models")
    vocabulary = charlm.Vocabulary.from_text(TEXT)
    for cell in ("lstm", "rnn"):
        model = charlm.CharModel(charlm.ModelConfig(cell=cell, hidden_size=12), vocabulary, seed=0)
        charlm.save(model, folder / f"{cell}.npz")
    (folder / "text.txt").write_text(TEXT, encoding="utf-8", newline="")
    return folder


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_has_a_screen_a_picture_a_page_and_json(charlm, models, tmp_path, view):
    files = [str(tmp_path / name) for name in ("a.svg", "a.html")]
    arguments = [
        str(models / "lstm.npz"),
        *([] if view == "neighbours" else [str(models / "text.txt")]),
        f"--{view}",
    ]
    result = charlm("inspect", *arguments, "--svg", files[0], "--html", files[1])
    assert result.code == 0
    assert len(result.out.splitlines()) > 3
    minidom.parse(files[0])
    page = (tmp_path / "a.html").read_text("utf-8")
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    found = json.loads(charlm("inspect", *arguments, "--json").out)
    assert found["view"] == view
    assert found[view]


def test_a_cell_colours_every_character(charlm, models):
    found = json.loads(charlm("inspect", models / "lstm.npz", models / "text.txt", "--cell", "3", "--json").out)
    assert "".join(found["cell"]["pieces"]) == TEXT
    assert len(found["cell"]["values"]) == len(TEXT)
    assert all(-1 <= value <= 1 for value in found["cell"]["values"])
    shown = charlm("inspect", models / "lstm.npz", "--text", "He said", "--cell", "3").out
    assert re.search(r"He said\n\d{7}\n", shown)
    assert "unit 3:" in shown


def test_models_stand_side_by_side(charlm, models, tmp_path):
    page = tmp_path / "a.html"
    arguments = ("--text", TEXT[:60], "--connectivity", "--against", models / "rnn.npz", "--html", page)
    result = charlm("inspect", models / "lstm.npz", *arguments)
    assert result.code == 0
    assert page.read_text("utf-8").count("<section>") == 2
    assert "lstm.npz" in result.out
    assert "rnn.npz" in result.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--find", "--cell", "3"], 2, "--find and --cell are two views"),
        (["--cell", "12"], 2, "unit 12 is not in this model; its units are 0 to 11"),
        (["--find", "--against", "rnn.npz"], 2, "--against goes with --gradients or --connectivity"),
        (["--text", "no"], 2, "one text"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_line(charlm, models, arguments, code, message):
    result = charlm("inspect", models / "lstm.npz", models / "text.txt", *arguments)
    assert result.code == code
    assert message in result.err
    assert result.out == ""


def test_an_rnn_has_no_gates_and_a_short_text_no_units(charlm, models):
    assert "an RNN has no gates" in charlm("inspect", models / "rnn.npz", models / "text.txt", "--gates").err
    short = charlm("inspect", models / "rnn.npz", "--text", "He said")
    assert short.code == 3
    assert "at least 400" in short.err


@pytest.mark.parametrize("view", VIEWS)
def test_layers_embeddings_and_documents_have_every_view(charlm, tmp_path, view):
    import charlm as library

    vocabulary = library.Vocabulary.from_text(TEXT.replace("\n", ""), unit="byte", stop=True)
    config = library.ModelConfig(hidden_size=12, layers=2, embedding_size=5)
    library.save(library.CharModel(config, vocabulary, seed=0), tmp_path / "model.npz")
    text = [] if view == "neighbours" else ["--text", TEXT]
    result = charlm("inspect", tmp_path / "model.npz", *text, f"--{view}")
    assert result.code == 0, result.err
    assert "nan" not in result.out
    assert "per character" not in result.out  # the symbols are bytes


def test_two_flags_cannot_name_one_file(charlm, models, tmp_path):
    arguments = [models / "lstm.npz", models / "text.txt", "--health"]
    flags = ["--svg", tmp_path / "a", "--html", tmp_path / "a"]
    assert charlm("inspect", *arguments, *flags).code == 2
    assert "--svg and --html are one file" in charlm("inspect", *arguments, *flags).err
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("width", [20, 40, 80])
def test_bars_of_gradients_keep_their_names(charlm, models, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = charlm("inspect", models / "lstm.npz", models / "text.txt", "--gradients").out.splitlines()
    bars = lines[-16 if width < 80 else -8 :]
    assert max(map(len, lines)) <= width
    assert any("lstm b=1: c" in line for line in bars)
