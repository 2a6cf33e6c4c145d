"""``charlm train --init-from`` and ``--vocab-from``, and ranges of ``--seq-length``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import load_checkpoint
from charlm.cli.entry import run
from charlm.training import plan as planning

SMALL = ["--batch-size", "4", "--seq-length", "9", "--shards", "1", "--sample-every", "0", "--out", "r"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> Path:
    """Run in a folder with a model of some letters, and with texts of those and of others."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "TRIAL_S", 0.01)
    save("old.npz")
    rng = np.random.default_rng(0)
    Path("old.txt").write_text("".join(rng.choice(list("abde "), 400)), "utf-8")
    Path("new.txt").write_text("".join(rng.choice(list("abcdé "), 400)), "utf-8")
    Path("names.txt").write_text("\n".join("".join(rng.choice(list("abc"), 6)) for _ in range(40)), "utf-8")
    return tmp_path


def save(path: str, text: str = "abde ", **vocabulary: Any) -> charlm.CharModel:
    config = charlm.ModelConfig(cell="gru", hidden_size=6, embedding_size=3, dropout=0.2)
    model = charlm.CharModel(config, charlm.Vocabulary.from_text(text, **vocabulary), seed=5)
    charlm.save(model, path)
    return model


def train(*flags: str) -> int:
    return run(["train", *flags, *SMALL])


def start() -> dict[str, Any]:
    return dict(json.loads(Path("r", "log.jsonl").read_text("ascii").splitlines()[0]))


def config() -> dict[str, Any]:
    return dict(json.loads(Path("r", "config.json").read_text("utf-8")))


