"""Starting peers: answers, missing ones, failures, memory; and the picture of a whole run kept as JSON."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from measuring.points import Contestant, Point
from measuring.run import PEERS, Runner, tree_mib
from peers.protocol import Job

ANSWER = (
    "import json, sys; print('noise'); print(json.dumps({'chars_per_s': json.loads(sys.argv[1])['hidden'] * 2.0}))"
)


def runner(folder: Path, script: str) -> Runner:
    (folder / "fake_peer.py").write_text(script, encoding="utf-8")
    return Runner({}, folder=folder)


def measure(folder: Path, script: str, figure: str = "chars_per_s") -> tuple[float | None, str]:
    contestant = Contestant("fake", "fake", Job(what="train", hidden=21))
    m = runner(folder, script).measure(Point("train", "x", figure, (contestant,), ()), contestant, 0)
    return m.value, m.note


def test_figure_of_the_answer(tmp_path: Path) -> None:
    assert measure(tmp_path, ANSWER) == (42.0, "")


def test_missing_peer(tmp_path: Path) -> None:
    script = f"import sys; sys.path.append({str(PEERS)!r}); from protocol import missing; missing('no such thing')"
    assert measure(tmp_path, script) == (None, "no such thing")


def test_failing_peer_does_not_end_the_run(tmp_path: Path) -> None:
    assert measure(tmp_path, "raise ValueError('broken')") == (None, "ValueError: broken")


def test_missing_interpreter(tmp_path: Path) -> None:
    answer = Runner({"jax": str(tmp_path / "python")}).ask("jax", Job(what="about"))
    assert "cannot be started" in answer["missing"]


def test_answer_without_the_figure(tmp_path: Path) -> None:
    value, note = measure(tmp_path, "print('{}')")
    assert value is None
    assert "cannot be measured" in note


@pytest.mark.parametrize(("peer", "module"), [("torch", "torch"), ("jax", "jax"), ("numpy", "numpy")])
def test_peer_that_is_not_installed_names_what_is_missing(
    peer: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = f"raise ModuleNotFoundError(\"No module named '{module}'\")"
    (tmp_path / f"{module}.py").write_text(broken, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert Runner({}).ask(peer, Job(what="about")) == {"missing": f"No module named '{module}'"}


def test_peers_get_all_cores_whatever_this_process_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    script = "import json, os; print(json.dumps({'chars_per_s': float(os.environ.get('OPENBLAS_NUM_THREADS', 0))}))"
    assert measure(tmp_path, script) == (0.0, "")


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux counts shared pages once")
def test_memory_counts_children_and_shared_pages_once() -> None:
    # 64 MiB that two processes share, and 32 MiB that the child has alone
    program = """if True:
        import mmap, os, sys
        shared = mmap.mmap(-1, 64 << 20)
        shared.write(b"x" * (64 << 20))
        if os.fork() == 0:
            shared.seek(0); shared.read()
            own = b"y" * (32 << 20)
            print("ready", flush=True)
            sys.stdin.read(1)
            os._exit(0)
        os.wait()
    """
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        size = tree_mib(child.pid)
        child.communicate("x")
    assert 96 < size < 96 + 60  # and two interpreters
    assert tree_mib(child.pid) == 0.0


def test_a_whole_run_is_measured() -> None:
    answer = Runner({}).ask("charlm", Job(what="run", cell="rnn", hidden=8, streams=2, length=4, vocab=50))
    assert answer["seconds"] > 0, answer


@pytest.mark.parametrize("streams", [1, 64])
def test_sampling_is_measured(streams: int) -> None:
    job = Job(what="sample", cell="rnn", hidden=8, streams=streams, vocab=5, seconds=0.01)
    answer = Runner({}).ask("charlm", job)
    assert answer["chars_per_s"] == pytest.approx(streams / answer["seconds"])


def test_command_measures_keeps_and_shows_again(tmp_path: Path) -> None:
    script = Path(PEERS).parent / "speed.py"
    kept, table = tmp_path / "kept.json", tmp_path / "table.md"
    arguments = ["--what", "startup", "--rounds", "1", "--seconds", "0.1", "--json", str(kept)]
    first = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=True)
    assert "charlm: target at most 0.3, reached" in first.stdout
    again = [sys.executable, script, "--from", kept, "--markdown", table]
    second = subprocess.run(again, capture_output=True, text=True, check=True)
    assert first.stdout.endswith(second.stdout)
    assert "| charlm --help |" in table.read_text(encoding="utf-8")


@pytest.mark.parametrize("streams", [1, 3])
def test_texts_under_a_pattern_are_written(streams: int) -> None:
    job = Job(what="write", hidden=8, length=20, streams=streams, pattern="[A-Z ]{20}", seconds=0.01)
    answer = Runner({}).ask("charlm", job)
    assert answer["us_per_char"] == pytest.approx(1e6 * answer["seconds"] / 20 / streams)


def test_texts_that_a_pattern_cuts_short_are_not_measured() -> None:
    job = Job(what="write", hidden=8, length=20, pattern="[A-Z ]{19}", seconds=0.01)
    assert "19 characters in place of 20" in Runner({}).ask("charlm", job)["failed"]
