from __future__ import annotations

import os
from pathlib import Path

import pytest

from charlm.checkpoint import find_model, find_run, is_checkpoint, list_runs
from charlm.checkpoint.locate import RUNS, SHIPPED_FOLDERS, run_name
from charlm.errors import CheckpointError

pytestmark = pytest.mark.usefixtures("nothing_shipped")


NPZ = b"PK\x03\x04" + b"-" * 26 + b"__meta__.npy"


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
        CheckpointError,
        match=r"^there is no checkpoint '.*none'; check the name, or train one first",
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


class TestNames:
    @pytest.fixture(autouse=True)
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("tales", "songs-2", "pretrained/tiny"):
            run(Path("checkpoints"), name, last=1, best=1)

    @pytest.mark.parametrize("name", ["tales", "tales/", "pretrained/tiny", Path("tales")])
    def test_a_run_by_the_name_that_the_list_has(self, name: str | Path) -> None:
        assert find_run(name) == Path("checkpoints", name)
        assert find_model(name) == Path("checkpoints", name, "best.npz")

    def test_a_path_wins(self) -> None:
        folder = run(Path(), "tales", last=1)
        assert find_model("tales") == folder / "last.npz"
        Path("songs-2").write_bytes(NPZ)
        assert find_model("songs-2") == Path("songs-2")

    def test_a_command_names_a_run_as_it_is_found(self) -> None:
        assert run_name("checkpoints/tales") == "tales"
        assert run_name(run(RUNS, "-x", last=1)) == str(RUNS / "-x")  # it would be taken for a flag
        assert run_name(run(Path("elsewhere"), "mine", last=1)) == str(Path("elsewhere/mine"))
        assert run_name("checkpoints/none") == str(Path("checkpoints/none"))
        Path("tales").mkdir()
        assert run_name("checkpoints/tales") == str(Path("checkpoints/tales"))

    def test_a_folder_of_texts_does_not_hide_the_run_that_learnt_them(self) -> None:
        Path("tales").mkdir()
        assert find_run("tales") == Path("checkpoints/tales")
        Path("poems").mkdir()
        assert find_run("poems") == Path("poems")

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("tails", "'tales'"),
            ("TALES", "'tales'"),
            ("checkpoints/tails", "'tales'"),
            ("checkpoints/tails/best.npz", "'tales'"),
            ("songs", "'songs-2'"),
            ("tiny", "'pretrained/tiny'"),
            ("modle.npz", "'model.npz'"),
        ],
    )
    def test_names_that_are_like_it(self, name: str, meant: str) -> None:
        Path("model.npz").write_bytes(b"")
        with pytest.raises(CheckpointError, match=rf"; did you mean {meant}\? charlm info lists the runs$"):
            find_model(name)

    def test_a_text_is_told_to_be_one(self) -> None:
        Path("corpus.txt").write_text("PK is no beginning", "utf-8")
        with pytest.raises(CheckpointError, match=r"'corpus\.txt' is no model but a text or another file; "):
            find_model("corpus.txt")

    def test_what_is_meant_as_a_checkpoint(self) -> None:
        Path("a.npz").write_bytes(b"")  # damaged, but meant
        Path("b").write_bytes(NPZ)
        Path("c").write_bytes(b"PK\x03\x04" + b"-" * 26 + b"poem.txt")
        Path("poems").mkdir()
        names = ("a.npz", "b", "checkpoints/tales", "c", "poems", "missing", "a\0b")
        assert [is_checkpoint(Path(name)) for name in names] == [True] * 3 + [False] * 4


class TestShipped:
    def test_it_is_listed_wherever_one_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shipped = run(tmp_path / "package", "pretrained/tales", best=9)
        monkeypatch.setattr("charlm.checkpoint.locate.SHIPPED_FOLDERS", (tmp_path / "none", shipped.parent))
        empty = tmp_path / "empty"
        assert [(one.name, one.shipped) for one in list_runs(empty)] == [("pretrained/tales", True)]
        assert find_model(root=empty) == find_model("pretrained/tales", root=empty) == shipped / "best.npz"
        own = run(empty, "own", last=1)
        assert find_model(root=empty) == own / "last.npz"

    def test_one_in_the_folder_of_runs_comes_before_its_like(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        packaged = run(tmp_path / "package", "pretrained/tales", best=9)
        monkeypatch.setattr("charlm.checkpoint.locate.SHIPPED_FOLDERS", (packaged.parent,))
        there = run(tmp_path / "root", "pretrained/tales", best=1)
        assert [one.file for one in list_runs(tmp_path / "root")] == [there / "best.npz"]

    def test_the_checkout_has_it_beside_the_package(self) -> None:
        assert any((place / "tales" / "best.npz").is_file() for place in SHIPPED_FOLDERS)
