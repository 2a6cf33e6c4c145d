"""``--distributed`` where MPI is not there, is another's, or has one rank; with more, see tests/training."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import typer

from charlm.cli.entry import run
from charlm.cli.training import ranks
from charlm.errors import DiskError, PeerLostError

TRAIN = ["train", "t.txt", "--distributed", "--steps", "2", "--hidden-size", "5", "--batch-size", "4"]
TRAIN += ["--seq-length", "8", "--out", "r"]
ONE_RANK = "class COMM_WORLD:\n    Get_size = staticmethod(lambda: 1)\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.txt").write_text("the cat sat on the mat and ran far off " * 20)
    for name in ranks.LAUNCHERS:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def put_mpi(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``mpi4py.MPI`` be some code."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "mpi4py"]:
        monkeypatch.delitem(sys.modules, name)
    package = Path("packages/mpi4py")
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "MPI.py").write_text(code)
    monkeypatch.syspath_prepend(package.parent)


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert not Path("r").exists()
    return err


@pytest.mark.parametrize("arguments", [TRAIN, ["resume", "r", "--distributed"]])
def test_without_the_extra(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert refusal(arguments, capsys) == (
        'charlm: --distributed needs mpi4py, which is not installed; pip install "charlm-toolkit[mpi]"\n'
    )


def test_without_a_library(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    put_mpi("raise RuntimeError('cannot load MPI library\\nlibmpi.so: not found')", monkeypatch)
    assert refusal(TRAIN, capsys) == (
        "charlm: --distributed finds no MPI library (cannot load MPI library); "
        "pip install mpich, or load that of your cluster\n"
    )


@pytest.mark.parametrize("name", ranks.LAUNCHERS)
def test_under_the_mpiexec_of_another_mpi(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_mpi(ONE_RANK, monkeypatch)
    monkeypatch.setenv(name, "4")
    assert refusal(TRAIN, capsys).startswith("charlm: mpiexec is of another MPI")


def test_one_rank_trains_alone_and_says_how_to_have_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_mpi(ONE_RANK, monkeypatch)
    monkeypatch.setenv("PMI_SIZE", "1")
    assert run(TRAIN) == 0
    assert capsys.readouterr().err.startswith("one rank only: for more, mpiexec -n 2 charlm …\n")
    assert run(["resume", "r", "--distributed", "--steps", "3", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (typer.Exit(143), 143),
        (DiskError("full; make room"), 5),
        (PeerLostError("gone; go on"), 70),
        (KeyboardInterrupt(), 130),
        (ValueError(), 1),
    ],
)
def test_the_others_end_with_the_code_of_rank_0(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ProcessGroup:
        rank, broken, code = 0, False, -1

        def compare(self, facts: dict[str, str]) -> None:
            assert facts["--seed"] == "3"
            assert {"charlm", "NumPy"} < facts.keys()

        def end(self, code: int) -> None:
            self.code = code

    group = ProcessGroup()
    monkeypatch.setattr(ranks, "_join", lambda flags: group)
    with pytest.raises(type(error)), ranks.all_ranks({"seed": 3, "workers": None}, wanted=True):
        raise error
    assert group.code == code
    with ranks.all_ranks({"seed": 3, "workers": None}, wanted=True) as given:
        assert given is group
    assert group.code == 0
