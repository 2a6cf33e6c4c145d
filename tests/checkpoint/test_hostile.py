"""Loading a hostile file takes at most its size and 64 MB, runs no code, and ends in one clear error."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import textwrap
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from charlm.checkpoint import read_npz
from charlm.errors import CheckpointError

pytestmark = pytest.mark.promise(8)

ALLOWED = 64 << 20
_READ = textwrap.dedent("""
    import json, resource, sys
    from pathlib import Path
    from charlm.checkpoint import read_npz
    from charlm.errors import CheckpointError
    from charlm.checkpoint.archive import DamagedError
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    taken = pages * resource.getpagesize()
    for path in map(Path, json.load(sys.stdin)):
        limit = taken + path.stat().st_size + (64 << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        try:
            read_npz(path)
        except CheckpointError as error:
            # a MemoryError would be told as a CheckpointError too, but the limit must not be reached
            print(path.stem, isinstance(error.__cause__, DamagedError), "\\n" not in str(error))
        else:
            print(path.stem, "loaded")
""")


def header(descr: str, shape: str, order: str = "False") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text


def claims_more(data: bytes, size: int) -> bytes:
    """Let the table of contents and the header of the only member claim another size."""
    central = data.index(b"PK\1\2")
    sizes = struct.pack("<2L", size, size)
    return data[:18] + sizes + data[26 : central + 20] + sizes + data[central + 28 :]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, forge) -> dict[str, Path]:
    weight = ("w.npy", forge.npy(np.zeros(4, "<f4")))

    def with_meta(body: bytes) -> bytes:
        return forge.archive([("__meta__.npy", forge.meta(body)), weight])

    def with_array(data: bytes) -> bytes:
        body = {"format_version": 1, "sha256": {"w": "0" * 64}}
        return forge.archive([("__meta__.npy", forge.meta(body)), ("w.npy", data)])

    many = 60_000
    files = {
        "terabytes": with_array(header("'<f8'", "(1000000, 1000000)") + bytes(64)),
        "terabytes_of_meta": forge.archive([("__meta__.npy", header("'|u1'", "(1000000000000,)"))]),
        "overflow": with_array(header("'<f8'", "(4294967296, 4294967296, 4294967296)") + bytes(64)),
        "empty_but_huge": with_array(header("'<f8'", "(0, 999999999999999, 999999999999999)")),
        "negative": with_array(header("'<f8'", "(-1, -8)") + bytes(64)),
        "too_many_dimensions": with_array(header("'<f8'", "(" + "1, " * 40 + "1)") + bytes(8)),
        "objects": with_array(header("'|O'", "(1,)") + b"cos\nsystem\n(S'true'\ntR."),
        "structured": with_array(header("[('a', '<f8')]", "(1,)") + bytes(8)),
        "code": with_array(header("__import__('os').abort()", "(1,)") + bytes(8)),
        "fortran": with_array(header("'<f8'", "(1,)", "True") + bytes(8)),
        "long_header": with_array(b"\x93NUMPY\1\0\xff\xff" + b"(" * 0xFFFF),
        "version_2": with_array(b"\x93NUMPY\2\0" + struct.pack("<L", 1 << 31)),
        "deflate_bomb": forge.archive([("w.npy", bytes(100 << 20))], zipfile.ZIP_DEFLATED),
        "size_beyond_the_file": claims_more(forge.archive([weight]), 0x7FFFFFFF),
        "wide_size": claims_more(forge.archive([weight]), 0xFFFFFFFF),
        "many_members": forge.archive([(f"w{i}.npy", b"") for i in range(many)]),
        "many_empty_objects": with_meta(b"[" + b"{}," * (4 << 20) + b"{}]}"),
        "objects_inside": with_meta(b'{"a":[' + b"{}," * (4 << 20) + b"{}]}"),
        "dense_objects": with_meta(b'{"a":[' + b"{}," * (1 << 20) + b"{}]}"),
        "lists": with_meta(b'{"a":[' + b"[]," * (1 << 20) + b"[]]}"),
        "nested": with_meta(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        "numbers": with_meta(b'{"a":[' + b"0.5," * (4 << 20) + b"0.5]}"),
        "long_number": with_meta(b'{"a":' + b"9" * 100_000 + b"}"),
        "wide_text": with_meta('{"a":"\U0001f600'.encode() + b"a" * (30 << 20) + b'"}'),
        "not_utf8": with_meta(b'{"a":"\xff"}'),
        "nan": with_meta(b'{"format_version":1,"sha256":{},"a":NaN}'),
        "no_checksums": with_meta(b'{"format_version":1}'),
        "checksums_of_another_kind": with_meta(b'{"format_version":1,"sha256":{"w":[]}}'),
        "missing_tensor": with_meta(b'{"format_version":1,"sha256":{"w":"","x":""}}'),
        "newer": with_meta(b'{"format_version":2}'),
        "no_meta": forge.archive([weight]),
        "meta_of_floats": forge.archive([("__meta__.npy", forge.npy(np.zeros(200)))]),
        "meta_of_an_array": forge.archive([("__meta__.npy", forge.npy(np.zeros((20, 20), "u1")))]),
        "path": forge.archive([("../w.npy", weight[1])]),
        "folder": forge.archive([("w/", b"")]),
        "empty_archive": forge.archive([]),
        "empty": b"",
    }
    folder = tmp_path_factory.mktemp("hostile")
    for name, data in files.items():
        (folder / f"{name}.npz").write_bytes(data)
    return {name: folder / f"{name}.npz" for name in files}


def test_each_is_refused_in_one_line_without_taking_memory(hostile: dict[str, Path]) -> None:
    tracemalloc.start()
    try:
        for name, path in hostile.items():
            tracemalloc.reset_peak()
            with pytest.raises(CheckpointError, match=r"^checkpoint [^\n]+ cannot be used: [^\n]+; [^\n]+$"):
                read_npz(path)
            assert tracemalloc.get_traced_memory()[1] < path.stat().st_size + ALLOWED, name
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS binds on Linux only")
def test_each_is_refused_under_a_limit_of_memory(hostile: dict[str, Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _READ],
        input=json.dumps([str(path) for path in hostile.values()]),
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{name} True True" for name in hostile]


def test_the_densest_metadata_that_is_read_stays_within_the_limit(tmp_path: Path, forge) -> None:
    """The bound on parsed JSON is a bound: the most that passes it takes less than is allowed."""
    unit = {
        "objects": b"{},",
        "lists": b"[],",
        "nested": b"[[0.5]],",
        "pairs": b'{"a":0.5},',
        "floats": b"0.5,",
        "integers": b"1234567,",
        "letters": '"中",'.encode(),
        "escapes": b'"\\u4e2d",',
        "emoji": '"\U0001f600",'.encode(),
        "words": b'"abcdefgh",',
    }
    bodies = {
        name: b'{"format_version":1,"sha256":{},"a":[' + one * (_fitting(one)) + b"0]}"
        for name, one in unit.items()
    }
    bodies["text"] = '{"format_version":1,"sha256":{},"a":"\U0001f600'.encode() + b"a" * (4 << 20) + b'"}'
    bodies["escaped text"] = b'{"format_version":1,"sha256":{},"a":"' + b"\\u4e2d" * (800 << 10) + b'"}'
    tracemalloc.start()
    try:
        for name, body in bodies.items():
            path = tmp_path / "x.npz"
            path.write_bytes(forge.archive([("__meta__.npy", forge.meta(body))]))
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            read_npz(path)
            taken = tracemalloc.get_traced_memory()[1] - before
            assert taken < path.stat().st_size + ALLOWED, name
    finally:
        tracemalloc.stop()


def _fitting(one: bytes) -> int:
    brackets, separators = one.count(b"{") + one.count(b"["), one.count(b",") + one.count(b":")
    return (39 << 20) // (8 * len(one) + 256 * brackets + 64 * separators)


def test_a_full_vocabulary_of_unicode_is_read(tmp_path: Path, forge) -> None:
    symbols = [chr(code) for code in range(0x20, 0x22000) if not 0xD800 <= code < 0xE000]
    body = {"format_version": 1, "sha256": {}, "vocabulary": {"unit": "char", "symbols": symbols}}
    (tmp_path / "x.npz").write_bytes(forge.archive([("__meta__.npy", forge.meta(body))]))
    assert read_npz(tmp_path / "x.npz").meta["vocabulary"]["symbols"] == symbols
