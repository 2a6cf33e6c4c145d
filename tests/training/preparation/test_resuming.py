"""A stored run prepared to be resumed, without a command line; ``charlm resume`` is tried in tests/cli."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

import charlm
from charlm.checkpoint import load_checkpoint
from charlm.errors import CheckpointError, CorpusError, UsageError
from charlm.training.preparation import (
    named_run,
    new_pairs_run,
    new_text_run,
    newest_unfinished,
    own_runs,
    resumed_run,
)

pytestmark = pytest.mark.usefixtures("nothing_shipped")
SHAPE: dict[str, Any] = {"hidden_size": 6}


def trained(steps: int = 2, *, pairs: bool = False, stop: bool = False, **train: Any) -> Path:
    settings: dict[str, Any] = {"model": SHAPE, "train": {"steps": steps, "batch_size": 4, **train}}
    new = new_pairs_run("builtin:reverse", **settings) if pairs else new_text_run(["t.txt"], **settings)
    options = dataclasses.replace(new.options(), should_stop=lambda: stop)
    charlm.train(new.model, new.task(), new.config, run=options).run()
    assert options.folder is not None
    return options.folder


@pytest.mark.parametrize("pairs", [False, True])
def test_it_continues_from_its_folder_alone(pairs: bool) -> None:
    steady = {"schedule": "constant", "run_decay": 0}  # nothing depends on the total
    whole, parts = trained(4, pairs=pairs, **steady), trained(2, pairs=pairs, **steady)
    old = resumed_run(parts, steps=4)
    assert (old.step, old.finished, old.minutes, old.options.folder) == (2, False, None, parts)
    charlm.train(old.model, old.task(), old.config, run=old.options).run()
    a, b = (load_checkpoint(folder / "last.npz", kind=None).model.params.value for folder in (whole, parts))
    assert a.tobytes() == b.tobytes()


def test_a_finished_run_says_so() -> None:
    old = resumed_run(trained(2))
    assert (old.step, old.finished) == (2, True)
    assert not resumed_run(old.options.folder or Path(), epochs=50).finished


@pytest.mark.parametrize(
    ("settings", "steps", "message"),
    [
        ({"steps": 1, "epochs": 2}, 2, "`epochs` and `steps` are two totals; give one of them"),
        ({"minutes": 1}, 0, "this run has no pace yet to measure minutes by; give `steps` or `epochs`"),
    ],
)
def test_totals_that_are_refused(settings: dict[str, Any], steps: int, message: str) -> None:
    with pytest.raises(UsageError) as error:
        resumed_run(trained(steps), **settings)
    assert str(error.value) == message


def test_the_text_must_be_the_same() -> None:
    folder = trained()
    Path("t.txt").write_text("another text", "utf-8")
    with pytest.raises(CorpusError, match="has changed"):
        resumed_run(folder)


def test_a_model_saved_by_hand_is_no_run() -> None:
    Path("m").mkdir()
    charlm.save(
        charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("ab")), "m/last.npz"
    )
    with pytest.raises(CheckpointError, match="was not written by a run"):
        resumed_run(Path("m"))


class TestWhichRun:
    def test_by_path_name_or_checkpoint(self) -> None:
        folder = trained()
        for name in ("t", "checkpoints/t", "checkpoints/t/best.npz"):
            assert named_run(name) == folder

    def test_weights_alone_can_be_fine_tuned(self) -> None:
        (trained() / "last.npz").unlink()
        with pytest.raises(
            CheckpointError, match='to resume; fine-tune the weights with charlm train `init_from="t"`'
        ):
            named_run("t")

    def test_the_newest_unfinished_one(self) -> None:
        assert newest_unfinished([]) is None
        trained(2)
        assert newest_unfinished(own_runs()) is None
        stopped = trained(2, stop=True)
        found = newest_unfinished(own_runs())
        assert found is not None
        assert Path(found.path).parent == stopped

    def test_there_is_none(self) -> None:
        with pytest.raises(CheckpointError, match="there is no run to resume"):
            own_runs()
