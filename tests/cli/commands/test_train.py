from __future__ import annotations

import gzip
import io
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import load_checkpoint, lock_run_folder
from charlm.cli.entry import run
from charlm.training import plan as planning

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "ran", "far", "off", "to", "see", "dog", "bird", "sun"]
SMALL = ["--hidden-size", "6", "--batch-size", "4", "--seq-length", "9", "--shards", "1", "--sample-every", "0"]
FILES = {".lock", "best.npz", "config.json", "last.npz", "log.jsonl"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> Path:
    """Run in a folder with a text and some names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "TRIAL_S", 0.01)  # a short trial is as good here
    rng = np.random.default_rng(0)
    Path("t.txt").write_text(" ".join(rng.choice(WORDS, 300)), "utf-8")
    Path("names.txt").write_text("\n".join("".join(rng.choice(list("abcdé"), 6)) for _ in range(40)), "utf-8")
    return tmp_path


def train(*flags: str, out: str = "r", small: bool = True) -> int:
    return run(["train", *flags, "--out", out, *(SMALL if small else [])])


def config(folder: str = "r") -> dict[str, Any]:
    return dict(json.loads(Path(folder, "config.json").read_text("utf-8")))


def events(folder: str = "r") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(folder, "log.jsonl").read_text("ascii").splitlines()]


class TestARun:
    def test_everything_is_in_its_folder_and_nothing_on_stdout(self, capsys):
        assert train("t.txt", "--steps", "3") == 0
        out, err = capsys.readouterr()
        assert out == ""
        assert "charlm sample r" in err
        assert {file.name for file in Path("r").iterdir()} == FILES
        assert load_checkpoint("r/last.npz").training["progress"]["step"] == 3
        assert config()["sources"] == ["t.txt"]
        assert config()["preset"] == "quick"

    def test_folders_are_numbered_where_none_is_named(self, capsys):
        for folder in ("t", "t-2"):
            assert run(["train", "t.txt", "--steps", "1", "--quiet", *SMALL]) == 0
            assert Path("checkpoints", folder, "last.npz").exists()

    def test_a_flag_beats_the_preset(self):
        shape = [
            "--model",
            "gru",
            "--gru-reset",
            "before",
            "--layers",
            "2",
            "--embedding-size",
            "3",
            "--dropout",
            "0.1",
            "--variational",
            "--weight-drop",
            "0.2",
        ]
        rates = ["--optimizer", "sgd", "--momentum", "0.5", "--learning-rate", "0.01", "--clip-norm", "0"]
        rest = [
            "--ema",
            "0.5",
            "--schedule",
            "constant",
            "--warmup",
            "0",
            "--seed",
            "9",
            "--dtype",
            "float64",
            "--preset",
            "char-rnn",
        ]
        assert train("t.txt", "--steps", "1", "--quiet", *shape, *rates, *rest) == 0
        settings = config()
        assert settings["model"] == {
            "cell": "gru",
            "hidden_size": 6,
            "layers": 2,
            "embedding_size": 3,
            "dropout": 0.1,
            "variational": True,
            "weight_drop": 0.2,
            "gru_reset": "before",
            "init": "uniform",
            "dtype": "float64",
        }
        wanted = {"optimizer": "sgd", "momentum": 0.5, "learning_rate": 0.01, "clip_norm": 0.0, "clip_value": 5.0}
        wanted |= {
            "schedule": "constant",
            "warmup": 0,
            "ema": 0.5,
            "seed": 9,
            "batch_size": 4,
            "seq_length": 9,
            "steps": 1,
        }
        assert {name: settings["train"][name] for name in wanted} == wanted
        assert settings["preset"] == "char-rnn"

    def test_flags_that_fingers_know(self):
        flags = ["--rnn-size", "5", "--num-layers", "1", "--grad-clip", "2", "--batch-size", "4", "--shards", "1"]
        assert train("t.txt", "--steps", "0", "--quiet", *flags, small=False) == 0
        assert config()["model"]["hidden_size"] == 5
        assert config()["train"]["clip_value"] == 2

    def test_no_steps_write_the_start_weights(self):
        assert train("t.txt", "--steps", "0", "--quiet") == 0
        best, last = charlm.load("r/best.npz"), charlm.load("r/last.npz")
        np.testing.assert_array_equal(best.params.value, last.params.value)
        assert [event["event"] for event in events()] == ["start", "eval", "save", "end"]

    def test_without_validation(self, capsys):
        assert train("t.txt", "--steps", "2", "--val-frac", "0") == 0
        assert events()[0]["validation_characters"] == 0
        assert {event["loss"] for event in events() if event["event"] == "eval"} == {None}
        assert Path("r/best.npz").exists()

    def test_with_a_text_to_validate_on(self):
        Path("v.txt").write_text("the cat and the ox", "utf-8")  # the x is not in the text
        assert train("t.txt", "--steps", "2", "--val-file", "v.txt", "--quiet") == 0
        assert events()[0]["validation_characters"] == 17
        model = charlm.load("r/last.npz")
        assert "x" in model.vocabulary
        assert events()[-1]["best_loss"] == pytest.approx(
            charlm.evaluate(model, "the cat and the ox").nats, rel=1e-5
        )

    def test_documents(self):
        assert train("names.txt", "--documents", "--steps", "3", "--quiet") == 0
        vocabulary = charlm.load("r").vocabulary
        assert vocabulary.stop_id == len(vocabulary) - 1 == 5
        assert "\n" not in vocabulary

    @pytest.mark.parametrize("text", ["ab", "abcdefghij", "\x00\x01", "\ufeff\r\nx", "日本", "a\u0301b"])
    def test_tiny_texts(self, text):
        Path("tiny.txt").write_bytes(text.encode())
        assert run(["train", "tiny.txt", "--steps", "2", "--hidden-size", "4", "--quiet", "--out", "r"]) == 0

    @pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
    def test_units(self, unit):
        assert train("names.txt", "--unit", unit, "--steps", "1", "--quiet") == 0
        assert charlm.load("r").vocabulary.unit == unit

    def test_the_vocabulary_of_another_model(self):
        assert train("names.txt", "t.txt", "--steps", "0", "--quiet", out="wide") == 0
        assert train("t.txt", "--vocab-from", "wide", "--steps", "1", "--quiet") == 0
        assert charlm.load("r").vocabulary == charlm.load("wide").vocabulary

    def test_min_count_and_lower_case(self):
        Path("x.txt").write_text("ABab" * 20 + "Q", "utf-8")
        assert train("x.txt", "--min-count", "2", "--lowercase", "--steps", "1", "--quiet") == 0
        assert charlm.load("r").vocabulary.symbols == ("a", "b", "<unk>")

    def test_standard_input_and_gzip(self, monkeypatch):
        Path("z.gz").write_bytes(gzip.compress(b"abcabc" * 20))
        assert train("z.gz", "--steps", "1", "--quiet", out="z") == 0
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"abcabc" * 20)))
        assert train("-", "--steps", "1", "--quiet", out="s") == 0
        assert load_checkpoint("z").sha256 == load_checkpoint("s").sha256

    def test_no_standard_input_is_needed(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", None)
        assert train("t.txt", "--steps", "1", "--quiet") == 0

    def test_minutes_are_steps_once_it_begins(self):
        assert train("t.txt", "--minutes", "0.02", "--quiet", "--eval-every", "0") == 0
        settings = config()["train"]
        assert settings["minutes"] is None
        assert settings["steps"] == events()[-1]["step"] > 0

    def test_minutes_begin_with_the_command(self, capsys):
        command = ["train", "t.txt", "--minutes", "1", "--quiet", "--out", "r", *SMALL]
        assert run(command, started_s=time.perf_counter() - 100) == 2
        assert "1 minutes are over before the first update" in capsys.readouterr().err

    def test_a_dry_run_writes_nothing(self, capsys):
        assert run(["train", "t.txt", "--steps", "1000", "--dry-run", *SMALL]) == 0
        out, err = capsys.readouterr()
        assert out == ""
        assert "1,000 steps of 36 characters" in err
        assert not Path("checkpoints").exists()

    @pytest.mark.parametrize(("minutes", "span"), [("0.5", "30 s"), ("1", "60 s"), ("2.5", "2.5 minutes")])
    def test_a_dry_run_tells_time_in_a_fitting_unit(self, minutes, span, capsys):
        assert run(["train", "t.txt", "--minutes", minutes, "--dry-run", *SMALL]) == 0
        assert f"about {span} at " in capsys.readouterr().err

    def test_the_published_program(self, capsys):
        flags = ["--preset", "min-char-rnn", "--steps", "4", "--json"]
        assert train("t.txt", *flags, small=False) == 0
        steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        steps = [event for event in steps if event["event"] == "step"]
        smooth = math.log(len(charlm.load("r").vocabulary)) * 25
        for event in steps:
            smooth = 0.999 * smooth + 0.001 * event["loss"] * 25
            assert event["smooth_loss"] == pytest.approx(smooth, rel=1e-9)
            assert event["lr"] == 0.1
        assert steps[0]["loss"] * 25 == pytest.approx(math.log(len(charlm.load("r").vocabulary)) * 25, rel=1e-3)
        assert len(steps) == 4


class TestOutput:
    def test_json_is_the_log(self, capsys):
        flags = ["--steps", "6", "--log-every", "2", "--eval-every", "3", "--sample-every", "3", "--json"]
        assert train("t.txt", *flags) == 0
        out, err = capsys.readouterr()
        assert err == ""
        printed = [json.loads(line) for line in out.splitlines()]
        assert printed == events()
        assert {event["schema"] for event in printed} == {1}
        assert [event["event"] for event in printed][:2] == ["start", "step"]
        steps = [event for event in printed if event["event"] == "step"]
        assert [event["step"] for event in steps] == [1, 2, 4, 6]
        for event in steps:
            assert {"step", "epoch", "loss", "bpc", "lr", "grad_norm", "chars_per_s"} <= set(event)
            assert event["bpc"] == pytest.approx(event["loss"] / math.log(2))
        assert steps[0]["loss"] == pytest.approx(math.log(len(charlm.load("r").vocabulary)), rel=0.1)
        evaluations = [event for event in printed if event["event"] == "eval"]
        assert [event["step"] for event in evaluations] == [3, 6]
        assert all(event["loss"] > 0 for event in evaluations)

    def test_json_cannot_control_a_terminal(self, capsys):
        Path("evil.txt").write_text("\x1b]0;x\x07\x9b\u202e[bold]" * 30, "utf-8")
        assert train("evil.txt", "--steps", "1", "--json") == 0
        assert not set(capsys.readouterr().out) & set("\x1b\x07\x9b\u202e")

    def test_plain_lines_cannot_either(self, capsys):
        Path("evil.txt").write_text("\x1b]0;x\x07\x9b\u202e[bold]" * 30, "utf-8")
        assert train("evil.txt", "--steps", "1") == 0
        assert not set(capsys.readouterr().err) & set("\x1b\x07\x9b\u202e")

    def test_quiet(self, capsys):
        assert train("t.txt", "--steps", "1", "--quiet") == 0
        assert capsys.readouterr() == ("", "")


class TestFolders:
    def test_one_that_exists_is_refused(self, capsys):
        Path("r").mkdir()
        assert train("t.txt", "--steps", "1") == 2
        assert capsys.readouterr().err == "charlm: 'r' exists; give another --out, or --force to replace it\n"

    def test_force_replaces_it(self):
        assert train("t.txt", "--steps", "2", "--quiet", "--seed", "1") == 0
        assert train("names.txt", "--steps", "1", "--quiet", "--force") == 0
        assert config()["sources"] == ["names.txt"]
        assert [event["step"] for event in events() if event["event"] == "end"] == [1]

    def test_what_fails_before_the_first_save_leaves_the_old_run(self, capsys):
        assert train("t.txt", "--steps", "2", "--quiet") == 0
        before = {file.name: file.read_bytes() for file in Path("r").iterdir()}
        assert train("names.txt", "--minutes", "0.00001", "--force") == 2
        assert {file.name: file.read_bytes() for file in Path("r").iterdir()} == before

    def test_what_fails_before_the_first_save_leaves_no_folder(self, capsys):
        assert train("t.txt", "--minutes", "0.00001") == 2
        assert not Path("r").exists()

    def test_another_process_writes_there(self, capsys):
        Path("r").mkdir()
        with lock_run_folder(Path("r")):
            assert train("t.txt", "--steps", "1", "--force") == 7
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith("charlm: run folder 'r' is in use by another process; ")
        assert [file.name for file in Path("r").iterdir()] == [".lock"]

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything is writable for an administrator"
    )
    def test_a_place_that_is_not_writable(self, capsys):
        Path("locked").mkdir(mode=0o500)
        assert train("t.txt", "--steps", "1", out="locked/r") == 5
        assert "locked/r" in capsys.readouterr().err

    def test_a_file_in_the_way(self, capsys):
        assert train("t.txt", "--steps", "1", out="t.txt/r") == 5
        assert capsys.readouterr().err.startswith("charlm: cannot write 't.txt")


BAD = {
    "missing": (["missing.txt"], 3, "there is no file or folder 'missing.txt'; check the name"),
    "empty": (["empty.txt"], 3, "there is no text in 'empty.txt'; give one"),
    "one": (["one.txt"], 3, "'a' over and over; a model needs at least two symbols"),
    "same": (["same.txt"], 3, "'a' over and over; a model needs at least two symbols"),
    "bytes": (["bad.txt"], 3, "byte 0xff at byte offset 3 (invalid start byte); give its --encoding"),
    "blank": (["blank.txt", "--documents"], 3, ""),
    "validation": (["t.txt", "--val-file", "missing.txt"], 3, "'missing.txt'"),
    "vocabulary": (["t.txt", "--vocab-from", "missing.npz"], 4, "'missing.npz'; check the name"),
    "no stop": (["names.txt", "--documents", "--vocab-from", "plain.npz"], 2, "stop symbol; train a new model"),
    "outside": (["t.txt", "--vocab-from", "plain.npz"], 3, "is not among"),
    "budgets": (["t.txt", "--epochs", "1"], 2, "--epochs and --steps are two budgets; give one of them"),
    "flag": (["t.txt", "--hiden-size", "3"], 2, "there is no flag --hiden-size"),
    "number": (["t.txt", "--layers", "two"], 2, "--layers"),
    "range": (["t.txt", "--dropout", "1"], 2, "dropout is 1.0; it must be at least 0 and below 1"),
    "cell": (["t.txt", "--model", "cnn"], 2, "model is 'cnn'; choose one of rnn, lstm, gru"),
    "unit": (["t.txt", "--unit", "word"], 2, "--unit is 'word'; choose one of char, byte, grapheme"),
    "normalize": (["t.txt", "--normalize", "NFX"], 2, "--normalize is 'NFX'; choose one of none, NFC, NFKC"),
    "count": (["t.txt", "--min-count", "0"], 2, "min-count is 0; it must be at least 1"),
    "preset": (["t.txt", "--preset", "huge"], 2, "preset is 'huge'; choose one of auto"),
    "errors": (["t.txt", "--errors", "ignore"], 2, "--errors is 'ignore'; choose strict or replace"),
    "encoding": (["t.txt", "--encoding", "rot99"], 2, "'rot99' is no text encoding"),
    "shards": (["t.txt", "--shards", "3"], 2, "4 streams do not divide into 3 shards"),
    "momentum": (["t.txt", "--momentum", "0.9"], 2, "momentum is for sgd"),
    "streams": (["t.txt", "--sampling", "min-char-rnn"], 2, "reads one stream, not 4; give --batch-size 1"),
    "builtin": (["builtin:nothing"], 3, "nothing"),
}


@pytest.mark.parametrize("name", BAD)
def test_errors_are_one_line_with_cause_and_remedy(name, capsys):
    flags, code, words = BAD[name]
    for file, data in {"empty": b"", "one": b"a", "same": b"aaaa", "bad": b"abc\xffd", "blank": b" \n\n"}.items():
        Path(f"{file}.txt").write_bytes(data)
    known = charlm.Vocabulary.from_text("abcdé")
    charlm.save(charlm.CharModel(charlm.ModelConfig(hidden_size=2), known), "plain.npz")
    assert run(["train", *SMALL, "--steps", "2", "--out", "r", *flags]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("charlm: ")
    assert words in err
    assert not Path("r").exists()


def test_undecodable_bytes_may_be_replaced():
    Path("bad.txt").write_bytes(b"abc\xffd" * 9)
    assert train("bad.txt", "--errors", "replace", "--steps", "1", "--quiet", out="a") == 0
    assert "\ufffd" in charlm.load("a").vocabulary
    assert train("bad.txt", "--encoding", "latin-1", "--steps", "1", "--quiet", out="b") == 0
    assert "ÿ" in charlm.load("b").vocabulary


def test_training_that_diverges(capsys):
    flags = [
        "--learning-rate",
        "1e36",
        "--weight-decay",
        "1e5",
        "--warmup",
        "0",
        "--model",
        "rnn",
        "--save-every",
        "1",
    ]
    assert train("t.txt", "--steps", "50", "--optimizer", "sgd", "--clip-norm", "0", *flags) == 6
    *shown, error = capsys.readouterr().err.splitlines()
    assert not any("Warning" in line for line in shown)
    assert error.startswith("charlm: training diverged at update ")
    assert "; try --learning-rate 3.3e+35 or --clip-norm 1" in error
    if "nothing was saved" not in error:
        assert np.isfinite(charlm.load("r/last.npz").params.value).all()


def test_a_rate_that_is_too_high_keeps_the_last_good_state(capsys):
    # the decay multiplies every weight by -1e30: the first update can still be held in 32 bits
    flags = ["--learning-rate", "1e30", "--weight-decay", "1", "--warmup", "0", "--save-every", "1"]
    code = train("t.txt", "--steps", "50", "--optimizer", "sgd", "--eval-every", "0", "--sample-every", "0", *flags)
    assert code == 6
    checkpoint = load_checkpoint("r/last.npz")
    assert all(np.isfinite(tensor).all() for tensor in (checkpoint.model.tensors() | checkpoint.tensors).values())
    assert "the last good state is in 'r'" in capsys.readouterr().err


class Program:
    """``charlm`` in a process of its own that has begun to train."""

    def __init__(self, *flags: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "charlm", "train", "t.txt", "--out", "r", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert self.process.stderr is not None
        self.seen = b""
        while b"preset" not in self.seen:  # the second line of the report that it starts
            self.seen += self.process.stderr.readline()

    def end(self) -> tuple[int, str]:
        out, err = self.process.communicate(timeout=30)
        assert out == b""
        return self.process.returncode, (self.seen + err).decode()


@pytest.mark.promise(9)
@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
class TestSignals:
    @pytest.mark.parametrize(
        ("number", "code", "more"),
        [(signal.SIGINT, 130, []), (signal.SIGTERM, 143, []), (signal.SIGTERM, 143, ["--shards", "2"])],
    )
    def test_the_first_saves_and_ends(self, number, code, more):
        flags = ["--schedule", "constant", "--run-decay", "0", "--eval-every", "0", "--batch-size", "16"]
        shape = ["--hidden-size", "6", "--seq-length", "9", *(more or ["--shards", "1"])]
        program = Program("--steps", "1000000", *shape, *flags)
        program.process.send_signal(number)
        returned, err = program.end()
        assert returned == code
        assert "stopping: saving after this step; once more to end at once without saving" in err
        assert "charlm resume r" in err
        assert "Traceback" not in err
        done = load_checkpoint("r/last.npz").training["progress"]["step"]
        assert done >= 1
        assert events()[-1]["reason"] == "interrupted"
        # it goes on as if it had never stopped
        assert run(["resume", "r", "--steps", str(done + 3), "--quiet"]) == 0
        assert run(["train", "t.txt", "--out", "w", "--steps", str(done + 3), "--quiet", *shape, *flags]) == 0
        resumed, whole = load_checkpoint("r/last.npz"), load_checkpoint("w/last.npz")
        assert resumed.sha256 == whole.sha256
        assert resumed.training["batches"] == whole.training["batches"]


@pytest.mark.skipif(os.name != "posix", reason="workers are threads here")
def test_modules_in_the_folder_at_hand_are_not_taken_for_libraries():
    for name in ("json", "numpy", "charlm"):
        Path(f"{name}.py").write_text("raise SystemExit('a stranger was imported')")
    command = "import sys; sys.path[:] = sys.argv.pop(1).split('|'); from charlm.cli.entry import main; main()"
    flags = ["train", "t.txt", "--steps", "2", "--hidden-size", "4", "--batch-size", "16", "--shards", "2"]
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            command,
            "|".join(filter(None, sys.path)),
            *flags,
            "--workers",
            "2",
            "--out",
            "r",
        ],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert events()[0]["workers"] == 2
