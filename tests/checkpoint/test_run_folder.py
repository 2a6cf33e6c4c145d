from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from charlm.checkpoint import clear_run_folder, lock_run_folder, new_run_folder
from charlm.errors import DiskError, RunLockedError, UsageError

posix = pytest.mark.skipif(os.name == "nt", reason="symbolic links and permissions")

HOLD = """
import sys, time
from pathlib import Path
from charlm.checkpoint import lock_run_folder
with lock_run_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_folders_that_are_not_asked_for_are_numbered(tmp_path: Path) -> None:
    root = tmp_path / "a" / "checkpoints"
    names = [new_run_folder(None, "tales", root=root).name for _ in range(4)]
    assert names == ["tales", "tales-2", "tales-3", "tales-4"]
    assert all((root / name).is_dir() for name in names)


def test_the_shipped_models_folder_is_no_run(tmp_path: Path) -> None:
    assert new_run_folder(None, "pretrained", root=tmp_path).name == "pretrained-2"


@pytest.mark.parametrize("stem", ["", ".", "..", "../x", "a/b"])
def test_a_stem_cannot_lead_elsewhere(tmp_path: Path, stem: str) -> None:
    with pytest.raises(UsageError, match=r"cannot name a folder; give `out`$"):
        new_run_folder(None, stem, root=tmp_path / "runs")
    assert list(tmp_path.iterdir()) == []


def test_a_given_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    assert new_run_folder(tmp_path / "a" / "b", "x").is_dir()


def test_a_given_folder_that_exists_needs_force(tmp_path: Path) -> None:
    (tmp_path / "best.npz").write_bytes(b"precious")
    with pytest.raises(UsageError, match=r"exists; give another `out`, or `force=True` to replace it$"):
        new_run_folder(tmp_path, "x")
    assert new_run_folder(tmp_path, "x", force=True) == tmp_path
    assert (tmp_path / "best.npz").read_bytes() == b"precious", "nothing is replaced before the first save"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"precious")
    for force in (False, True):
        with pytest.raises(UsageError):
            new_run_folder(tmp_path / "x", "x", force=force)
    with pytest.raises(DiskError, match=r"^cannot write [^\n]+; [^\n]+$"):
        new_run_folder(None, "x", root=tmp_path / "x")
    with pytest.raises(DiskError):
        new_run_folder(tmp_path / "x" / "y", "x")


@pytest.mark.promise(15)
@posix
@pytest.mark.parametrize("force", [False, True])
def test_a_symbolic_link_is_no_run_folder(tmp_path: Path, force: bool) -> None:
    (tmp_path / "outside").mkdir()
    for target in ("outside", "nowhere"):
        link = tmp_path / f"to {target}"
        link.symlink_to(tmp_path / target)
        with pytest.raises(UsageError, match="symbolic link; give `out` the folder"):
            new_run_folder(link, "x", force=force)
        assert new_run_folder(None, link.name, root=tmp_path).name == f"{link.name}-2"


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)
    for out in (None, tmp_path / "x"):
        with pytest.raises(DiskError, match=r"Permission denied; choose a writable folder$"):
            new_run_folder(out, "x", root=tmp_path)


def test_clearing_removes_what_stands_beside_the_new_checkpoint_and_nothing_else(tmp_path: Path) -> None:
    for name in ("best.npz", "last.npz", "log.jsonl", "config.json", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    clear_run_folder(tmp_path)
    clear_run_folder(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["last.npz", "notes.txt"]
    (tmp_path / "best.npz").mkdir()
    with pytest.raises(DiskError):
        clear_run_folder(tmp_path)


@pytest.mark.promise(11)
def test_one_process_at_a_time_and_a_kill_releases(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        second = subprocess.run(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        assert "RunLockedError" in second.stderr
        for _ in range(2):  # and being refused breaks nobody's lock
            with (
                pytest.raises(RunLockedError, match=r"in use by another process; wait until [^\n]+$"),
                lock_run_folder(tmp_path),
            ):
                pass
    finally:
        holder.kill()
        holder.communicate()
    with lock_run_folder(tmp_path):
        pass


def test_the_lock_is_released_at_the_end_and_by_an_error(tmp_path: Path) -> None:
    def failing() -> None:
        with lock_run_folder(tmp_path):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failing()
    with lock_run_folder(tmp_path), pytest.raises(RunLockedError), lock_run_folder(tmp_path):
        pass
    with lock_run_folder(tmp_path):
        pass


def test_locks_of_two_folders_do_not_meet(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with lock_run_folder(tmp_path), lock_run_folder(tmp_path / "a"):
        pass


@pytest.mark.promise(15)
@posix
def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".lock").symlink_to(tmp_path / "outside")
    with pytest.raises(DiskError), lock_run_folder(tmp_path):
        pass
    assert not (tmp_path / "outside").exists()


@posix
def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import fcntl

    def refuse(*_args: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(DiskError, match=r"choose a folder on a file system with locks$"), lock_run_folder(tmp_path):
        pass
