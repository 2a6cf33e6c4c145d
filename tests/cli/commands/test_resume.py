from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import load_checkpoint, lock_run_folder, save
from charlm.cli.entry import run

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "ran", "far", "off", "to", "see", "dog", "bird", "sun"]
SIZES = ["--hidden-size", "6", "--batch-size", "4", "--seq-length", "9", "--shards", "1"]
SMALL = [*SIZES, "--schedule", "constant", "--run-decay", "0", "--sample-every", "0"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> Path:
    """Run in a folder with a text and a finished run of five updates."""
    monkeypatch.chdir(tmp_path)
    Path("t.txt").write_text(" ".join(np.random.default_rng(0).choice(WORDS, 300)), "utf-8")
    assert train("r", 5) == 0
    return tmp_path


def train(out: str, steps: int, *flags: str) -> int:
    return run(["train", "t.txt", "--out", out, "--steps", str(steps), "--quiet", *SMALL, *flags])


def step(folder: str = "r") -> int:
    return int(load_checkpoint(Path(folder, "last.npz")).training["progress"]["step"])


def events(folder: str = "r") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(folder, "log.jsonl").read_text("ascii").splitlines()]


class TestGoingOn:
    @pytest.mark.parametrize("flags", [[], ["--sampling", "random", "--dropout", "0.3"], ["--documents"]])
    def test_a_new_total_is_as_if_it_had_been_asked_for_at_once(self, flags):
        if "--documents" in flags:
            Path("t.txt").write_text(Path("t.txt").read_text("utf-8").replace(" ", "\n"), "utf-8")
        assert train("parts", 4, *flags) == train("whole", 9, *flags) == 0
        assert run(["resume", "parts", "--steps", "9", "--quiet"]) == 0
        parts, whole = load_checkpoint("parts/last.npz"), load_checkpoint("whole/last.npz")
        assert parts.sha256 == whole.sha256
        for name in ("batches", "random", "optimizer_steps", "train_loss"):
            assert parts.training[name] == whole.training[name]
        losses = [
            [(event["step"], event["loss"]) for event in events(folder) if event["event"] == "step"]
            for folder in ("parts", "whole")
        ]
        assert losses[0] == losses[1]

    def test_what_was_before_counts_in_the_verdict(self, capsys):
        assert run(["resume", "r", "--steps", "60", "--no-color"]) == 0
        first = next(event["loss"] for event in events() if event["event"] == "eval")
        assert f"learns: validation fell from {first:.2f} to " in capsys.readouterr().err

    def test_passes_are_a_total_too(self):
        per_pass = round(1 / events()[1]["epoch"])  # one of the first step
        assert run(["resume", "r", "--epochs", "0.5", "--quiet"]) == 0
        assert step() == pytest.approx(per_pass / 2, abs=1)

    def test_minutes_are_a_total_too(self):
        assert run(["resume", "r", "--minutes", "0.02", "--quiet"]) == 0
        kept, lines = load_checkpoint("r/last.npz").training, events()
        assert step() == kept["train"]["steps"] == lines[-1]["steps"] > 5
        assert kept["budget"]["minutes"] == 0.02
        assert kept["budget"]["used_s"] >= next(line["elapsed_s"] for line in lines if line["event"] == "end")
        assert "plan" in {line["event"] for line in lines}

    def test_a_total_of_minutes_gives_way_to_one_of_steps_and_to_another(self):
        assert run(["resume", "r", "--minutes", "0.02", "--quiet"]) == 0
        first = step()
        assert run(["resume", "r", "--minutes", "0.04", "--quiet"]) == 0
        assert step() > first
        assert load_checkpoint("r/last.npz").training["budget"]["minutes"] == 0.04
        more = step() + 7
        assert run(["resume", "r", "--steps", str(more), "--quiet"]) == 0
        assert step() == more
        assert "budget" not in load_checkpoint("r/last.npz").training

    def test_the_newest_run_where_none_is_named(self):
        for name, seconds in (("old", 1000), ("new", 3000), ("middle", 2000)):
            assert train(f"checkpoints/{name}", 1) == 0
            os.utime(Path("checkpoints", name, "last.npz"), (seconds, seconds))
        assert run(["resume", "--steps", "2", "--quiet"]) == 0
        assert [step(f"checkpoints/{name}") for name in ("old", "new", "middle")] == [1, 2, 1]

    def test_the_shipped_model_is_no_run_to_go_on_with(self, capsys):
        assert train("checkpoints/pretrained/tales", 1) == 0
        assert run(["resume", "--steps", "2"]) == 4
        assert capsys.readouterr().err == "charlm: there is no run to resume; train one first: charlm train\n"

    def test_another_number_of_workers(self):
        assert run(["resume", "r", "--steps", "6", "--workers", "1", "--quiet"]) == 0
        assert step() == 6

    def test_it_is_told_as_in_training(self, capsys):
        assert run(["resume", "r", "--steps", "7", "--json"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        printed = [json.loads(line) for line in out.splitlines()]
        assert printed == events()[-len(printed) :]
        assert printed[0]["event"] == "start"
        assert printed[0]["resumed"] is True
        assert run(["resume", "r", "--steps", "8"]) == 0
        out, err = capsys.readouterr()
        assert out == ""
        assert "charlm sample r" in err

    def test_validation_goes_on_with_its_own_text(self):
        Path("v.txt").write_text("the cat sat", "utf-8")
        assert train("v", 2, "--val-file", "v.txt") == 0
        assert run(["resume", "v", "--steps", "3", "--quiet"]) == 0
        assert events("v")[-1]["best_loss"] <= charlm.evaluate(charlm.load("v/last.npz"), "the cat sat").nats + 1e-6


class TestFinished:
    def test_says_so(self, capsys):
        before = Path("r/last.npz").read_bytes()
        assert run(["resume", "r"]) == 0
        out, err = capsys.readouterr()
        assert out == ""
        assert (
            err == "run 'r' is finished after 5 steps; give a larger total to resume it, for example --steps 10\n"
        )
        assert Path("r/last.npz").read_bytes() == before

    def test_a_run_without_updates_names_a_total_that_helps(self, capsys):
        assert train("z", 0) == 0
        assert run(["resume", "z"]) == 0
        assert capsys.readouterr().err.endswith("for example --steps 1000\n")

    def test_a_run_of_minutes_is_told_of_minutes(self, capsys):
        assert run(["resume", "r", "--minutes", "0.02", "--quiet"]) == 0
        assert run(["resume", "r"]) == 0
        assert re.search(r"for example --minutes 0\.0[4-9]\d*\n$", capsys.readouterr().err)

    @pytest.mark.parametrize("total", [["--steps", "3"], ["--epochs", "0.001"], ["--minutes", "0.0000001"]])
    def test_a_smaller_total_is_finished(self, total, capsys):
        assert run(["resume", "r", *total]) == 0
        assert "finished after 5 steps" in capsys.readouterr().err

    def test_quiet(self, capsys):
        assert run(["resume", "r", "--quiet"]) == 0
        assert capsys.readouterr() == ("", "")


def damage() -> None:
    data = bytearray(Path("r/last.npz").read_bytes())
    data[len(data) // 2] ^= 1
    Path("r/last.npz").write_bytes(data)


def rewrite(**changes: Any) -> None:
    checkpoint = load_checkpoint("r/last.npz")
    save(checkpoint.model, "r/last.npz", training=checkpoint.training | changes, tensors=checkpoint.tensors)


def change_text() -> None:
    Path("t.txt").write_text("another text altogether", "utf-8")


def change_validation() -> None:
    Path("v.txt").write_text("the cat sat", "utf-8")
    assert train("r", 5, "--val-file", "v.txt", "--force") == 0
    Path("v.txt").write_text("the cat ran", "utf-8")


def from_pipe() -> None:
    rewrite(origin={**load_checkpoint("r/last.npz").training["origin"], "sources": ["-"]})


def saved_by_hand() -> None:
    save(load_checkpoint("r/last.npz").model, "r/last.npz")


def newer_setting() -> None:
    rewrite(train={**load_checkpoint("r/last.npz").training["train"], "later": 1})


def odd_cursor() -> None:
    rewrite(batches={"passes": 0, "offset": 10**6, "read": 0})


BAD: dict[str, tuple[Callable[[], object], list[str], int, str]] = {
    "changed": (change_text, [], 3, "the text of this run has changed ('t.txt'); put the old one back, or train"),
    "validation": (change_validation, [], 3, "the text of this run has changed ('v.txt'); put the old one back"),
    "gone": (lambda: Path("t.txt").unlink(), [], 3, "there is no file or folder 't.txt'"),
    "damaged": (damage, [], 4, "checkpoint 'r/last.npz' cannot be used"),
    "missing": (lambda: Path("r/last.npz").unlink(), [], 4, "there is no checkpoint 'r/last.npz'"),
    "from a pipe": (from_pipe, [], 3, "read its text from standard input, which is gone; save it to a file"),
    "by hand": (saved_by_hand, [], 4, "was not written by a run; train a new model"),
    "newer": (newer_setting, [], 4, "was not written by a run; train a new model"),
    "cursor": (odd_cursor, [], 4, "the data cursor's offset is 1000000"),
    "lacking": (lambda: rewrite(random={}), [], 4, "lacks or garbles 'batches'; train a new model"),
    "progress": (lambda: rewrite(progress={}), [], 4, "was not written by a run; train a new model"),
    "totals": (lambda: None, ["--epochs", "1"], 2, "--epochs and --steps are two totals; give one of them"),
    "workers": (lambda: None, ["--workers", "0"], 2, "workers is 0; it must be at least 1"),
    "flag": (lambda: None, ["--seed", "1"], 2, "there is no flag --seed; see"),
}


@pytest.mark.parametrize("name", BAD)
def test_errors_are_one_line_with_cause_and_remedy(name, capsys):
    spoil, flags, code, words = BAD[name]
    spoil()
    best = Path("r/best.npz").read_bytes()
    assert run(["resume", "r", "--steps", "9", *flags]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("charlm: ")
    assert err.count("\n") == 1
    assert words in err.replace("\\\\", "/")
    assert Path("r/best.npz").read_bytes() == best


@pytest.mark.parametrize("run_name", ["nowhere", "t.txt"])
def test_what_is_no_run(run_name, capsys):
    assert run(["resume", run_name]) == 4
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("name", ["named", "r/last.npz", "r/best.npz"])
def test_a_run_by_its_name_or_a_checkpoint_of_it(name):
    assert train("checkpoints/named", 2) == 0
    assert run(["resume", name, "--steps", "6", "--quiet"]) == 0
    assert step("checkpoints/named" if name == "named" else "r") == 6


def test_weights_alone_cannot_be_resumed(capsys):
    for name in ("pretrained/tales", "weights.npz"):
        Path("weights.npz").write_bytes(Path("r/best.npz").read_bytes())
        assert run(["resume", name]) == 4
        told = capsys.readouterr().err
        assert ("no checkpoint 'pretrained/tales/last.npz' to" in told.replace("\\\\", "/")) is ("/" in name)
        assert f"to resume; fine-tune the weights with charlm train --init-from {name}\n" in told


def test_no_run_at_all(capsys):
    assert run(["resume"]) == 4
    assert "train one first: charlm train" in capsys.readouterr().err


def test_minutes_of_a_run_without_a_pace(capsys):
    assert train("z", 0) == 0
    rewritten = load_checkpoint("z/last.npz")
    progress = rewritten.training["progress"] | {"elapsed_s": 0.0}
    save(
        rewritten.model,
        "z/last.npz",
        training=rewritten.training | {"progress": progress},
        tensors=rewritten.tensors,
    )
    assert run(["resume", "z", "--minutes", "1"]) == 2
    assert "no pace yet to measure minutes by; give --steps or --epochs" in capsys.readouterr().err


def test_another_process_writes_there(capsys):
    with lock_run_folder(Path("r")):
        assert run(["resume", "r", "--steps", "9"]) == 7
    assert "in use by another process" in capsys.readouterr().err
    assert step() == 5
