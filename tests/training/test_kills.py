"""``kill -9`` at any moment, any call to the system failing: at most the work since the last save is gone."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

import charlm
from charlm.checkpoint import is_unfinished, load_checkpoint, lock_run_folder
from charlm.config import from_mapping
from charlm.runs.report import Report
from charlm.training import task
from charlm.training.train import RunOptions, train
from tests.failing_file import FailingFile
from tests.figures import figure

from .runs import log, make_text, new_model, outcome

pytestmark = pytest.mark.promise(4)

TEXT = make_text(130)
ROOT = Path(__file__).parents[2]


def config(**more: Any) -> charlm.TrainConfig:
    every = {"save_every": 3, "eval_every": 4, "sample_every": 5, "log_every": 1}
    sizes = {"batch_size": 16, "seq_length": 9, "shards": 2, "workers": 1}
    return charlm.TrainConfig(**{"steps": 12, "learning_rate": 0.1, **sizes, **every, **more})


def sitting(folder: Path, settings: charlm.TrainConfig, *, fresh: bool) -> None:
    """Train to the end in a folder that this process has locked, as the command does."""
    with lock_run_folder(folder):
        if fresh:
            list(train(new_model(TEXT, cell="gru"), TEXT, settings, run=RunOptions(folder=folder)))
            return
        checkpoint = load_checkpoint(folder / "last.npz")
        settings = from_mapping(charlm.TrainConfig, checkpoint.training["train"])
        options = RunOptions(folder=folder, resumed=(checkpoint.training, checkpoint.tensors))
        list(train(checkpoint.model, TEXT, settings, run=options))


def seed_of(folder: Path) -> int | None:
    """Return which run a folder holds; None if none. Whatever is there must be whole."""
    if not (folder / "last.npz").exists():
        return None
    if (folder / "best.npz").exists():
        load_checkpoint(folder / "best.npz")
    return int(load_checkpoint(folder / "last.npz").training["train"]["seed"])


def is_finished(folder: Path, seed: int) -> bool:
    """Tell whether a folder holds a run with nothing left to do; resuming it would be refused."""
    if seed_of(folder) != seed:
        return False
    training = load_checkpoint(folder / "last.npz").training
    return not is_unfinished(training["progress"], training["train"]["steps"])


def whole(folder: Path, settings: charlm.TrainConfig) -> dict[str, Any]:
    folder.mkdir()
    sitting(folder, settings, fresh=True)
    return outcome(folder)


# -- kills --


def kill_until(count: int, folder: Path) -> tuple[int, int, int]:
    """Kill sittings until `count` were killed; return how often a run began, was gone on with and was finished."""
    import random
    import signal
    import time

    rng, killed, begun, gone_on, finished = random.Random(0), 0, 0, 0, 0
    settings = config(steps=40)
    task.SAMPLE_LENGTH = 9
    wanted = [whole(folder / f"whole {seed}", replace(settings, seed=seed)) for seed in (0, 1)]
    began = time.perf_counter()
    whole(folder / "again", settings)
    span_s = time.perf_counter() - began  # of a run from its beginning to its end, on this machine at this time
    run = folder / "run"
    run.mkdir()
    seed, complete = 0, True  # the run that is made; whether its log has its beginning
    while killed < count or not finished:
        fresh = seed_of(run) != seed
        child = os.fork()
        if not child:
            sitting(run, replace(settings, seed=seed), fresh=fresh)
            os._exit(0)
        time.sleep(rng.uniform(0.0, 0.8 * span_s))
        os.kill(child, signal.SIGKILL)
        done = os.waitpid(child, 0)[1] == 0
        killed, begun, gone_on = killed + (not done), begun + fresh, gone_on + (not fresh)
        there = seed_of(run)
        if there == 1 - seed:  # the run that is to be replaced is whole until the new one has saved
            assert {**outcome(run), "steps": 0} == {**wanted[there], "steps": 0}
        if there == seed and load_checkpoint(run / "last.npz").training.get("replaces"):
            complete = False
        if done or is_finished(run, seed):
            made = outcome(run)
            assert made["tensors"] == wanted[seed]["tensors"]
            assert made["best"] == wanted[seed]["best"]
            if complete:
                assert made["steps"] == wanted[seed]["steps"]
            finished, seed, complete = finished + 1, 1 - seed, True  # the next one takes the place of this one
    return begun, gone_on, finished


@pytest.mark.skipif(os.name == "nt", reason="needs fork and kill -9")
def test_kills_at_random_times(tmp_path: Path) -> None:
    kills = figure(12, 200)
    script = (
        "import sys; from pathlib import Path; from tests.training.test_kills import kill_until;"
        "print(*kill_until(int(sys.argv[1]), Path(sys.argv[2])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(kills), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    begun, gone_on, finished = map(int, done.stdout.split())
    assert min(begun, gone_on, finished) > kills // 50, "the kills came at the wrong times to show anything"


# -- failures --


class Countdown:
    """Lets the n-th call to the system fail, and all after that which may take space: a full disk stays full."""

    CALLS = ("open", "write", "fsync", "replace", "unlink")

    def __init__(self, n: int, code: int, patch: pytest.MonkeyPatch) -> None:
        self.left, self.code = n, code
        real_fdopen = os.fdopen
        for name in self.CALLS:
            patch.setattr(os, name, self._failing(getattr(os, name), once=name == "unlink"))
        patch.setattr(os, "fdopen", lambda *args: FailingFile(real_fdopen(*args), self.fail))

    def fail(self, *, once: bool = False) -> None:
        self.left -= 1
        if self.left == 0 or (self.left < 0 and not once):
            raise OSError(self.code, os.strerror(self.code))

    def _failing(self, real: Callable[..., Any], *, once: bool) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            self.fail(once=once)
            return real(*args, **options)

        return call


SAYS = r"^cannot write '[^\n]+': [^\n]+; [^\n]+$"


def exhaust(reports: Iterator[Report]) -> NoReturn:
    while True:
        next(reports)


@pytest.fixture
def wanted(tmp_path: Path) -> dict[str, Any]:
    folder = tmp_path
    return {"new": whole(folder / "new", config()), "old": whole(folder / "old", config(seed=1)), "folder": folder}


@pytest.mark.promise(6)
@pytest.mark.parametrize("code", figure([errno.ENOSPC], [errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EROFS]))
@pytest.mark.parametrize("replacing", [False, True])
def test_whichever_call_fails_the_run_goes_on_from_its_last_save(
    tmp_path: Path, wanted: dict[str, Any], code: int, replacing: bool
) -> None:
    n, failures, stride = 1, 0, figure(83, 1)
    while True:
        run = tmp_path / f"run {n}"
        if replacing:
            shutil.copytree(wanted["folder"] / "old", run)
        else:
            run.mkdir()
        with lock_run_folder(run), pytest.MonkeyPatch.context() as patch:
            countdown = Countdown(n, code, patch)
            training = train(new_model(TEXT, cell="gru"), TEXT, config(), run=RunOptions(folder=run))
            with contextlib.suppress(StopIteration), pytest.raises(charlm.DiskError, match=SAYS) as caught:
                exhaust(training)
        if countdown.left > 0:
            break
        assert caught.value.exit_code == 5
        failures += 1
        there = seed_of(run)
        if there == 1:
            assert outcome(run) == wanted["old"]
        if there is None:  # nothing that is no use without a checkpoint is left in the way
            assert [file.name for file in run.iterdir()] == [".lock"]
        lost = there == 0 and load_checkpoint(run / "last.npz").training.get("replaces")
        if not is_finished(run, 0):
            sitting(run, config(), fresh=there != 0)
        made = outcome(run)
        if lost:
            made["steps"] = wanted["new"]["steps"]
        assert made == wanted["new"], n
        shutil.rmtree(run)
        n += stride
    assert failures * stride > 900
    assert outcome(run) == wanted["new"]


def test_the_log_is_that_of_a_run_that_never_stopped(tmp_path: Path, wanted: dict[str, Any]) -> None:
    run = tmp_path / "run"
    run.mkdir()
    steps = iter(range(100))
    options = RunOptions(folder=run, should_stop=lambda: next(steps) == 12)
    list(train(new_model(TEXT, cell="gru"), TEXT, config(), run=options))
    stopped = log(run)
    with (run / "log.jsonl").open("a") as file:  # a sitting that was killed: nothing of this is in the checkpoint
        file.write('{"event": "step", "step": 8, "loss": 99}\n{"event": "save", "step": 9}\n{"event": "st')
    sitting(run, config(), fresh=False)
    assert log(run)[: len(stopped)] == stopped
    assert outcome(run) == wanted["new"]
    assert 99 not in [line.get("loss") for line in log(run)]
