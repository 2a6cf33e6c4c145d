from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from charlm.checkpoint import Journal
from charlm.errors import DiskError


def everything(_line: bytes) -> bool:
    return True


def nothing(_line: bytes) -> bool:
    return False


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "log.jsonl")
    journal.append(["one\n", "two\n"])
    return journal


def test_lines_are_appended(journal: Journal) -> None:
    journal.append([])
    journal.append(["three\n"])
    assert journal.path.read_bytes() == b"one\ntwo\nthree\n"
    assert journal.size == 14


def test_nothing_is_made_of_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "x")
    journal.append([])
    journal.truncate(9, everything)
    assert journal.size == 0
    assert list(tmp_path.iterdir()) == []


def test_what_is_appended_is_synced(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: sizes.append(os.fstat(descriptor).st_size))
    journal.append(["three\n"])
    assert sizes == [14]


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EFBIG])
def test_what_cannot_be_appended_leaves_no_trace(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    real = os.write

    def failing(descriptor: int, *data: bytes) -> None:
        if data:
            real(descriptor, data[0][:2])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(DiskError, match=r"^cannot write '.*log\.jsonl': [^\n]+; [^\n]+$"):
        journal.append(["three\n"])
    monkeypatch.undo()
    assert journal.path.read_bytes() == b"one\ntwo\n"


def test_short_writes_are_gone_on_with(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:1]))
    journal.append(["three\n"])
    assert journal.path.read_bytes() == b"one\ntwo\nthree\n"


@pytest.mark.parametrize("tail", [b"", b"thr", b"three\nfour\n", b"three\nfo", b"\0\0\0", b"\xff\xfe\n", b"\r\n"])
def test_what_comes_after_is_cut_off(journal: Journal, tail: bytes) -> None:
    with journal.path.open("ab") as file:
        file.write(tail)
    journal.truncate(8, nothing)
    assert journal.path.read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize(("size", "left"), [(0, b""), (3, b""), (4, b"one\n"), (6, b"one\n"), (99, b"one\ntwo\n")])
def test_what_stays_are_whole_lines(journal: Journal, size: int, left: bytes) -> None:
    journal.truncate(size, nothing)
    assert journal.path.read_bytes() == left


def test_some_lines_may_be_kept_and_half_a_line_never_is(journal: Journal) -> None:
    with journal.path.open("ab") as file:
        file.write(b"three\nfour\nfive")
    journal.truncate(4, lambda line: line.startswith(b"f") or line == b"two\n")
    assert journal.path.read_bytes() == b"one\ntwo\nfour\n"


@pytest.mark.promise(15)
@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_a_symbolic_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside").write_bytes(b"precious\nhalf")
    journal = Journal(tmp_path / "log.jsonl")
    journal.path.symlink_to(tmp_path / "outside")
    for _ in range(2):
        with pytest.raises(DiskError, match=r"remove the symbolic link$"):
            journal.append(["three\n"])
        with pytest.raises(DiskError, match=r"remove the symbolic link$"):
            journal.truncate(0, nothing)
        monkeypatch.setattr(Path, "is_symlink", lambda _self: False)  # put there in the last moment
    assert (tmp_path / "outside").read_bytes() == b"precious\nhalf"


def test_a_cut_that_fails(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "ftruncate", refuse)
    with pytest.raises(DiskError, match=r"check the disk$"):
        journal.truncate(4, nothing)


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(DiskError):
        Journal(tmp_path / "x").append(["one\n"])
