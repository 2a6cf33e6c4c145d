"""The views of ``charlm score``, and long texts, which are shown as they are read."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from xml.dom import minidom

import pytest

import charlm
from charlm.analysis import Totals, likeliest
from charlm.cli.entry import run

TEXT = 'He said "no".\n\nThen: yes é.\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    vocabulary = charlm.Vocabulary.from_text(TEXT)
    for size in (5, 7):
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=size), vocabulary, seed=size)
        model.params.value *= 4
        charlm.save(model, folder / f"h{size}.npz")
    (folder / "text.txt").write_text(TEXT, encoding="utf-8", newline="")
    return folder


def score(folder, *flags, capsys):
    assert run(["score", str(folder / "h5.npz"), str(folder / "text.txt"), *map(str, flags)]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_long_text_is_shown_as_a_short_one(folder, capsys, monkeypatch, flags):
    whole = score(folder, *flags, capsys=capsys)
    monkeypatch.setattr("charlm.cli.commands.score.LONG", 3)
    monkeypatch.setattr("charlm.analysis.surprisal._CHUNK", 100)
    assert score(folder, *flags, capsys=capsys) == whole


def test_likeliest_characters_stand_under_each(folder, capsys):
    found = list(likeliest(charlm.load(folder / "h5.npz"), TEXT))
    data = json.loads(score(folder, "--likeliest", "--json", capsys=capsys))
    assert [[one["symbol"] for one in row] for row in data["likeliest"]] == [
        [s for s, _ in row[2]] for row in found
    ]
    rows = score(folder, "--likeliest", capsys=capsys).split("\n")
    assert rows[0] == 'He said "no".␊'
    best = "".join(row[2][0].symbol for row in found[1:14]).replace(" ", "␠").replace("\n", "␊")
    assert rows[1] == " " + best


def test_totals_are_those_of_the_library(folder, capsys):
    totals = Totals()
    for symbol, bits, candidates in likeliest(charlm.load(folder / "h5.npz"), TEXT):
        totals.add(symbol, bits, candidates)
    data = json.loads(score(folder, "--totals", "--json", capsys=capsys))
    assert data == json.loads(json.dumps(totals.to_json()))
    shown = score(folder, "--totals", capsys=capsys)
    assert f"{totals.bits:.3f} bits on average" in shown
    assert "lower-case letters" in shown


def test_two_models_are_compared_character_by_character(folder, capsys, tmp_path):
    flags = ("--against", folder / "h7.npz")
    data = json.loads(score(folder, *flags, "--json", capsys=capsys))
    for name, file in (("bits", "h5.npz"), ("against", "h7.npz")):
        expected = charlm.score(charlm.load(folder / file), TEXT).bits
        assert data[name][1:] == pytest.approx(expected[1:].tolist())
    shown = score(folder, *flags, "--svg", tmp_path / "a.svg", "--html", tmp_path / "a.html", capsys=capsys)
    signs = [b - a for a, b in zip(data["bits"][1:13], data["against"][1:13], strict=True)]
    assert shown.split("\n")[1][1:13] == "".join("+" if d >= 0.5 else "-" if d <= -0.5 else " " for d in signs)
    minidom.parse(str(tmp_path / "a.svg"))
    mean = math.fsum(data["bits"][1:]) / len(data["bits"][1:])
    assert f"h5.npz {mean:.3f} bits" in shown


def test_two_views_are_refused(folder, capsys):
    assert run(["score", str(folder / "h5.npz"), "--text", "He", "--totals", "--likeliest"]) == 2
    assert "--likeliest and --totals are two views" in capsys.readouterr().err


def test_a_reader_that_closes_the_pipe_ends_the_program_quietly(tmp_path):
    text = "abc abc abc\n" * 20_000
    (tmp_path / "text.txt").write_text(text, encoding="utf-8", newline="")
    charlm.save(
        charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text(text), seed=0),
        tmp_path / "model.npz",
    )
    command = [sys.executable, "-m", "charlm", "score", str(tmp_path / "model.npz"), str(tmp_path / "text.txt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.read(20)
        process.stdout.close()
        assert "Traceback" not in process.stderr.read().decode()
        assert process.wait() == 0
