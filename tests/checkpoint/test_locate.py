from __future__ import annotations

import os
from pathlib import Path

import pytest

from charlm.checkpoint import find_model, list_runs
from charlm.errors import CheckpointError


def run(root: Path, name: str, **saved_s: float) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    for stem, time_s in saved_s.items():
        (folder / f"{stem}.npz").write_bytes(b"")
        os.utime(folder / f"{stem}.npz", (time_s, time_s))
    return folder


def test_the_newest_run_by_its_last_checkpoint(tmp_path: Path) -> None:
    run(tmp_path, "old", last=100, best=900)
    new = run(tmp_path, "new", last=200, best=150)
    run(tmp_path, "pretrained/tales", best=10_000)
    run(tmp_path, "nothing in it")
    (tmp_path / "file").write_bytes(b"")
    assert find_model(root=tmp_path) == new / "best.npz"
    assert [run.name for run in list_runs(tmp_path)] == ["new", "old", "pretrained/tales"]
    assert [run.saved_s for run in list_runs(tmp_path)] == [200, 100, 10_000]
    assert [run.shipped for run in list_runs(tmp_path)] == [False, False, True]


def test_imported_folders_have_only_the_best(tmp_path: Path) -> None:
    run(tmp_path, "trained", last=100, best=100)
    imported = run(tmp_path, "imported", best=200)
    assert find_model(root=tmp_path) == imported / "best.npz"


def test_a_run_that_has_just_begun(tmp_path: Path) -> None:
    assert find_model(run(tmp_path, "new", last=1)) == tmp_path / "new" / "last.npz"


def test_the_shipped_model_where_there_is_no_other(tmp_path: Path) -> None:
    shipped = run(tmp_path, "pretrained/tales", best=1)
    assert find_model(None, root=tmp_path) == shipped / "best.npz"


def test_runs_of_one_moment_have_an_order(tmp_path: Path) -> None:
    for name in "bca":
        run(tmp_path, name, last=5)
    assert [run.name for run in list_runs(tmp_path)] == ["a", "b", "c"]


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = run(tmp_path, "x", last=1, best=1)
    assert find_model(str(folder / "last.npz")) == folder / "last.npz"


@pytest.mark.parametrize("root", ["", "none"])
def test_without_any_run(tmp_path: Path, root: str) -> None:
    with pytest.raises(CheckpointError, match=r"^there is no run in '.*'; train one first: charlm train$"):
        find_model(root=tmp_path / root)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"holds neither best\.npz nor last\.npz; give a run folder"):
        find_model(tmp_path)
    with pytest.raises(
        CheckpointError, match=r"there is no checkpoint '.*none'; check the name, or train one first"
    ):
        find_model(tmp_path / "none")
    with pytest.raises(CheckpointError, match=r"^(checkpoint|there is no checkpoint) [^\n]+; [^\n]+$"):
        find_model(tmp_path / ("x" * 300))


def test_a_folder_of_runs_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(CheckpointError, match="cannot be read: Permission denied"):
        list_runs(tmp_path)
