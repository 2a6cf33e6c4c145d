"""Training on the ranks that a real ``mpiexec`` starts: the bits of one process, and one end for all of them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from charlm.checkpoint import load_checkpoint
from charlm.cli.entry import run
from charlm.models.transducer import Transducer
from tests.training.runs import log, make_names, make_text, outcome

MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))

pytestmark = [
    pytest.mark.promise(3),
    pytest.mark.skipif(
        MPIEXEC is None or importlib.util.find_spec("mpi4py") is None, reason="needs mpi4py and an mpiexec"
    ),
]

WITHIN_S = 120  # generous: other work may share the machine; only a failing test waits so long
# run at the start of every interpreter: ranks tell who they are, and soon miss one that is silent
EVERY_RANK = """
import os
from pathlib import Path

rank = os.environ.get("PMI_RANK") or os.environ.get("OMPI_COMM_WORLD_RANK")
if rank:
    from charlm.training.parallel.mpi import MPILinks

    MPILinks.HEARTBEAT_S, MPILinks.MOST_MISSED = 0.2, 15
    Path("rank-" + rank).write_text(str(os.getpid()))
"""
OPEN_MPI = 1  # its mpiexec ends with a code of its own, and kills the ranks a second after the signal
SMALL = ["--hidden-size", "9", "--batch-size", "16", "--seq-length", "8", "--shards", "4", "--quiet"]
ABSURD = ["--steps", "50", "--model", "rnn", "--optimizer", "sgd", "--learning-rate", "1e36", "--clip-norm", "0"]
ABSURD += ["--weight-decay", "1e5", "--warmup", "0"]
ENDLESS = ["train", "t.txt", *SMALL, "--steps", "1000000", "--out", "r", "--eval-every", "0", "--sample-every", "0"]
ENDLESS += ["--run-decay", "0"]  # it depends on the total
ENDLESS += ["--save-every", "5"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sitecustomize.py").write_text(EVERY_RANK)
    (tmp_path / "t.txt").write_text(make_text(600))
    (tmp_path / "names.txt").write_text(make_names(300))
    return tmp_path


def start(*arguments: str, ranks: int = 2, launcher: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Start ``charlm … --distributed`` on some ranks."""
    program = [sys.executable, "-m", "charlm", *arguments, "--distributed"]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path]),
        **dict.fromkeys(("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"), "1"),
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }
    assert MPIEXEC is not None
    return subprocess.Popen(
        [MPIEXEC, "-n", str(ranks), *launcher, *program],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for all ranks to end; returns the exit code, and charlm's lines among what they and the launcher say."""
    try:
        _, err = process.communicate(timeout=WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert "Traceback" not in err
    return process.returncode, "".join(line for line in err.splitlines(True) if line.startswith("charlm: "))


def until(there: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    end = time.monotonic() + WITHIN_S
    while not there():
        assert time.monotonic() < end
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.02)


def start_and_save() -> subprocess.Popen[str]:
    """Start a run without an end; returns once something is saved."""
    process = start(*ENDLESS)
    until(lambda: all(Path(name).exists() for name in ("r/last.npz", "rank-0", "rank-1")), process)
    return process


def pid(rank: int) -> int:
    return int(Path(f"rank-{rank}").read_text())


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def bits(folder: Path) -> dict[str, tuple[str, bytes]]:
    tensors: dict[str, tuple[str, bytes]] = outcome(folder)["tensors"]
    return tensors


@pytest.mark.parametrize(
    "how",
    [
        "t.txt --model rnn --dropout 0.3 --layers 2",
        "names.txt --model lstm --documents --weight-drop 0.2 --ema 0.9 --optimizer adam --learning-rate 0.01",
        "t.txt --model gru --sampling random --hidden-size 140 --on-nan rollback",  # several blocks of weights
    ],
)
def test_the_bits_are_those_of_one_process(how: str) -> None:
    arguments = ["train", *SMALL, *how.split(), "--steps", "7", "--eval-every", "3", "--log-every", "1"]
    assert run([*arguments, "--workers", "1", "--out", "alone"]) == 0
    assert result(start(*arguments, "--out", "ranks")) == (0, "")
    alone, ranks = (outcome(Path(name)) for name in ("alone", "ranks"))
    for record in (alone, ranks):  # which tell where the run was started from
        record["record"]["origin"].pop("sources", None)
    assert ranks == alone


@pytest.mark.parametrize("task", ["numbers", "languages"])
def test_the_bits_of_pairs_are_those_of_one_process(task: str) -> None:
    size = ["--hidden-size", "10", "--batch-size", "16", "--shards", "4", "--quiet"]
    arguments = ["train", "--pairs", f"builtin:{task}", *size, "--dropout", "0.2", "--steps", "7"]
    assert run([*arguments, "--workers", "1", "--out", "alone"]) == 0
    assert result(start(*arguments, "--out", "ranks")) == (0, "")
    alone, ranks = (load_checkpoint(f"{name}/last.npz", Transducer).sha256 for name in ("alone", "ranks"))
    assert ranks == alone


def test_one_rank_is_alone() -> None:
    arguments = ["train", "t.txt", *SMALL, "--steps", "3"]
    assert run([*arguments, "--out", "alone"]) == 0
    assert result(start(*arguments, "--out", "rank", ranks=1)) == (0, "")
    assert bits(Path("rank")) == bits(Path("alone"))


@pytest.mark.skipif(os.name != "posix", reason="there are no signals to send")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_once_and_the_run_goes_on_with_mpi_and_without(number: signal.Signals, code: int) -> None:
    process = start_and_save()
    process.send_signal(number)
    got, err = result(process)
    assert got in (code, OPEN_MPI)
    assert err == ""
    last = log(Path("r"))[-1]
    assert (last["event"], last.get("reason")) == ("end", "interrupted") or (got, last["event"]) == (
        OPEN_MPI,
        "save",
    )
    step = load_checkpoint(Path("r/last.npz")).training["progress"]["step"]
    assert step == last["step"]
    total = str(step + 3)
    for copy in ("with", "without"):
        shutil.copytree("r", copy)
    assert result(start("resume", "with", "--steps", total, "--quiet")) == (0, "")
    assert run(["resume", "without", "--steps", total, "--quiet"]) == 0
    fresh = [total if word == "1000000" else "never" if word == "r" else word for word in ENDLESS]
    assert run([*fresh, "--workers", "1"]) == 0
    assert bits(Path("with")) == bits(Path("without")) == bits(Path("never"))


@pytest.mark.skipif(os.name != "posix", reason="there are no signals to send")
@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_is_killed_ends_all_and_the_last_save_is_whole(rank: int) -> None:
    process = start_and_save()
    other = pid(1 - rank)
    os.kill(pid(rank), signal.SIGKILL)
    code, _ = result(process)  # the launcher's, mostly, which kills the others
    assert code != 0
    until(lambda: is_gone(other))
    step = load_checkpoint(Path("r/last.npz")).training["progress"]["step"]
    assert run(["resume", "r", "--steps", str(step + 1), "--quiet"]) == 0


@pytest.mark.skipif(os.name != "posix", reason="there are no signals to send")
@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_falls_silent_is_lost(rank: int) -> None:
    process = start_and_save()
    os.kill(pid(rank), signal.SIGSTOP)
    try:
        code, err = result(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid(rank), signal.SIGKILL)
    assert code == 70
    assert err.count("\n") == 1
    assert err.startswith(f"charlm: rank {rank} of 2 has been silent for 3 s; the last save is whole")
    assert load_checkpoint(Path("r/last.npz")).training["progress"]["step"] % 5 == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "nowhere.txt"], 3, "there is no file or folder 'nowhere.txt'"),
        (["train", "t.txt", "--workers", "2"], 2, "--workers is for one machine"),
        (["resume", "nowhere"], 4, ""),
        (["train", "t.txt", *SMALL, *ABSURD], 6, "training diverged at update"),
    ],
)
def test_an_error_is_told_once_and_ends_all(arguments: list[str], code: int, message: str) -> None:
    got, err = result(start(*arguments))
    assert got == code
    assert err.count("\n") == 1
    assert err.startswith(f"charlm: {message}")


def test_ranks_that_were_started_differently() -> None:
    other = [":", "-n", "1", sys.executable, "-m", "charlm", "train", "t.txt", "--seed", "2", "--distributed"]
    first = ["train", "t.txt", "--seed", "1", "--distributed"]
    process = start(*first, *other, ranks=1)
    code, err = result(process)
    assert code == 2
    assert err == (
        "charlm: rank 1 has --seed 2 and rank 0 has 1; start every rank with the same versions and the same flags\n"
    )
    assert not Path("checkpoints").exists()


def test_ranks_of_different_versions(folder: Path) -> None:
    older = "import numpy\nif rank == '1':\n    numpy.__version__ = '1.26.0'\n"
    (folder / "sitecustomize.py").write_text(EVERY_RANK + older)
    code, err = result(start("train", "t.txt"))
    assert code == 2
    assert err.startswith("charlm: rank 1 has NumPy 1.26.0 and rank 0 has ")
