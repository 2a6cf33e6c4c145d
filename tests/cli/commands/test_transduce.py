"""``charlm transduce``: a line in, a line out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.cli.entry import run
from charlm.cli.terminal.streams import lines_at_once
from charlm.cli.writing import transductions
from charlm.text.pairs import escaped
from tests.markup import check_page, check_picture
from tests.models.pairs import STOP, make

ENVIRONMENT = {**os.environ, "PYTHONUNBUFFERED": "", "PYTHONPATH": os.pathsep.join(sys.path)}
CHARLM = [sys.executable, "-m", "charlm"]


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, charlm.Transducer]:
    monkeypatch.chdir(tmp_path)
    made = {name: make(name) for name in ("text", "no-attention", "label", "tags")}
    for name, model in made.items():
        if model.config.output == "text":
            model.params["head.b"][STOP] = -1.0  # so that its texts are not empty
        charlm.save(model, f"{name}.npz")
    return made


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    def give(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


class TestStrings:
    @pytest.mark.parametrize("name", ["text", "no-attention", "label", "tags"])
    def test_a_line_each(self, models, capsys, name):
        sources = ["abcde", "e", "ddcab"]
        assert run(["transduce", f"{name}.npz", *sources, "--length", "7"]) == 0
        expected = [one.text for one in charlm.transduce(models[name], sources, length=7)]
        assert capsys.readouterr().out.splitlines() == expected

    @pytest.mark.parametrize("flags", [{"beam": 3}, {"temperature": 1.5, "seed": 4}])
    def test_settings(self, models, capsys, flags):
        words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
        assert run(["transduce", "text.npz", "abc", "eda", "--length", "7", *words]) == 0
        out, err = capsys.readouterr()
        expected = charlm.transduce(models["text"], ["abc", "eda"], length=7, **flags)
        assert out.splitlines() == [one.text for one in expected]
        assert "seed" not in err

    def test_other_programs_names(self, capsys):
        assert run(["transduce", "text.npz", "abc", "--num-beams", "2", "--max_new_tokens", "3"]) == 0
        assert len(capsys.readouterr().out) <= 4

    def test_a_seed_is_chosen_and_reported(self, capsys):
        call = ["transduce", "text.npz", "abc", "--temp", "2", "--length", "30"]
        assert run(call) == 0
        out, err = capsys.readouterr()
        seed = next(line for line in err.splitlines() if line.startswith("seed ")).split()[1]
        assert run([*call, "--seed", seed]) == 0
        assert capsys.readouterr().out == out

    def test_an_output_without_an_end_is_reported(self, models, capsys):
        cut = [one.finish_reason for one in charlm.transduce(models["text"], ["abc", "d"], length=1)].count(
            "length"
        )
        assert cut
        assert run(["transduce", "text.npz", "abc", "d", "--length", "1"]) == 0
        assert f"{cut} output" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("flags", "says"),
        [
            (["--beam", "0"], "--beam is 0"),
            (["--temp", "-1"], "--temperature is -1.0"),
            (["--length", "0"], "--length is 0"),
            (["--seed", "-1", "--temp", "1"], "--seed is -1"),
            (["--beam", "2", "--temp", "1"], "--beam and --temperature exclude each other"),
            (["--on-unknown", "nope"], "--on-unknown is 'nope'; choose one of error, skip, replace"),
        ],
    )
    def test_settings_out_of_range(self, capsys, flags, says):
        assert run(["transduce", "text.npz", "abc", *flags]) == 2
        out, err = capsys.readouterr()
        assert says in err
        assert (out, err.count("\n")) == ("", 1)

    def test_unknown_characters(self, capsys):
        assert run(["transduce", "text.npz", "abc", "a?c"]) == 3
        out, err = capsys.readouterr()
        assert len(out.splitlines()) == 1
        assert "string 2: character '?' at offset 1" in err
        assert run(["transduce", "text.npz", "a?c", "--on-unknown", "skip"]) == 0


class TestStandardInput:
    def test_each_line_is_a_source_and_so_is_an_empty_one(self, models, capsys, typed):
        typed(b"abc\n\nde\r\ncab")
        assert run(["transduce", "text.npz", "--length", "7"]) == 0
        expected = charlm.transduce(models["text"], ["abc", "", "de", "cab"], length=7)
        assert capsys.readouterr().out.splitlines() == [one.text for one in expected]

    def test_a_seed_is_for_all_lines_however_they_come(self, models, capsys, typed, monkeypatch):
        sources = ["abc", "dea", "aa", "bcd", "e"]
        expected = [
            one.text for one in charlm.transduce(models["text"], sources, temperature=2.0, seed=3, length=9)
        ]
        for at_once in (1, 2, 256):
            monkeypatch.setattr("charlm.cli.arguments.sources.AT_ONCE", at_once)
            typed("\n".join(sources).encode())
            assert run(["transduce", "text.npz", "--temp", "2", "--seed", "3", "--length", "9"]) == 0
            assert capsys.readouterr().out.splitlines() == expected

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            (b"a?c", "line 3: character '?' at offset 1 is not among this model's 5"),
            (b"a\\qc", "line 3 of standard input has an unknown escape \\q"),
            (b"a\xffc", "line 3 of standard input is not UTF-8 at byte 1"),
        ],
    )
    def test_what_comes_before_a_wrong_line_is_answered(self, models, capsys, typed, line, says):
        typed(b"abc\nde\n" + line + b"\nabc\n")
        assert run(["transduce", "text.npz", "--length", "7"]) == 3
        out, err = capsys.readouterr()
        assert out.splitlines() == [one.text for one in charlm.transduce(models["text"], ["abc", "de"], length=7)]
        assert says in err
        assert err.count("\n") == 1 + ("no end" in err)

    def test_escapes_go_both_ways(self, capsys, typed):
        vocabulary = charlm.Vocabulary.from_text("\n\t\\at")
        config = charlm.TransducerConfig(output="tags", hidden_size=4)
        charlm.save(charlm.Transducer(config, vocabulary, vocabulary), "odd.npz")
        sources = ["a\na", "\\t", "\t\\\n"]
        typed("".join(escaped(source) + "\n" for source in sources).encode())
        assert run(["transduce", "odd.npz", "--json"]) == 0
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [one["source"] for one in found] == sources
        assert run(["transduce", "odd.npz", *sources]) == 0
        assert capsys.readouterr().out.splitlines() == [escaped(one["text"]) for one in found]

    def test_a_byte_order_mark_is_dropped(self, models, capsys, typed):
        typed(b"\xef\xbb\xbfabc\r\nde\r\n")
        assert run(["transduce", "text.npz", "--length", "7"]) == 0
        expected = charlm.transduce(models["text"], ["abc", "de"], length=7)
        assert capsys.readouterr().out.splitlines() == [one.text for one in expected]

    def test_no_lines_no_answers(self, capsys, typed):
        typed(b"")
        assert run(["transduce", "text.npz"]) == 0
        assert capsys.readouterr().out == ""

    def test_a_line_is_answered_before_the_next_comes(self):
        with subprocess.Popen(
            [*CHARLM, "transduce", "label.npz"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=ENVIRONMENT,
            text=True,
            bufsize=1,
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            patience = threading.Timer(60, child.kill)  # rather than wait for ever
            patience.start()
            for source in ("abc", "e", "abc"):
                child.stdin.write(f"{source}\n")
                assert child.stdout.readline().strip() in ("good", "bad", "ugly")
            child.stdin.close()
            assert child.wait() == 0
            patience.cancel()

    @pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
    def test_ctrl_c_ends_it_quietly(self):
        with subprocess.Popen(
            [*CHARLM, "transduce", "label.npz"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            assert child.stderr is not None
            child.stdin.write(b"abc\n")
            child.stdin.flush()
            child.stdout.readline()
            child.send_signal(signal.SIGINT)
            assert child.wait() == 130
            assert child.stderr.read() == b""

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
    def test_a_reader_that_has_enough(self):
        lines = b"abc\n" * 50_000
        child = subprocess.run(
            f"{sys.executable} -m charlm transduce label.npz | head -n 1; echo ${{PIPESTATUS[0]}}",
            shell=True,
            executable="/bin/bash",
            input=lines,
            capture_output=True,
            env=ENVIRONMENT,
        )
        assert child.stdout.splitlines()[1] == b"0"
        assert child.stderr == b""


class TestLinesAtOnce:
    class Pieces:
        """A stream that gives one piece at a time."""

        def __init__(self, *pieces: bytes) -> None:
            self.pieces = list(pieces)

        def read1(self, _size: int) -> bytes:
            return self.pieces.pop(0) if self.pieces else b""

    def test_lines_that_come_in_pieces(self):
        stream: Any = self.Pieces(b"on", b"e\ntw", b"o\n", b"\nthree\nfo", b"ur")
        assert list(lines_at_once(stream, 9)) == [[b"one"], [b"two"], [b"", b"three"], [b"four"]]


class TestJson:
    @pytest.mark.parametrize("name", ["text", "label", "tags"])
    def test_all_of_an_answer(self, models, capsys, name):
        assert run(["transduce", f"{name}.npz", "abc", "--length", "7", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        (expected,) = charlm.transduce(models[name], ["abc"], length=7)
        for field in ("source", "text", "score", "finish_reason"):
            assert found[field] == getattr(expected, field)
        assert found["logprobs"] == list(expected.logprobs)
        assert found["symbols"] == list(expected.symbols)
        assert found.get("probabilities", {}) == expected.probabilities
        assert "attention" not in found
        assert "seed" not in found

    def test_attention_and_seed(self, models, capsys):
        flags = ["--length", "7", "--temp", "1", "--seed", "5", "--attention", "--json"]
        assert run(["transduce", "text.npz", "abc", *flags]) == 0
        found = json.loads(capsys.readouterr().out)
        (expected,) = charlm.transduce(models["text"], ["abc"], length=7, temperature=1.0, seed=5)
        assert expected.attention is not None
        np.testing.assert_allclose(found["attention"], expected.attention)
        assert (found["seed"], found["source_symbols"]) == (5, ["a", "b", "c"])


class TestAttention:
    def test_a_map_below_its_line(self, models, capsys):
        assert run(["transduce", "text.npz", "abc", "--length", "4", "--attention"]) == 0
        out = capsys.readouterr().out.splitlines()
        (expected,) = charlm.transduce(models["text"], ["abc"], length=4)
        assert out[0] == expected.text
        assert out[1].split() == ["a", "b", "c"]
        assert [row.split()[0] for row in out[2 : 2 + len(expected.symbols)]] == [
            symbol or "end" for symbol in expected.symbols
        ]

    def test_pictures(self, capsys):
        call = ["transduce", "text.npz", "abc", "de", "--svg", "a.svg", "--html", "a.html"]
        assert run(call) == 0
        picture, page = Path("a.svg").read_text("utf-8"), Path("a.html").read_text("utf-8")
        check_picture(picture)
        check_page(page)
        assert "abc → " in picture
        assert "de → " in page
        capsys.readouterr()
        assert run(call) == 2
        assert "'a.svg' exists" in capsys.readouterr().err
        assert run([*call, "--force"]) == 0

    def test_so_many_maps_are_enough(self, capsys, monkeypatch):
        monkeypatch.setattr(transductions, "PICTURED", 2)
        assert run(["transduce", "text.npz", "a", "b", "c", "--html", "a.html"]) == 0
        assert Path("a.html").read_text("utf-8").count("<table>") == 2
        assert "the first 2 of 3 sources" in capsys.readouterr().err

    def test_a_folder_that_is_not_there(self, capsys):
        assert run(["transduce", "text.npz", "abc", "--svg", "missing/a.svg"]) == 5
        assert "create the folder first" in capsys.readouterr().err

    @pytest.mark.parametrize("flags", [["--attention"], ["--svg", "a.svg"], ["--html", "a.html"]])
    @pytest.mark.parametrize("name", ["label", "tags", "no-attention"])
    def test_a_model_without_it(self, capsys, name, flags):
        assert run(["transduce", f"{name}.npz", "abc", *flags]) == 2
        assert "this model has no attention" in capsys.readouterr().err


class TestKinds:
    @pytest.fixture
    def language_model(self) -> None:
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("abc"))
        charlm.save(model, "lm.npz")

    def save(self, source: str, name: str, saved_s: int) -> None:
        folder = Path("checkpoints", name)
        folder.mkdir(parents=True)
        (folder / "best.npz").write_bytes(Path(source).read_bytes())
        os.utime(folder / "best.npz", (saved_s, saved_s))

    @pytest.mark.parametrize("command", ["sample", "console", "score", "eval --dynamic"])
    def test_commands_for_language_models(self, capsys, command):
        words = command.split()
        texts = ["--text", "abc"] if words[0] in ("score", "eval") else []
        code = run([words[0], "text.npz", *texts, *words[1:]])
        err = capsys.readouterr().err
        assert code in (2, 4)
        assert err.count("\n") == 1
        assert "transduce" in err

    @pytest.mark.usefixtures("language_model")
    def test_transduce_on_a_language_model(self, capsys):
        assert run(["transduce", "lm.npz", "abc"]) == 4
        err = capsys.readouterr().err
        assert "it holds a language model, not a transducer; charlm sample," in err

    def test_the_model_comes_first(self, capsys):
        assert run(["transduce", "abc", "de"]) == 4
        assert "MODEL comes first, then each STRING" in capsys.readouterr().err

    @pytest.mark.usefixtures("language_model")
    def test_the_newest_run_of_the_right_kind(self, models, capsys, typed):
        self.save("lm.npz", "poems", 4_000_000_000)
        self.save("label.npz", "labels", 3_000_000_000)
        self.save("text.npz", "texts", 2_000_000_000)
        typed(b"abc\n")
        assert run(["transduce"]) == 0
        out, err = capsys.readouterr()
        assert out == charlm.transduce(models["label"], "abc")[0].text + "\n"
        assert err == "model labels, the newest run of a transducer\n"
        self.save("text.npz", "newest", 5_000_000_000)
        assert run(["sample", "--length", "3", "--seed", "1"]) == 0
        assert "model poems, the newest run of a language model\n" in capsys.readouterr().err

    def test_no_run_of_the_right_kind(self, capsys, monkeypatch, language_model):
        monkeypatch.setattr("charlm.checkpoint.locate.SHIPPED_FOLDERS", ())
        assert run(["transduce"]) == 4
        assert "train one first: charlm train --pairs FILE.tsv" in capsys.readouterr().err
        self.save("lm.npz", "poems", 4_000_000_000)
        assert run(["transduce"]) == 4
        err = capsys.readouterr().err
        assert "no run in 'checkpoints' holds a transducer; train one first: charlm train --pairs FILE.tsv" in err
        assert "the newest run holds a language model: charlm sample" in err

    def test_a_damaged_run_is_not_passed_over(self, capsys):
        self.save("text.npz", "good", 3_000_000_000)
        self.save("text.npz", "bad", 4_000_000_000)
        data = Path("checkpoints/bad/best.npz").read_bytes()
        Path("checkpoints/bad/best.npz").write_bytes(data[: len(data) // 2])
        os.utime("checkpoints/bad/best.npz", (4_000_000_000, 4_000_000_000))
        assert run(["transduce"]) == 4
        assert "checkpoints/bad" in capsys.readouterr().err.replace("\\", "/")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
class TestTerminal:
    def test_a_person_types(self, terminal):
        screen = terminal("-m", "charlm", "transduce", "label.npz", PYTHONPATH=ENVIRONMENT["PYTHONPATH"])
        screen.wait("a source a line; Ctrl-D ends")
        screen.send("a?c\r")
        screen.wait("character '?' at offset 1")  # and it goes on
        screen.send("abc\r")
        screen.wait(lambda screen: screen.rows[5] in ("good", "bad", "ugly"))
        screen.send("\x04")
        assert screen.end() == 0

    @pytest.mark.parametrize("columns", [40, 80])
    def test_a_map_fits(self, terminal, columns):
        call = ["transduce", "text.npz", "abcde" * 10, "--length", "4", "--attention"]
        screen = terminal("-m", "charlm", *call, columns=columns, PYTHONPATH=ENVIRONMENT["PYTHONPATH"])
        assert screen.end() == 0
        rows = screen.rows
        heads = [
            rows[k - 1].split() for k, row in enumerate(rows) if row.startswith(rows[2][:2]) and "a" in rows[k - 1]
        ]
        assert "".join("".join(head) for head in heads) == "abcde" * 10
        assert len(heads) == (2 if columns == 40 else 1)

    def test_raw_is_refused(self, terminal):
        screen = terminal(
            "-m", "charlm", "transduce", "text.npz", "abc", "--raw", PYTHONPATH=ENVIRONMENT["PYTHONPATH"]
        )
        assert screen.end() == 2


def test_raw_and_sanitised(capsys):
    vocabulary = charlm.Vocabulary.from_text("ab")
    config = charlm.TransducerConfig(output="label", hidden_size=4)
    charlm.save(charlm.Transducer(config, vocabulary, ["\x1b[2J\n\u202e"]), "evil.npz")
    assert run(["transduce", "evil.npz", "ab"]) == 0
    assert capsys.readouterr().out == "␛[2J\\n\\u202e\n"
    assert run(["transduce", "evil.npz", "ab", "--raw"]) == 0
    assert capsys.readouterr().out == "\x1b[2J\\n\u202e\n"


def test_it_says_that_it_transduces_but_not_that_it_waits_for_input(monkeypatch, typed, capsys):
    waits: list[str] = []

    @contextlib.contextmanager
    def watched(task: str) -> Iterator[None]:
        waits.append(task)
        yield
        waits.append("done")

    monkeypatch.setattr("charlm.cli.arguments.sources.waiting", watched)
    typed(b"abc\nde\n")
    assert run(["transduce", "label.npz"]) == 0
    assert waits == ["transducing", "done"] * (len(waits) // 2)
    assert waits
    waits.clear()
    typed(b"")
    assert run(["transduce", "label.npz"]) == 0
    assert not waits
