from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.dom import minidom

import pytest

import charlm
from charlm.analysis.baselines import text_baseline
from charlm.cli.entry import run

TEXT = "abc, \x1b[31m[bold]é日\n"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> charlm.CharModel:
    monkeypatch.chdir(tmp_path)
    return write_model("m.npz")


def write_model(path: str, **vocabulary: Any) -> charlm.CharModel:
    known = charlm.Vocabulary.from_text(TEXT, **vocabulary)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=5), known, seed=2)
    charlm.save(model, path)
    return model


class TestEval:
    def test_numbers(self, model, capsys):
        Path("text.txt").write_text(TEXT * 3, encoding="utf-8")
        assert run(["eval", "m.npz", "text.txt"]) == 0
        out, err = capsys.readouterr()
        expected = charlm.evaluate(model, TEXT * 3)
        assert f"{expected.nats:.4f}" in out
        assert f"{expected.bits_per_char:.4f}" in out
        assert f"{expected.perplexity:.3f}" in out
        assert err == ""

    def test_json(self, model, capsys):
        assert run(["eval", "m.npz", "--text", TEXT, "--json"]) == 0
        result, expected = json.loads(capsys.readouterr().out), charlm.evaluate(model, TEXT)
        assert result["nats"] == expected.nats
        assert result["bits_per_char"] == expected.bits_per_char
        assert result["perplexity"] == expected.perplexity
        assert result["characters"] == len(TEXT) - 1

    def test_dynamic(self, model, capsys):
        flags = ["--dynamic", "--dynamic-rate", "0.007", "--dynamic-decay", "0.02", "--dynamic-length", "3"]
        assert run(["eval", "m.npz", "--text", TEXT * 9, *flags, "--json"]) == 0
        result = json.loads(capsys.readouterr().out)
        settings = charlm.DynamicConfig(rate=0.007, decay=0.02, length=3)
        assert result["nats"] == charlm.evaluate(model, TEXT * 9, dynamic=settings).nats
        assert result["dynamic"] == asdict(settings)
        assert run(["eval", "m.npz", "--text", TEXT * 9, *flags]) == 0
        assert "dynamic: rate 0.007, decay 0.02, every 3 characters\n" in capsys.readouterr().out

    def test_details_are_of_the_model_as_trained(self, model, capsys):
        said = "The model as trained, which does not learn:\n"
        for flags in ([], ["--dynamic"]):
            assert run(["eval", "m.npz", "--text", TEXT, "--details", *flags]) == 0
            assert (said in capsys.readouterr().out) == bool(flags)

    def test_it_is_dynamic_only_if_asked_for(self, model, capsys):
        assert run(["eval", "m.npz", "--text", TEXT, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["dynamic"] is None
        assert run(["eval", "m.npz", "--text", TEXT]) == 0
        assert "dynamic" not in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("flags", "code", "words"),
        [
            (["--dynamic-rate", "1"], 2, "--dynamic-rate is for dynamic evaluation; add --dynamic"),
            (["--dynamic", "--dynamic-length", "0"], 2, "dynamic-length is 0; it must be at least 1"),
            (
                ["--dynamic", "--dynamic-rate", "1e39"],
                6,
                "diverged after 20 symbols; lower --dynamic-rate, say to 3.3e+38",
            ),
        ],
    )
    def test_dynamic_settings_that_do_not_do(self, model, capsys, flags, code, words):
        assert run(["eval", "m.npz", "--text", TEXT * 9, *flags]) == code
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert words in err

    def test_several_files_are_one_text(self, model, capsys):
        Path("1").write_text("abc", encoding="utf-8")
        Path("2").write_text("cab", encoding="utf-8")
        assert run(["eval", "m.npz", "1", "2", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["nats"] == charlm.evaluate(model, "abccab").nats

    def test_units_are_named(self, model, capsys):
        write_model("b.npz", unit="byte")
        assert run(["eval", "b.npz", "--text", TEXT]) == 0
        out = capsys.readouterr().out
        assert "nats per byte" in out
        assert "bits per character" in out

    def test_a_baseline_beside_the_model(self, model, capsys):
        Path("train.txt").write_text(TEXT * 50, encoding="utf-8")
        assert run(["eval", "m.npz", "--text", TEXT, "--baseline", "train.txt"]) == 0
        *_, line = capsys.readouterr().out.splitlines()
        found = text_baseline(model.vocabulary, TEXT * 50, TEXT)
        assert line.split() == [f"{found.order}-gram", "baseline,", "nats", f"{found.nats:.4f}"]
        assert run(["eval", "m.npz", "--text", TEXT, "--baseline", "train.txt", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["baseline"] == found.to_json()
        assert run(["eval", "m.npz", "--text", TEXT, "--baseline", "missing"]) == 3

    def test_on_unknown(self, model, capsys):
        assert run(["eval", "m.npz", "--text", "abΩc"]) == 3
        assert "'Ω'" in capsys.readouterr().err
        assert run(["eval", "m.npz", "--text", "abΩc", "--on-unknown", "skip", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["characters"] == 2


class TestScore:
    def test_json(self, model, capsys):
        assert run(["score", "m.npz", "--text", TEXT, "--json"]) == 0
        result = json.loads(capsys.readouterr().out)
        assert result["bits"][0] is None
        assert result["bits"][1:] == charlm.score(model, TEXT).bits[1:].tolist()
        assert "".join(result["pieces"]) == TEXT

    def test_a_model_of_documents_predicts_the_first_character(self, model, capsys):
        write_model("d.npz", stop=True)
        assert run(["score", "d.npz", "--text", "abc", "--json"]) == 0
        bits = json.loads(capsys.readouterr().out)["bits"]
        assert len(bits) == 3
        assert all(math.isfinite(value) for value in bits)

    def test_a_pipe_gets_digits_and_no_escapes(self, model, capsys):
        Path("text.txt").write_text(TEXT, encoding="utf-8")
        assert run(["score", "m.npz", "text.txt"]) == 0
        text, digits, *_ = capsys.readouterr().out.splitlines()
        assert text == "abc, ␛[31m[bold]é日␊"
        bits = charlm.score(model, TEXT).bits
        assert digits.replace(" ", "") == "·" + "".join(str(round(value)) for value in bits[1:])

    def test_pictures(self, model, capsys):
        assert run(["score", "m.npz", "--text", TEXT, "--svg", "a.svg", "--html", "a.html"]) == 0
        svg, html = (Path(name).read_text(encoding="utf-8") for name in ("a.svg", "a.html"))
        minidom.parseString(svg)
        assert "\x1b" not in svg + html
        assert "é" in svg
        assert "surprisal,&#160;m.npz<" in svg
        assert "é" in html

    @pytest.mark.parametrize("flag", ["--svg", "--html"])
    def test_a_file_that_exists_is_replaced_on_request_only(self, model, capsys, flag):
        Path("mine").write_text("mine", "utf-8")
        assert run(["score", "m.npz", "--text", TEXT, flag, "mine"]) == 2
        out, err = capsys.readouterr()
        assert (out, Path("mine").read_text("utf-8")) == ("", "mine")
        assert err == f"charlm: 'mine' exists; choose another {flag}, or replace it with --force\n"
        assert run(["score", "m.npz", "--text", TEXT, flag, "mine", "--force"]) == 0
        assert Path("mine").read_text("utf-8").startswith("<")

    def test_a_picture_that_cannot_be_written(self, model, capsys):
        assert run(["score", "m.npz", "--text", TEXT, "--svg", "missing/a.svg"]) == 5
        assert "'missing/a.svg'" in capsys.readouterr().err.replace("\\\\", "/")


@pytest.mark.parametrize("command", ["eval", "score"])
@pytest.mark.parametrize(
    ("flags", "code", "word"),
    [
        ([], 2, "give one text"),
        (["text.txt", "--text", "abc"], 2, "give one text"),
        (["missing"], 3, "'missing'"),
        (["bad.txt"], 3, "byte offset 1"),
        (["text.txt", "--errors", "maybe"], 2, "strict or replace"),
        (["text.txt", "--on-unknown", "guess"], 2, "on-unknown"),
    ],
)
def test_errors_are_one_line(model, capsys, command, flags, code, word):
    Path("text.txt").write_text("abc", encoding="utf-8")
    Path("bad.txt").write_bytes(b"a\xff")
    assert run([command, "m.npz", *flags]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert word in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["eval", "score"])
def test_other_encodings(model, capsys, command):
    Path("text.txt").write_bytes("aéc".encode("latin-1"))
    assert run([command, "m.npz", "text.txt", "--encoding", "latin-1", "--json"]) == 0
