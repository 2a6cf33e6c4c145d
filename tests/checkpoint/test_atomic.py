"""Saves are atomic: the order of calls, every call failing in turn, real limits, real kills."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charlm.checkpoint import atomic, atomic_file, read_npz, write_json, write_npz
from charlm.errors import DiskError
from tests.failing_file import FailingFile
from tests.figures import figure

posix = pytest.mark.skipif(os.name == "nt", reason="needs fork, kill -9 or folders that can be synced")


def write(path: Path, text: bytes) -> None:
    with atomic_file(path) as file:
        file.write(text)


@pytest.mark.promise(5)
@posix
def test_the_order_of_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    folders: dict[int, str] = {}
    real = {name: getattr(os, name) for name in ("open", "fsync", "replace", "fdopen")}

    def opened(path: Any, flags: int, *mode: int) -> int:
        descriptor = real["open"](path, flags, *mode)
        folders[descriptor] = "folder" if Path(path) == tmp_path else "temporary"
        if folders[descriptor] == "temporary":
            assert Path(path).parent == tmp_path
            assert flags & os.O_EXCL
            assert flags & os.O_CREAT
            assert flags & os.O_NOFOLLOW
        calls.append(f"open {folders[descriptor]}")
        return descriptor

    def synced(descriptor: int) -> None:
        if folders[descriptor] == "temporary":
            assert os.fstat(descriptor).st_size == 3, "synced before everything was handed to the system"
        calls.append(f"fsync {folders[descriptor]}")
        real["fsync"](descriptor)

    def replaced(source: Any, target: Any) -> None:
        assert (Path(source).parent, Path(target)) == (tmp_path, tmp_path / "x")
        calls.append("rename")
        real["replace"](source, target)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    write(tmp_path / "x", b"new")
    assert calls == ["open temporary", "fsync temporary", "rename", "open folder", "fsync folder"]


@pytest.mark.promise(4)
@pytest.mark.promise(6)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EROFS, errno.ENOTDIR, errno.EXDEV])
def test_whichever_call_fails_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = tmp_path / "x.npz"
    write_npz(path, {"step": 1}, {"w": np.zeros(2)})
    old, saved = path.read_bytes(), False
    countdown, messages = 0, []

    def fail() -> None:
        nonlocal countdown
        countdown -= 1
        if countdown == 0:
            raise OSError(code, os.strerror(code))

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            fail()
            return real(*args, **options)

        return call

    real_fdopen = os.fdopen
    for name in ("open", "fsync", "replace"):
        monkeypatch.setattr(os, name, failing(getattr(os, name)))
    monkeypatch.setattr(os, "fdopen", lambda *args: FailingFile(real_fdopen(*args), fail))
    while not saved:
        countdown = len(messages) + 1
        try:
            write_npz(path, {"step": 2}, {"w": np.ones(2)})
            saved = True
        except DiskError as error:
            messages.append(str(error))
        # the last two calls sync the folder, when the new file is there, whole
        assert path.read_bytes() == old or read_npz(path).meta["step"] == 2
        assert list(tmp_path.iterdir()) == [path]
    assert len(messages) > 20
    for message in messages:
        assert message.startswith(f"cannot write {str(path)!r}: {os.strerror(code)}; ")
        assert message.isprintable()
    assert read_npz(path).meta["step"] == 2


def test_an_interruption_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "x", b"old")

    def interrupted() -> None:
        with atomic_file(tmp_path / "x") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (tmp_path / "x").read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "x"]


def test_folders_that_cannot_be_synced_are_borne(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def synced(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", synced)
    write(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new"


def test_on_windows_a_file_in_use_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    real, refusals = os.replace, 2

    def replaced(source: Any, target: Any) -> None:
        nonlocal refusals
        refusals -= 1
        if refusals >= 0:
            raise PermissionError(errno.EACCES, "in use")
        real(source, target)

    (tmp_path / "new").write_bytes(b"new")
    monkeypatch.setattr(atomic.time, "sleep", pauses.append)
    monkeypatch.setattr(os, "replace", replaced)
    with monkeypatch.context() as windows:
        windows.setattr(os, "name", "nt")
        atomic._replace(tmp_path / "new", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert len(pauses) == 2


@pytest.mark.promise(15)
@posix
def test_a_symbolic_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"precious")
    (tmp_path / "x").symlink_to(tmp_path / "outside")
    write(tmp_path / "x", b"new")
    assert (tmp_path / "outside").read_bytes() == b"precious"
    assert not (tmp_path / "x").is_symlink()


@pytest.mark.promise(15)
@posix
def test_a_link_planted_under_the_temporary_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic.secrets, "token_hex", lambda _n: "guessed")
    (tmp_path / "outside").write_bytes(b"precious")
    planted = tmp_path / f"{atomic._PREFIX}guessed{atomic._SUFFIX}"
    planted.symlink_to(tmp_path / "outside")
    with pytest.raises(DiskError):
        write(tmp_path / "x", b"new")
    assert (tmp_path / "outside").read_bytes() == b"precious"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match=r"No such file or directory; create the folder first$"):
        write(tmp_path / "none" / "x", b"")


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(DiskError, match=r"^cannot write [^\n]+; [^\n]+$"):
        write(tmp_path / "x", b"")
    assert list(tmp_path.iterdir()) == [tmp_path / "x"]


def test_json_is_ascii_and_strict(tmp_path: Path) -> None:
    value = {"text": "é\x1b\u202e\udc80", "steps": 3}
    write_json(tmp_path / "config.json", value)
    text = (tmp_path / "config.json").read_bytes()
    assert json.loads(text) == value
    assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in text)
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "config.json", {"loss": float("nan")})
    assert (tmp_path / "config.json").read_bytes() == text


def run(script: str, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *args], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.promise(6)
@posix
def test_a_limit_on_file_sizes_leaves_the_old_file(tmp_path: Path) -> None:
    script = """
        import resource, sys
        from pathlib import Path
        import numpy as np
        from charlm.checkpoint import read_npz, write_npz
        from charlm.errors import DiskError
        path = Path(sys.argv[1])
        write_npz(path, {"step": 1}, {"w": np.zeros(2)})
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            write_npz(path, {"step": 2}, {"w": np.zeros(100_000)})
        except DiskError as error:
            print(error)
        print(read_npz(path).meta["step"], [entry.name for entry in path.parent.iterdir()])
    """
    error, after = run(script, str(tmp_path / "x.npz")).splitlines()
    assert error.endswith("File too large; raise the limit on file sizes (ulimit -f)")
    assert after == "1 ['x.npz']"


@pytest.mark.promise(4)
@posix
def test_kills_during_saves_leave_a_readable_file(tmp_path: Path) -> None:
    # one process forks the writers, so that each starts in a millisecond; the pauses cover a save and more
    script = """
        import os, random, signal, sys, time
        from pathlib import Path
        import numpy as np
        from charlm.checkpoint import lock_run_folder, read_npz, write_npz
        folder, rng = Path(sys.argv[1]), random.Random(0)
        path, steps, leftovers, attempt, attempts = folder / "last.npz", [], 0, 0, int(sys.argv[2])
        weights = np.zeros(50_000)
        write_npz(path, {"step": 0}, {"w": weights})
        # on a busy machine many kills come before anything is written, and more are needed
        while attempt < attempts or (attempt < 20 * attempts and (len(set(steps)) <= 20 or leftovers <= 10)):
            attempt += 1
            child = os.fork()
            if not child:
                for step in range(1, 1000):
                    write_npz(path, {"step": 1000 * attempt + step}, {"w": weights + step})
                os._exit(1)
            time.sleep(rng.uniform(0.001, 0.02))
            os.kill(child, signal.SIGKILL)
            assert os.waitpid(child, 0)[1] == signal.SIGKILL
            contents = read_npz(path)
            assert (contents.tensors["w"] == contents.meta["step"] % 1000).all()
            steps.append(contents.meta["step"])
            leftovers += len(list(folder.glob(".charlm-*.tmp")))
            with lock_run_folder(folder):
                assert not list(folder.glob(".charlm-*.tmp"))
        print(len(set(steps)), leftovers)
    """
    different, leftovers = map(int, run(script, str(tmp_path), str(figure(60, 200))).split())
    assert different > 20, "the kills came before anything was written"
    assert leftovers > 10, "no kill came during a save"
