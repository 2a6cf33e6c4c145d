"""MODEL and TEXT on the command line: names, what is left out, and what stands in the other's place."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

import charlm
from charlm.cli.entry import run

TEXT = "the cat sat on the mat. " * 40
SMALL = ["--steps", "1", "--hidden-size", "4", "--batch-size", "2", "--seq-length", "9", "--quiet"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs, of which cats is the newer, and two texts."""
    monkeypatch.chdir(tmp_path)
    for name in ("cats.txt", "more.txt"):
        Path(name).write_text(TEXT, "utf-8")
    for seconds, name in ((1000, "older"), (2000, "cats")):
        assert run(["train", "cats.txt", "--out", f"checkpoints/{name}", "--seed", str(seconds), *SMALL]) == 0
        os.utime(f"checkpoints/{name}/last.npz", (seconds, seconds))


def nats(words: list[str], capsys: pytest.CaptureFixture[str]) -> float:
    capsys.readouterr()
    assert run([*words, "--json"]) == 0
    return float(json.loads(capsys.readouterr().out)["nats"])


def fails(words: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run(words) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err.removeprefix("charlm: ").removesuffix("\n").replace("\\\\", "/")


class TestNames:
    @pytest.mark.parametrize(
        "words",
        [
            ["sample", "MODEL", "--length", "5"],
            ["console", "MODEL", "--prompt", "the", "--length", "5"],
            ["eval", "MODEL", "cats.txt"],
            ["score", "MODEL", "cats.txt"],
            ["info", "MODEL"],
            ["plot", "MODEL"],
            ["resume", "MODEL"],
            ["train", "cats.txt", "--init-from", "MODEL", "--out", "a", "--steps", "1", "--quiet"],
            ["train", "cats.txt", "--vocab-from", "MODEL", "--out", "b", *SMALL],
        ],
        ids=" ".join,
    )
    def test_a_run_goes_by_its_name_everywhere(
        self, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.stdin", None)
        assert run([word.replace("MODEL", "cats") for word in words]) == 0
        told = fails([word.replace("MODEL", "cast") for word in words], 4, capsys)
        assert told == "there is no checkpoint 'cast'; did you mean 'cats'? charlm info lists the runs"
        if words[0] not in ("eval", "score"):
            told = fails([word.replace("MODEL", "more.txt") for word in words], 4, capsys)
            assert told.startswith("'more.txt' is no model but a text or another file; ")

    def test_the_shipped_model_goes_by_its_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["sample", "pretrained/tales", "--length", "5"]) == 0
        assert run(["info", "pretrained/tales"]) == 0
        assert "lstm 256" in capsys.readouterr().out

    def test_the_console_takes_another_by_its_name(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        lines = b"/model older\n/model oldre\n"
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
        assert run(["console", "cats"]) == 4
        assert "did you mean 'older'?" in capsys.readouterr().err


class TestLeftOut:
    def test_the_newest_run_evaluates_what_is_given(self, capsys: pytest.CaptureFixture[str]) -> None:
        expected = nats(["eval", "cats", "more.txt"], capsys)
        assert expected != nats(["eval", "older", "more.txt"], capsys)
        assert nats(["eval", "more.txt"], capsys) == expected
        assert nats(["eval", "--text", TEXT], capsys) == expected
        twice = nats(["eval", "cats", "cats.txt", "more.txt"], capsys)
        assert nats(["eval", "cats.txt", "more.txt"], capsys) == twice

    @pytest.mark.parametrize("words", [["more.txt"], ["--text", TEXT]])
    def test_the_newest_run_scores_what_is_given(
        self, words: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["score", *words, "--json"]) == 0
        out, err = capsys.readouterr()
        expected = charlm.score(charlm.load("cats"), TEXT).bits
        assert json.loads(out)["bits"][1:] == expected[1:].tolist()
        assert err == "model cats, the newest run\n"

    def test_a_model_that_is_named_is_not_told_again(self, capsys: pytest.CaptureFixture[str]) -> None:
        capsys.readouterr()
        assert run(["eval", "cats", "more.txt"]) == 0
        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("words", [[], ["cats"]])
    def test_without_a_text_it_evaluates_what_was_held_out(
        self, words: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        held_out = TEXT[int(0.9 * len(TEXT)) :]
        assert nats(["eval", *words], capsys) == charlm.evaluate(charlm.load("cats"), held_out).nats
        assert run(["eval", *words]) == 0
        assert f"text: the {len(held_out)} characters that the run held out\n" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("flags", "expected"),
        [
            (["--val-file", "v.txt"], "the dog sat"),
            (["--val-file", "v.txt", "--unit", "byte"], "the dog sat"),
            (["--documents", "--val-file", "v.txt"], "the dog sat"),
            (["--val-file", "v.txt", "--min-count", "3"], "the �o� sat"),
        ],
    )
    def test_what_was_held_out_of_other_runs(
        self, flags: list[str], expected: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("v.txt").write_text("the dog sat", "utf-8")
        assert run(["train", "cats.txt", "--out", "r", *SMALL, *flags]) == 0
        # what is stored are predictions: the first symbol of a text of its own is only read
        read = expected if "--documents" in flags else expected[1:]
        model = charlm.load("r")
        assert nats(["eval", "r"], capsys) == charlm.evaluate(model, read, on_unknown="replace").nats

    def test_the_bytes_of_a_character_that_was_split_are_left_out(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("e.txt").write_text("é" * 45 + "e" * 11, "utf-8")  # 90 of 101 bytes are learnt
        assert run(["train", "e.txt", "--out", "r", "--unit", "byte", "--val-frac", "0.12", *SMALL]) == 0
        assert nats(["eval", "r"], capsys) > 0

    def test_nothing_was_held_out(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["train", "cats.txt", "--out", "r", "--val-frac", "0", *SMALL]) == 0
        told = fails(["eval", "r"], 2, capsys)
        assert told.startswith("nothing was held out of this model's training text; give one text: ")
        charlm.save(charlm.load("r"), "bare.npz")
        assert "does not say what text it has learnt; give one text: " in fails(["eval", "bare.npz"], 2, capsys)
        Path("cats.txt").unlink()
        told = fails(["eval", "older"], 3, capsys)
        assert told.startswith(
            "the training text cannot be read again: there is no file or folder 'cats.txt'; give "
        )


class TestSwapped:
    def test_a_text_before_a_model(self, capsys: pytest.CaptureFixture[str]) -> None:
        told = fails(["eval", "cats.txt", "cats"], 2, capsys)
        assert told == "'cats.txt' is a text and 'cats' a model, which comes first; charlm eval cats cats.txt"
        told = fails(["eval", "cats.txt", "more.txt", "checkpoints/cats/best.npz"], 2, capsys)
        assert told.endswith("; charlm eval checkpoints/cats/best.npz cats.txt more.txt")
        told = fails(["score", "builtin:tales", "cats"], 2, capsys)
        assert told.endswith("; charlm score cats builtin:tales")

    @pytest.mark.parametrize(
        "words",
        [
            ["eval", "cats", "older"],
            ["eval", "cats", "cats.txt", "checkpoints/older"],
            ["eval", "cats", "cats.txt", "--baseline", "older"],
            ["score", "cats", "checkpoints/older/best.npz"],
            ["train", "older", "--out", "r"],
            ["train", "cats.txt", "--val-file", "older", "--out", "r"],
            ["corpus", "stats", "checkpoints/older"],
            ["sample", "--novelty-corpus", "older"],
        ],
        ids=" ".join,
    )
    def test_a_model_where_a_text_belongs(self, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        told = fails(words, 2, capsys)
        assert told.endswith("' is a model where a text belongs; give a file or folder of text, or -")

    def test_two_texts(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "are two texts; give a model and one text" in fails(["score", "cats.txt", "more.txt"], 2, capsys)
        assert "give one text" in fails(["score", "cats.txt", "--text", "a"], 2, capsys)
        assert "give one text" in fails(["score"], 2, capsys)

    def test_neither(self, capsys: pytest.CaptureFixture[str]) -> None:
        told = fails(["eval", "cast"], 4, capsys)
        assert told == "there is no model and no text 'cast'; did you mean 'cats'? charlm info lists the runs"
        told = fails(["eval", "cats", "missing.txt"], 3, capsys)
        assert told == "there is no file or folder 'missing.txt'; check the name"
        assert "there is no checkpoint 'zzz'; check the name" in fails(["score", "zzz", "cats.txt"], 4, capsys)

    def test_a_text_of_a_runs_name_is_the_text(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("cats").write_text(TEXT, "utf-8")
        assert nats(["eval", "cats"], capsys) == nats(["eval", "more.txt"], capsys)