class TestInitFrom:
    def test_shape_and_weights_are_the_models(self):
        assert train("old.txt", "--init-from", "old.npz", "--steps", "0", "--quiet", "--preset", "base") == 0
        old, new = charlm.load("old.npz"), charlm.load("r")
        assert (new.config, new.vocabulary) == (old.config, old.vocabulary)
        assert new.params.value.tobytes() == old.params.value.tobytes()
        assert config()["preset"] == "base"  # of the learning alone

    def test_new_symbols_join_it(self):
        assert train("new.txt", "--init-from", "old.npz", "--steps", "2", "--quiet") == 0
        assert charlm.load("r").vocabulary.symbols == (" ", "a", "b", "c", "d", "e", "é")

    def test_the_origin_is_recorded(self, capsys):
        assert train("new.txt", "--init-from", "old.npz", "--steps", "1") == 0
        wanted = {
            "init_from": "old.npz",
            "init_sha256": hashlib.sha256(Path("old.npz").read_bytes()).hexdigest(),
            "new_symbols": 2,
        }
        for recorded in (start(), config(), load_checkpoint("r/last.npz").training["origin"]):
            assert {name: recorded[name] for name in wanted} == wanted
        assert "from old.npz, 2 new symbols" in capsys.readouterr().err

    def test_a_run_without_it_has_no_such_origin(self):
        assert train("new.txt", "--hidden-size", "4", "--steps", "1", "--quiet") == 0
        assert not {"init_from", "init_sha256", "new_symbols"} & (set(start()) | set(config()))

    def test_a_run_folder_is_its_best_file(self):
        assert train("old.txt", "--init-from", "old.npz", "--steps", "1", "--quiet") == 0
        Path("r").rename("first")
        assert train("new.txt", "--init-from", "first", "--steps", "1", "--quiet") == 0
        assert config()["init_from"] == str(Path("first", "best.npz"))
        digest = hashlib.sha256(Path("first", "best.npz").read_bytes()).hexdigest()
        assert config()["init_sha256"] == digest

    def test_it_stops_and_goes_on(self):
        flags = ["new.txt", "--init-from", "old.npz", "--schedule", "constant", "--run-decay", "0", "--quiet"]
        assert train(*flags, "--steps", "6") == 0
        Path("r").rename("whole")
        assert train(*flags, "--steps", "3") == 0
        Path("old.npz").unlink()  # the run holds all that it needs
        assert run(["resume", "r", "--steps", "6", "--quiet"]) == 0
        assert load_checkpoint("r/last.npz").sha256 == load_checkpoint("whole/last.npz").sha256

    @pytest.mark.parametrize("stop", [False, True])
    def test_documents(self, stop):
        save("old.npz", stop=stop)
        assert train("names.txt", "--documents", "--init-from", "old.npz", "--steps", "2", "--quiet") == 0
        vocabulary = charlm.load("r").vocabulary
        assert vocabulary.symbols == (" ", "a", "b", "c", "d", "e", "<stop>")
        assert config()["new_symbols"] == (1 if stop else 2)

    def test_a_model_of_documents_goes_on_with_documents(self, capsys):
        save("old.npz", stop=True)
        assert train("names.txt", "--init-from", "old.npz", "--steps", "2") == 0
        assert config()["train"]["documents"]
        assert "\n" not in charlm.load("r").vocabulary  # as with --documents
        assert "characters, each line a document · " in capsys.readouterr().err
        flags = ["--init-from", "old.npz", "--steps", "2", "--dry-run", "--batch-size", "4", "--shards", "1"]
        assert run(["train", "names.txt", *flags]) == 0
        assert "characters, each line a document · " in capsys.readouterr().err

    def test_unless_it_is_told_otherwise(self, capsys):
        save("old.npz", stop=True)
        assert train("names.txt", "--init-from", "old.npz", "--no-documents", "--steps", "2") == 0
        assert not config()["train"]["documents"]
        assert charlm.load("r").vocabulary.symbols == ("\n", " ", "a", "b", "c", "d", "e", "<stop>")
        assert "document" not in capsys.readouterr().err

    def test_a_model_of_none_does_not(self):
        assert train("names.txt", "--init-from", "old.npz", "--steps", "1", "--quiet") == 0
        assert not config()["train"]["documents"]

    def test_the_validation_text_counts(self):
        Path("v.txt").write_text("abz", "utf-8")
        flags = ["old.txt", "--val-file", "v.txt", "--init-from", "old.npz", "--steps", "1", "--quiet"]
        assert train(*flags) == 0
        assert "z" in charlm.load("r").vocabulary

    def test_rare_symbols_become_one(self):
        Path("rare.txt").write_text("ab" * 60 + "xyz", "utf-8")
        assert train("rare.txt", "--init-from", "old.npz", "--min-count", "2", "--steps", "1", "--quiet") == 0
        assert charlm.load("r").vocabulary.symbols == (" ", "a", "b", "d", "e", "<unk>")

    def test_texts_are_prepared_as_the_model_has_it(self):
        save("old.npz", "abde ", lowercase=True, normalize="NFC", unit="byte")
        Path("new.txt").write_text("ABe\u0301 " * 50, "utf-8")
        assert train("new.txt", "--init-from", "old.npz", "--steps", "1", "--quiet") == 0
        vocabulary = charlm.load("r").vocabulary
        assert (vocabulary.unit, vocabulary.normalize, vocabulary.lowercase) == ("byte", "NFC", True)
        assert set(vocabulary.symbols) == {*b"abde ", *"é".encode()}

    def test_flags_that_agree_and_settings_without_weights(self):
        agree = ["--model", "gru", "--hidden-size", "6", "--embedding-size", "3", "--layers", "1", "--unit", "char"]
        flags = ["--init-from", "old.npz", "--dropout", "0.4", "--steps", "1", "--quiet"]
        assert train("old.txt", *agree, *flags) == 0
        assert charlm.load("r").config.dropout == 0.4

    def test_a_dry_run(self, capsys):
        flags = ["--init-from", "old.npz", "--steps", "5", "--dry-run", "--seq-length", "4-10"]
        assert run(["train", "new.txt", "--batch-size", "2", "--shards", "1", *flags]) == 0
        err = capsys.readouterr().err
        assert "7 symbols" in err
        assert "from old.npz, 2 new symbols" in err
        assert "5 steps of 14 characters" in err


