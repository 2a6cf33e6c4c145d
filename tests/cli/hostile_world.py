"""A folder in which everything is hostile: names, texts, vocabularies, what checkpoints and logs say."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import charlm
from charlm.checkpoint import load_checkpoint, save
from charlm.checkpoint.npz import write_npz
from charlm.cli.entry import run
from charlm.cli.training import screen
from tests.hostile import ARGUMENT, NAME, TEXT

__all__ = ["CORPUS", "RUN", "SHORT", "SMALL", "build", "inside"]

CORPUS, SHORT, RUN = f"{NAME}.txt", f"{NAME}.md", f"checkpoints/{NAME}"
SMALL = ["--hidden-size", "6", "--batch-size", "4", "--seq-length", "9", "--shards", "1", "--schedule", "constant"]
SMALL += ["--log-every", "1", "--eval-every", "2", "--sample-every", "2"]


class _Stopped(contextlib.nullcontext[Any]):
    """A request to stop that came before the first step."""

    exit_code = 130

    def __init__(self, *_: object) -> None:
        super().__init__()


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder while the ``with`` block runs."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def build(parent: Path) -> Path:
    """Make the folder, in one whose own name is hostile."""
    world = parent / NAME
    world.mkdir()
    with inside(world), pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        _write_texts()
        _train(patch)
        _write_models()
        _write_damaged()
        latest = Path("checkpoints", "evil", "last.npz").stat().st_mtime + 9
        os.utime(Path(f"{RUN}-2", "last.npz"), (latest, latest))  # the newest of those that are not finished
    return world


def _write_texts() -> None:
    Path(CORPUS).write_text(TEXT * 9, "utf-8", newline="")
    Path(SHORT).write_text(TEXT, "utf-8", newline="")
    Path("lines.txt").write_text(f"{ARGUMENT}\nabc\n" * 30, "utf-8", newline="")
    Path(f"bad{NAME}.txt").write_bytes(b"\xff\xfe\x9b2J" * 9)


def _train(patch: pytest.MonkeyPatch) -> None:
    flags = ["--quiet", "--steps", "6", *SMALL]
    lines = ["--documents", "--unit", "grapheme", "--out", "checkpoints/lines"]
    assert run(["train", CORPUS, "--out", RUN, *flags]) == 0
    assert run(["train", "lines.txt", *lines, *flags]) == 0
    with patch.context() as stop:
        stop.setattr(screen, "StopRequest", _Stopped)
        assert run(["train", CORPUS, "--out", f"{RUN}-2", *flags]) == 130
    moved = load_checkpoint(f"{RUN}-2/last.npz")
    Path("checkpoints", "moved").mkdir()
    for field in ({"sources": [ARGUMENT]}, {"encoding": ARGUMENT}, {"sha256": ARGUMENT}):
        training = {**moved.training, "origin": {**moved.training["origin"], **field}}
        save(moved.model, Path("checkpoints", "moved", "last.npz"), training=training, tensors=moved.tensors)
        shutil.copytree("checkpoints/moved", f"moved-{next(iter(field))}")


def _write_models() -> None:
    """Write a run whose checkpoints and log are whole, and in all that they say a stranger's."""
    folder = Path("checkpoints", "evil")
    folder.mkdir()
    training = {
        ARGUMENT: ARGUMENT,
        "train": {ARGUMENT: ARGUMENT, "steps": 5, "optimizer": ARGUMENT, "schedule": [ARGUMENT]},
        "origin": {
            **dict.fromkeys(("sha256", "encoding", "errors", "val_file", "preset", "init_from"), ARGUMENT),
            "sources": [ARGUMENT, ARGUMENT],
            ARGUMENT: ARGUMENT,
            "baseline": {"order": 5, "nats": 1.0, ARGUMENT: ARGUMENT},
        },
        "progress": {
            "step": 3,
            "best_loss": 1.0,
            "best_step": ARGUMENT,
            "elapsed_s": ARGUMENT,
            "history": [[1, 2.0, 2.0], [2, 1.0, 1.0], [ARGUMENT] * 3],
        },
    }
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text(TEXT))
    for name in ("last.npz", "best.npz"):
        save(model, folder / name, training=training)
    known, config = charlm.Vocabulary.from_text(TEXT), charlm.TransducerConfig(hidden_size=4)
    charlm.save(charlm.Transducer(config, known, charlm.Vocabulary.from_text(TEXT, stop=True)), "pairs.npz")
    config = charlm.TransducerConfig(hidden_size=4, output="label")
    charlm.save(charlm.Transducer(config, known, [ARGUMENT, TEXT]), "labels.npz", training=training)
    (folder / "config.json").write_text(json.dumps(training), "ascii")
    start = {"step": 0, "steps": 5, "config": {ARGUMENT: {ARGUMENT: ARGUMENT}}, **training["origin"]}
    events: list[dict[str, Any]] = [{"event": "start", "resumed": ARGUMENT, "vocabulary": ARGUMENT, **start}]
    for step in range(1, 40):
        events.append({"event": "step", "step": step, "loss": 1 / step, "lr": 0.1, "bpc": ARGUMENT})
        events.append({"event": "eval", "step": step, "loss": 1 / step, "epoch": ARGUMENT})
    told = ("sample", "warning", "rollback", ARGUMENT)
    events += [{"event": name, "step": 39, "text": ARGUMENT} for name in told]
    events.append({"event": "end", "step": 39, "reason": ARGUMENT, "cause": ARGUMENT, "path": ARGUMENT})
    lines = [json.dumps(event, ensure_ascii=False).encode() for event in events]
    (folder / "log.jsonl").write_bytes(b"\n".join([TEXT.encode(), b"\xff\x9b", *lines]) + b"\n")


def _write_damaged() -> None:
    """Write checkpoints that are refused, each for something that a stranger chose the words of."""
    model = charlm.load(RUN)
    parts = {"model": {"hidden_size": 6}, "vocabulary": model.vocabulary.to_json(), "training": {}}
    changes: dict[str, dict[str, Any]] = {
        "symbols": {"vocabulary": {"unit": "char", "symbols": [ARGUMENT, "b"]}},
        "unit": {"vocabulary": {"unit": ARGUMENT, "symbols": ["a", "b"]}},
        "strange": {"vocabulary": {"unit": "char", "symbols": ["a"], ARGUMENT: ARGUMENT}},
        "setting": {"model": {ARGUMENT: ARGUMENT}},
        "cell": {"model": {"cell": ARGUMENT}},
        "training": {"training": ARGUMENT},
    }
    for name, change in changes.items():
        write_npz(Path(f"{name}.npz"), {**parts, **change}, model.tensors())
    Path(f"{NAME}.npz").write_bytes(TEXT.encode())
    with zipfile.ZipFile("member.npz", "w") as archive:
        archive.writestr(ARGUMENT, TEXT)
