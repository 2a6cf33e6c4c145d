"""``train --pairs`` and ``resume`` of such a run, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from charlm.checkpoint import load_checkpoint
from charlm.cli.entry import run
from charlm.models.transducer import Transducer

SMALL = ("--hidden-size", "8", "--batch-size", "8", "--shards", "2", "--quiet")
FRUIT = "".join(
    f"{word}\t{word.upper()}\n" for word in ("fig", "plum", "pear", "lime", "kiwi", "nut", "date", "lemon")
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> Path:
    """Run in a folder with a file of pairs."""
    monkeypatch.chdir(tmp_path)
    Path("fruit.tsv").write_text(FRUIT, "utf-8")
    return tmp_path


def train(*arguments: str) -> int:
    return run(["train", "--pairs", *arguments, *SMALL])


def events(folder: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(folder, "log.jsonl").read_text("ascii").splitlines()]


@pytest.mark.parametrize(
    ("source", "output"), [("fruit.tsv", "text"), ("builtin:dates", "text"), ("builtin:languages", "label")]
)
def test_a_run_on_pairs_is_a_run_like_any_other(source: str, output: str) -> None:
    assert train(source, "--steps", "3", "--out", "r") == 0
    assert {file.name for file in Path("r").iterdir()} >= {"best.npz", "last.npz", "log.jsonl", "config.json"}
    checkpoint = load_checkpoint("r", Transducer)
    assert checkpoint.model.config.output == output
    assert checkpoint.training["origin"]["pairs"] == source
    assert [event["event"] for event in events("r")][-1] == "end"
    assert 0 <= next(event for event in events("r") if event["event"] == "eval")["exact"] <= 1


@pytest.mark.parametrize("flags", [(), ("--val-file", "more.tsv"), ("--dropout", "0.2", "--no-attention")])
def test_a_resumed_run_is_as_if_it_had_been_asked_for_at_once(flags: tuple[str, ...]) -> None:
    Path("more.tsv").write_text("mint\tMINT\nnet\tNET\n", "utf-8")
    assert train("fruit.tsv", "--steps", "4", "--out", "parts", "--schedule", "constant", *flags) == 0
    assert train("fruit.tsv", "--steps", "9", "--out", "whole", "--schedule", "constant", *flags) == 0
    assert run(["resume", "parts", "--steps", "9", "--quiet"]) == 0
    parts, whole = (load_checkpoint(f"{name}/last.npz", Transducer) for name in ("parts", "whole"))
    assert parts.sha256 == whole.sha256


def test_the_folder_is_named_after_the_file() -> None:
    assert train("fruit.tsv", "--steps", "1") == 0
    assert train("builtin:reverse", "--steps", "1") == 0
    assert {folder.name for folder in Path("checkpoints").iterdir()} >= {"fruit", "reverse"}


def test_auto_drops_for_labels(capsys: pytest.CaptureFixture[str]) -> None:
    dropped = {}
    for output in ("text", "label"):
        assert train("fruit.tsv", "--steps", "1", "--output", output, "--json", "--out", output) == 0
        start = json.loads(capsys.readouterr().out.splitlines()[0])
        dropped[output] = start["config"]["model"]["dropout"], start["config"]["train"]["ema"]
    assert dropped == {"text": (0.0, 0.0), "label": (0.4, 0.9995)}


@pytest.mark.parametrize(("flags", "reads"), [((), True), (("--ngrams", "2"), True), (("--ngrams", "0"), False)])
def test_a_model_of_labels_reads_n_grams_unless_told_otherwise(flags: tuple[str, ...], reads: bool) -> None:
    assert train("fruit.tsv", "--steps", "1", "--output", "label", "--out", "r", *flags) == 0
    model = load_checkpoint("r", Transducer).model
    assert ("ngrams.W" in model.params) is reads
    assert not reads or model.params["ngrams.W"].any()


def test_pairs_that_have_changed_are_not_continued(capsys: pytest.CaptureFixture[str]) -> None:
    assert train("fruit.tsv", "--steps", "2", "--out", "r") == 0
    Path("fruit.tsv").write_text(FRUIT + "a\tA\n", "utf-8")
    assert run(["resume", "r", "--steps", "4", "--quiet"]) == 3
    assert "pairs of this run have changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["text.txt", "--pairs", "fruit.tsv"], 2, "leave 'text.txt' out"),
        (["--pairs", "fruit.tsv", "--documents"], 2, "--documents is for texts, not for pairs"),
        (["--pairs", "fruit.tsv", "--seq-length", "9"], 2, "--seq-length is for texts"),
        (["--attention"], 2, "--attention is for pairs; add --pairs FILE"),
        (["--pairs", "fruit.tsv", "--output", "tree"], 2, "--output is 'tree'"),
        (["--pairs", "fruit.tsv", "--output", "label", "--attention"], 2, "--attention goes with output text"),
        (["--ngrams", "4"], 2, "--ngrams is for pairs; add --pairs FILE"),
        (["--pairs", "fruit.tsv", "--ngrams", "4"], 2, "--ngrams goes with output label, not text; leave it out"),
        (
            ["--pairs", "fruit.tsv", "--output", "label", "--ngrams", "17"],
            2,
            "--ngrams is 17; it must be at least 0",
        ),
        (["--pairs", "fruit.tsv", "--hidden-size", "7"], 2, "must be even"),
        (["--pairs", "fruit.tsv", "--preset", "char-rnn"], 2, "for pairs"),
        (["--pairs", "-", "--val-file", "-"], 2, "standard input can be read once; give --val-file a file"),
        (["-", "--val-file", "-"], 2, "standard input can be read once; give --val-file a file"),
        (["--pairs", "no.tsv"], 3, "no.tsv"),
        (["--pairs", "builtin:nothing"], 3, "no built-in task of pairs 'nothing'"),
        (["--pairs", "bad.tsv"], 3, "line 2 of 'bad.tsv' has no tab"),
        (["--pairs", "blank.tsv"], 3, "every target is empty"),
        (["--pairs", "one.tsv", "--output", "label"], 3, "every label is 'A'"),
        (
            ["--pairs", "bad-tags.tsv", "--output", "tags"],
            3,
            "line 1 of 'bad-tags.tsv' has 1 tag for 2 characters",
        ),
    ],
)
def test_bad_input_gets_one_line(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("text.txt").write_text("a text", "utf-8")
    Path("bad.tsv").write_text("a\tb\nc\n", "utf-8")
    Path("blank.tsv").write_text("a\t\nb\t\n", "utf-8")
    Path("one.tsv").write_text("a\tA\nb\tA\n", "utf-8")
    Path("bad-tags.tsv").write_text("ab\tA\n", "utf-8")
    assert run(["train", *arguments, "--steps", "1", "--quiet"]) == code
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not Path("checkpoints").exists()


def test_a_dry_run_says_what_it_would_take(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--pairs", "fruit.tsv", "--dry-run", "--steps", "20", "--hidden-size", "8"]) == 0
    told = capsys.readouterr().err
    assert told.startswith("lstm 8 · both directions")
    assert "20 steps" in told


def test_rare_symbols_may_become_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert train("fruit.tsv", "--steps", "1", "--out", "r", "--min-count", "2") == 0
    assert load_checkpoint("r", Transducer).model.source.unknown_id is not None
    assert capsys.readouterr().err == ""


def test_a_run_on_pairs_without_its_last_checkpoint_is_not_advised_to_fine_tune(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert train("fruit.tsv", "--steps", "1", "--out", "r") == 0
    Path("r", "last.npz").unlink()
    assert run(["resume", "r"]) == 4
    assert capsys.readouterr().err.endswith("to resume; train a new run\n")