BAD = {
    "hidden": (["--hidden-size", "7"], 2, "--hidden-size 7 contradicts 'old.npz', whose hidden-size is 6"),
    "layers": (["--layers", "2"], 2, "--layers 2 contradicts 'old.npz', whose layers is 1"),
    "cell": (["--model", "lstm"], 2, "--model lstm contradicts 'old.npz', whose cell is gru"),
    "embedding": (
        ["--embedding-size", "0"],
        2,
        "--embedding-size 0 contradicts 'old.npz', whose embedding-size is 3",
    ),
    "dtype": (["--dtype", "float64"], 2, "--dtype float64 contradicts 'old.npz', whose dtype is float32"),
    "reset": (["--gru-reset", "before"], 2, "--gru-reset before contradicts"),
    "unit": (
        ["--unit", "byte"],
        2,
        "--unit byte contradicts 'old.npz', whose unit is char and stays so; leave --unit",
    ),
    "normalize": (["--normalize", "NFC"], 2, "--normalize NFC contradicts"),
    "lowercase": (["--lowercase"], 2, "--lowercase contradicts 'old.npz', whose lowercase is False"),
    "both": (
        ["--vocab-from", "old.npz"],
        2,
        "--init-from brings its model's vocabulary along; leave --vocab-from out",
    ),
    "missing": (["--init-from", "gone.npz"], 4, "'gone.npz'"),
    "length": (
        ["--seq-length", "x"],
        2,
        "--seq-length is 'x'; give a whole number such as 64, or a range such as 16-64",
    ),
    "lengths": (["--seq-length", "9-12-15"], 2, "--seq-length is '9-12-15'; give a whole number"),
    "backwards": (["--seq-length", "12-9"], 2, "seq-length runs from 12 down to 9"),
    "published": (["--seq-length", "9-12", "--preset", "min-char-rnn"], 2, "--seq-length 12, not a range"),
}


@pytest.mark.parametrize("name", BAD)
def test_contradictions_are_one_line(name, capsys):
    flags, code, words = BAD[name]
    assert run(["train", "new.txt", "--steps", "1", "--out", "r", "--init-from", "old.npz", *flags]) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err
    assert not Path("r").exists()


def test_a_vocabulary_that_is_taken_is_not_contradicted_either(capsys):
    assert train("old.txt", "--vocab-from", "old.npz", "--unit", "byte", "--steps", "1") == 2
    assert "--unit byte contradicts 'old.npz'" in capsys.readouterr().err


def test_a_range_of_lengths_is_kept_and_gone_on_with():
    def settings(folder: str) -> dict[str, Any]:
        return dict(json.loads(Path(folder, "config.json").read_text("utf-8"))["train"])

    flags = [
        "--hidden-size",
        "4",
        "--batch-size",
        "4",
        "--shards",
        "1",
        "--schedule",
        "constant",
        "--run-decay",
        "0",
        "--quiet",
    ]
    for out, steps in (("whole", "9"), ("parts", "4")):
        assert run(["train", "new.txt", "--seq-length", "3-9", "--steps", steps, "--out", out, *flags]) == 0
        assert (settings(out)["seq_length_min"], settings(out)["seq_length"]) == (3, 9)
    assert run(["resume", "parts", "--steps", "9", "--quiet"]) == 0
    assert load_checkpoint("parts/last.npz").sha256 == load_checkpoint("whole/last.npz").sha256
    assert run(["train", "new.txt", "--seq-length", "9", "--steps", "1", "--out", "plain", *flags]) == 0
    assert (settings("plain")["seq_length_min"], settings("plain")["seq_length"]) == (None, 9)
