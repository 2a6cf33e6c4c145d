"""Round trips, the form of the file, and damage of every kind."""

from __future__ import annotations

import hashlib
import json
import os
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from charlm.checkpoint import read_meta, read_npz, write_npz
from charlm.checkpoint.npz import FORMAT_VERSION
from charlm.errors import CheckpointError, UsageError
from tests.figures import figure

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda values: st.lists(values, max_size=4) | st.dictionaries(ANY_TEXT, values, max_size=4),
    max_leaves=10,
)
ARRAYS = hnp.arrays(
    st.sampled_from(["<f4", "<f8", "<i8", "|u1", ">f4", ">i8"]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
TENSORS = st.dictionaries(st.from_regex(r"[a-z][A-Za-z0-9_.]{0,30}", fullmatch=True), ARRAYS, max_size=4)

META = {"vocabulary": {"unit": "char", "symbols": ["a", "é", "\U0001f600"]}, "training": {"step": 7, "best": 1.5}}
WEIGHTS = {"layers.0.b": np.array([0.5, -2.0], "<f4"), "head.W": np.arange(3, dtype="<f8").reshape(1, 3)}


def bits(array: np.ndarray) -> tuple[str, tuple[int, ...], bytes]:
    return array.dtype.newbyteorder("<").str, array.shape, array.astype(array.dtype.newbyteorder("<")).tobytes()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    write_npz(tmp_path / "small.npz", META, WEIGHTS)
    return tmp_path / "small.npz"


@pytest.mark.promise(17)
@settings(max_examples=figure(100, 1000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(meta=st.dictionaries(ANY_TEXT, JSON, max_size=4), tensors=TENSORS)
def test_what_is_written_is_read(tmp_path: Path, meta: dict, tensors: dict) -> None:
    write_npz(tmp_path / "x.npz", meta, tensors)
    contents = read_npz(tmp_path / "x.npz")
    made_here = {"format_version": contents.meta["format_version"], "sha256": contents.sha256}
    assert contents.meta == {**meta, **made_here}
    assert read_meta(tmp_path / "x.npz") == contents.meta
    assert {name: bits(array) for name, array in contents.tensors.items()} == {
        name: bits(array) for name, array in tensors.items()
    }
    with np.load(tmp_path / "x.npz", allow_pickle=False) as plain:
        assert set(plain.files) == {"__meta__", *tensors}
        assert {name: bits(plain[name]) for name in tensors} == {name: bits(tensors[name]) for name in tensors}


def test_arrays_of_any_layout_are_written_as_they_are_seen(tmp_path: Path) -> None:
    base = np.arange(24, dtype="<f4").reshape(4, 6)
    tensors = {"fortran": np.asfortranarray(base), "steps": base[::2, ::-1], "turned": base.T}
    write_npz(tmp_path / "x.npz", {}, tensors)
    for name, array in read_npz(tmp_path / "x.npz").tensors.items():
        np.testing.assert_array_equal(array, tensors[name])


def test_an_array_in_another_order_is_not_copied_whole(tmp_path: Path) -> None:
    tensor = np.random.default_rng(0).normal(size=(2000, 2000)).T  # 32 MB
    tracemalloc.start()
    try:
        write_npz(tmp_path / "x.npz", {}, {"a": tensor, "b": tensor})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8e6
    np.testing.assert_array_equal(read_npz(tmp_path / "x.npz").tensors["a"], tensor)
    write_npz(tmp_path / "c.npz", {}, dict.fromkeys("ab", np.ascontiguousarray(tensor)))
    assert (tmp_path / "c.npz").read_bytes() == (tmp_path / "x.npz").read_bytes()


def test_the_file_is_as_documented(small: Path, forge) -> None:
    with zipfile.ZipFile(small) as archive:
        assert archive.testzip() is None
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
        assert archive.namelist()[0] == "__meta__.npy"
    with np.load(small, allow_pickle=False) as plain:
        text = plain["__meta__"].tobytes()
        meta = json.loads(text.decode("utf-8"))
        assert list(meta)[-1] == "meta_sha256"
        body = text[: text.rindex(b',"meta_sha256"')] + b"}"
        assert meta["meta_sha256"] == hashlib.sha256(body).hexdigest()
        assert meta["sha256"] == {name: forge.digest(name, plain[name]) for name in WEIGHTS}
        assert meta["vocabulary"] == META["vocabulary"]


def test_equal_contents_give_equal_bytes(small: Path, tmp_path: Path) -> None:
    backwards = dict(reversed(META.items()))
    write_npz(tmp_path / "again.npz", backwards, WEIGHTS)
    assert (tmp_path / "again.npz").read_bytes() == small.read_bytes()


def test_a_file_made_elsewhere_by_the_documentation_is_read(tmp_path: Path, forge) -> None:
    weight = np.ones((2, 2), "<f4")
    meta = {"format_version": 1, "sha256": {"w": forge.digest("w", weight)}, "note": 1}
    (tmp_path / "x.npz").write_bytes(
        forge.archive([("w.npy", forge.npy(weight)), ("__meta__.npy", forge.meta(meta))])
    )
    assert read_npz(tmp_path / "x.npz").meta["note"] == 1


def test_numpy_may_write_it_anew(small: Path, tmp_path: Path) -> None:
    with np.load(small, allow_pickle=False) as plain:
        np.savez(tmp_path / "again.npz", **plain)
    assert read_npz(tmp_path / "again.npz").meta == read_npz(small).meta


def test_zip64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # files beyond 4 GB have another end and wider entries; a low limit makes small ones so
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 64)
    write_npz(tmp_path / "wide.npz", META, WEIGHTS)
    monkeypatch.undo()
    assert b"PK\6\6" in (tmp_path / "wide.npz").read_bytes()
    contents = read_npz(tmp_path / "wide.npz")
    assert contents.meta["vocabulary"] == META["vocabulary"]
    np.testing.assert_array_equal(contents.tensors["head.W"], WEIGHTS["head.W"])
    _damage_all(tmp_path / "wide.npz", stride=3)


def _damage_all(path: Path, stride: int) -> tuple[int, int]:
    """Flip every `stride`-th bit, one at a time; return how many were refused and how many changed nothing."""
    sound, expected = path.read_bytes(), read_npz(path)
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    refused = harmless = 0
    try:
        for bit in range(0, 8 * len(sound), stride):
            byte = bit // 8
            os.lseek(descriptor, byte, os.SEEK_SET)
            os.write(descriptor, bytes([sound[byte] ^ 1 << bit % 8]))
            try:
                found = read_npz(path)
            except CheckpointError:
                refused += 1
            else:
                assert found.meta == expected.meta, bit
                assert {name: bits(a) for name, a in found.tensors.items()} == {
                    name: bits(a) for name, a in expected.tensors.items()
                }, bit
                harmless += 1
            os.lseek(descriptor, byte, os.SEEK_SET)
            os.write(descriptor, sound[byte : byte + 1])
    finally:
        os.close(descriptor)
    assert read_npz(path).meta == expected.meta
    return refused, harmless


@pytest.mark.promise(7)
def test_every_flipped_bit_is_refused_or_changes_nothing(small: Path) -> None:
    refused, harmless = _damage_all(small, stride=1)
    # a bit in a date, a version or a local header's size, which nothing here reads
    entries = len(WEIGHTS) + 1
    assert refused + harmless == 8 * small.stat().st_size
    assert harmless <= 8 * entries * (16 + 16)


@pytest.mark.promise(7)
def test_every_truncation_is_refused(small: Path) -> None:
    sound = small.read_bytes()
    for size in range(len(sound)):
        small.write_bytes(sound[:size])
        with pytest.raises(CheckpointError, match=r"^checkpoint .*small\.npz' cannot be used: [^\n]+; [^\n]+$"):
            read_npz(small)


@pytest.mark.parametrize("change", ["prefix", "suffix", "comment", "gap", "twice", "two joined"])
def test_what_does_not_belong_is_refused(small: Path, change: str) -> None:
    sound = small.read_bytes()
    small.write_bytes(
        {
            "prefix": b"\0" + sound,
            "suffix": sound + b"\0",
            "comment": sound[:-2] + b"\1\0x",
            "gap": sound.replace(b"PK\1\2", b"\0PK\1\2", 1),
            "twice": sound,
            "two joined": sound + sound,
        }[change]
    )
    if change == "twice":
        with zipfile.ZipFile(small, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("head.W.npy", b"x")
    with pytest.raises(CheckpointError):
        read_npz(small)


@pytest.mark.promise(7)
@settings(max_examples=figure(200, 20_000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_splice_gets_through_unnoticed(small: Path, tmp_path: Path, data: st.DataObject) -> None:
    sound = small.read_bytes()
    start = data.draw(st.integers(0, len(sound)))
    end = data.draw(st.integers(start, min(len(sound), start + 16)))
    (tmp_path / "x.npz").write_bytes(sound[:start] + data.draw(st.binary(max_size=16)) + sound[end:])
    try:
        found = read_npz(tmp_path / "x.npz")
    except CheckpointError:
        return
    assert found.meta == read_npz(small).meta
    assert {name: bits(a) for name, a in found.tensors.items()} == {name: bits(a) for name, a in WEIGHTS.items()}


@pytest.mark.promise(7)
@settings(max_examples=figure(200, 20_000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=200))
def test_noise_is_refused(tmp_path: Path, noise: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(noise)
    with pytest.raises(CheckpointError):
        read_npz(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("tensors", "meta", "message"),
    [
        ({"__meta__": np.zeros(1)}, {}, "named '__meta__'"),
        ({"a/../b": np.zeros(1)}, {}, "named 'a/../b'"),
        ({"w": np.zeros(1, complex)}, {}, "complex128"),
        ({"w": np.array([None])}, {}, "object"),
        ({"w": np.zeros((1,) * 9)}, {}, "9-dimensional"),
        ({}, {"best": float("nan")}, "must be JSON"),
        ({}, {"rng": object()}, "must be JSON"),
        ({}, {"history": [[]] * 200_000}, "shorten the history"),
    ],
)
def test_what_the_format_does_not_hold_is_not_written(tmp_path: Path, tensors, meta, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        write_npz(tmp_path / "x.npz", meta, tensors)
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_fifo_and_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    with pytest.raises(CheckpointError, match=r"there is no checkpoint .*; check the name, or train one first"):
        read_npz(tmp_path / "none.npz")
    with pytest.raises(CheckpointError, match="not a regular file"):
        read_npz(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(CheckpointError, match="not a regular file"):
            read_npz(tmp_path / "fifo")

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CheckpointError, match=r"cannot be read: Permission denied; check the file"):
        read_npz(small)


def test_names_in_messages_cannot_control_a_terminal(tmp_path: Path) -> None:
    name = "\x1b]0;x\a\u202e\n.npz"
    with pytest.raises(CheckpointError) as caught:
        read_npz(tmp_path / name)
    assert str(caught.value).isprintable()


def test_what_does_not_fit_into_memory_is_said(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("charlm.checkpoint.npz.read_array", full)
    with pytest.raises(CheckpointError, match=r"does not fit into memory; free some, or use a smaller model$"):
        read_npz(small)


TENSORS = ["head.W", "optimizer.m.head.W", "ema.head.W", "state.0.h", "rollback.0.head.W"]


@pytest.mark.parametrize("damaged", TENSORS)
def test_no_tensor_is_read_unchecked(tmp_path: Path, forge, damaged: str) -> None:
    """The archive's own sums are right; only the checksum in the metadata tells."""
    write_npz(tmp_path / "x.npz", {"kind": "test"}, {name: np.ones((2, 3), "<f4") for name in TENSORS})
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        members = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    members[f"{damaged}.npy"][-1] ^= 1
    (tmp_path / "x.npz").write_bytes(forge.archive([(name, bytes(data)) for name, data in members.items()]))
    with pytest.raises(CheckpointError, match=f"tensor '{damaged}' does not match its checksum"):
        read_npz(tmp_path / "x.npz")


def test_a_newer_format_is_refused_with_the_remedy(tmp_path: Path, forge) -> None:
    weight = np.ones((2, 2), "<f4")
    for version in (FORMAT_VERSION + 1, FORMAT_VERSION + 98):
        meta = {"format_version": version, "sha256": {"w": forge.digest("w", weight)}}
        (tmp_path / "x.npz").write_bytes(
            forge.archive([("w.npy", forge.npy(weight)), ("__meta__.npy", forge.meta(meta))])
        )
        for read in (read_npz, read_meta):
            with pytest.raises(CheckpointError, match=f"its format is {version} .*; install a newer charlm"):
                read(tmp_path / "x.npz")
