"""``charlm eval --details``, and tables of models and texts."""

from __future__ import annotations

import json

import pytest

import charlm
from charlm.analysis import break_down
from charlm.cli.entry import run

TEXT = 'He said "no".\n\nThen: yes é.\n' * 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    vocabulary = charlm.Vocabulary.from_text(TEXT)
    for size in (5, 7):
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=size), vocabulary, seed=size)
        charlm.save(model, folder / f"h{size}.npz")
    for name, text in (("a.txt", TEXT), ("b.txt", TEXT[:40])):
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return folder


def test_the_shares_of_details_stand_below_each_other(tmp_path, capsys):
    vocabulary = charlm.Vocabulary.from_text(TEXT)
    counts = charlm.Counts(vocabulary, vocabulary.encode(TEXT))
    uniform = charlm.CharModel(charlm.ModelConfig(hidden_size=4), vocabulary)
    uniform.params.value[...] = 0
    charlm.save(charlm.Mixture([uniform, counts], [0.9999, 0.0001]), tmp_path / "m.npz")
    charlm.save(charlm.Mixture([counts]), tmp_path / "c.npz")
    places = set()
    for model in ("m.npz", "c.npz"):
        assert run(["eval", str(tmp_path / model), "--text", TEXT, "--details"]) == 0
        lines = capsys.readouterr().out.splitlines()
        start = next(k for k, line in enumerate(lines) if line.startswith("probability of likeliest"))
        rows = lines[start + 1 : lines.index("", start)]
        places |= {tuple(k for k, letter in enumerate(row) if letter == "%") for row in rows}
    assert len(places) == 1


def test_details_are_those_of_the_library(folder, capsys):
    assert run(["eval", str(folder / "h5.npz"), str(folder / "a.txt"), "--details", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = break_down(charlm.load(folder / "h5.npz"), TEXT)
    assert found["details"]["bits_per_char"] == pytest.approx(found["bits_per_char"])
    assert found["details"]["classes"]["blanks"]["bits"] == pytest.approx(expected.classes["blanks"].bits)
    assert found["details"]["calibration"]["counts"] == expected.calibration.counts.tolist()
    assert run(["eval", str(folder / "h5.npz"), str(folder / "a.txt"), "--details"]) == 0
    shown = capsys.readouterr().out
    assert f"{expected.calibration.expected_error:.2%}" in shown
    assert f"likeliest came            {expected.accuracy:.2%}" in shown


def test_models_and_texts_stand_in_one_table(folder, capsys):
    flags = [str(folder / "a.txt"), str(folder / "b.txt"), "--each", "--against", str(folder / "h7.npz")]
    assert run(["eval", str(folder / "h5.npz"), *flags, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["table"]
    assert [(row["model"], row["text"].rpartition("/")[2][-5:]) for row in rows] == [
        ("h5.npz", "a.txt"), ("h7.npz", "a.txt"), ("h5.npz", "b.txt"), ("h7.npz", "b.txt"),
    ]  # fmt: skip
    for row, (size, text) in zip(rows, [(5, TEXT), (7, TEXT), (5, TEXT[:40]), (7, TEXT[:40])], strict=True):
        assert row["nats"] == pytest.approx(charlm.evaluate(charlm.load(folder / f"h{size}.npz"), text).nats)
    assert run(["eval", str(folder / "h5.npz"), *flags]) == 0
    shown = capsys.readouterr().out
    assert shown.count("*") == 2  # the better of each text
    assert len(shown.splitlines()) == 5


@pytest.mark.parametrize(
    ("flags", "message"),
    [(["--each"], "needs a text"), (["--text", "He", "--each", "--details"], "leave them out")],
)
def test_what_does_not_fit_is_refused(folder, capsys, flags, message):
    assert run(["eval", str(folder / "h5.npz"), *flags]) == 2
    assert message in capsys.readouterr().err


def test_a_run_shows_its_baseline_and_the_true_entropy(tmp_path, capsys):
    flags = ["--steps", "2", "--hidden-size", "4", "--batch-size", "4", "--quiet", "--out", str(tmp_path / "run")]
    assert run(["train", "builtin:brackets", *flags]) == 0
    capsys.readouterr()
    assert run(["eval", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr().out
    assert "-gram baseline, nats" in shown
    assert "true entropy, nats" in shown
