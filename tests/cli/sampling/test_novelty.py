from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import charlm
from charlm.analysis.novelty import overlaps
from charlm.cli.entry import run

PROGRAM = "from charlm.cli.entry import main; main()"
TEXT = "".join(f"{k} little ducks went out one day, over the hills and {k * k} away.\n" for k in range(90))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(*flags: str, text: str = TEXT) -> Path:
    Path("ducks.txt").write_bytes(text.encode())
    small = ["--hidden-size", "8", "--steps", "2", "--quiet", "--out", "run", "--batch-size", "2"]
    assert run(["train", "ducks.txt", *small, *flags]) == 0
    return Path("run")


def sampled(capsys: pytest.CaptureFixture[str], *flags: str) -> list[dict[str, Any]]:
    assert run(["sample", "run", "--json", "--seed", "5", *flags]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class TestJson:
    def test_it_tells_what_stands_where(self, folder, capsys):
        train("--val-frac", "0.2")
        samples = sampled(capsys, "--novelty", "--count", "3", "--length", "60")
        plain = sampled(capsys, "--count", "3", "--length", "60")
        learnt = TEXT[: len(TEXT) * 4 // 5]
        for one, other in zip(samples, plain, strict=True):
            found, text = one.pop("novelty"), one["text"]
            assert one == other
            (expected,) = overlaps([text], learnt)
            assert found["longest"] == len(found["text"]) == expected.longest
            assert text[found["start"] :].startswith(found["text"])
            assert learnt[found["offset"] :].startswith(found["text"])
            assert found["held_out"] > 20
            assert found["quoted"] == []

    def test_what_is_quoted(self, folder, capsys):
        train()
        (plain,) = sampled(capsys, "--length", "80")
        Path("other.txt").write_text("zz" + plain["text"][10:70] + "zz")
        (one,) = sampled(capsys, "--length", "80", "--novelty-corpus", "other.txt")
        assert one["novelty"]["quoted"] == [[10, 70]]
        assert one["novelty"]["offset"] == 2
        assert one["novelty"]["held_out"] is None

    def test_a_text_that_is_empty(self, folder, capsys):
        train()
        (one,) = sampled(capsys, "--length", "0", "--novelty")
        assert one["novelty"]["longest"] == 0
        assert one["novelty"]["text"] == ""


class TestText:
    def test_a_line_beside_it(self, folder, capsys):
        train()
        assert run(["sample", "run", "--seed", "5", "--length", "50"]) == 0
        text = capsys.readouterr().out
        assert run(["sample", "run", "--seed", "5", "--length", "50", "--novelty"]) == 0
        out, err = capsys.readouterr()
        assert out == text
        assert err.startswith("writing: longest run in the training text ")
        assert " of 50 characters (held-out text: up to " in err
        assert err.count("\n") == 1

    def test_one_for_each_sample(self, folder, capsys):
        train("--val-frac", "0")
        flags = ["sample", "run", "--seed", "5", "--length", "50", "--count", "3", "--prompt", "ducks"]
        assert run(flags) == 0
        text = capsys.readouterr().out
        assert run([*flags, "--novelty"]) == 0
        out, err = capsys.readouterr()
        assert out == text
        lines = err.splitlines()
        assert [line.split(": ")[:2] for line in lines] == [[f"seed {k}", "writing"] for k in (5, 6, 7)]
        assert "held-out" not in err
        assert run(["sample", "run", "--beam", "3", "--count", "2", "--length", "50", "--novelty"]) == 0
        assert [line[:10] for line in capsys.readouterr().err.splitlines()] == ["sample 1: ", "sample 2: "]

    def test_it_is_harmless(self, folder, capsys):
        train("--val-frac", "0", text="\x1b[31m\x07\x9b\u202e\r" * 60)
        assert run(["sample", "run", "--seed", "5", "--length", "50", "--novelty", "--temp", "0"]) == 0
        assert not set("".join(capsys.readouterr())) & set("\x1b\x07\x9b\u202e\r")

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
    @pytest.mark.parametrize("columns", [40, 80])
    def test_quotations_are_underlined_on_a_terminal(self, folder, capsys, terminal: Callable[..., Any], columns):
        train(text=TEXT.replace("\n", "/").replace(" ", "_"))
        (plain,) = sampled(capsys, "--length", "100")
        whole = plain["text"]
        Path("other.txt").write_bytes(whole[30:70].encode())
        flags = ("sample", "run", "--seed", "5", "--length", "100", "--novelty-corpus", "other.txt")
        screen = terminal("-c", PROGRAM, *flags, columns=columns)
        assert screen.end() == 0
        assert screen.text.replace("\n", "").startswith(whole)
        painted = "".join(
            screen._screen.buffer[k][n].data
            for k in range(24)
            for n in range(columns)
            if screen._screen.buffer[k][n].underscore
        )
        assert painted == whole[30:70]
        assert "quoting: longest run in the training text 40 of 100" in " ".join(screen.text.split())


class TestErrors:
    @pytest.fixture
    def fails(self, folder, capsys) -> Callable[..., str]:
        def check(code: int, *flags: str) -> str:
            assert run(["sample", "run", "--seed", "1", "--length", "9", *flags]) == code
            out, err = capsys.readouterr()
            assert out == ""
            assert err.count("\n") == 1
            return err

        return check

    def test_the_text_is_gone(self, fails):
        train()
        Path("ducks.txt").unlink()
        message = fails(3, "--novelty")
        assert "'ducks.txt'; give the text with --novelty-corpus" in message
        assert "gone.txt" in fails(3, "--novelty", "--novelty-corpus", "gone.txt")

    def test_nothing_is_written_then(self, fails):
        train()
        Path("ducks.txt").unlink()
        fails(3, "--novelty", "--output", "o.txt")
        assert not Path("o.txt").exists()

    def test_the_text_is_another(self, fails):
        train()
        Path("ducks.txt").write_text("drakes")
        assert "has changed ('ducks.txt'); give the text with --novelty-corpus" in fails(3, "--novelty")

    def test_a_model_that_was_saved_by_hand(self, fails, capsys):
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=5), charlm.Vocabulary.from_text("abc\n"))
        Path("run").mkdir()
        charlm.save(model, "run/last.npz")
        assert "does not say what text it has learnt; give the text with --novelty-corpus" in fails(2, "--novelty")
        Path("abc.txt").write_text("abcabc")
        assert run(["sample", "run", "--seed", "1", "--length", "9", "--novelty-corpus", "abc.txt"]) == 0
        assert "longest run" in capsys.readouterr().err
