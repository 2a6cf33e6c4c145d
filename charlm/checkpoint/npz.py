"""A checkpoint file: named tensors and a JSON object in a ``.npz``, which ``np.load`` reads too.

The object is the member ``__meta__``, UTF-8 in a uint8 array. Two of its entries are computed here:

``sha256``
    SHA-256 of name, type, shape and bytes of each tensor (`charlm.checkpoint.npy.digest`).
``meta_sha256``
    Always the last entry: SHA-256 of the JSON text without it, of ``{…}`` if the file has
    ``{…,"meta_sha256":"…"}``. So a changed bit in a vocabulary, a setting or a counter is detected before the text
    is parsed.

Checksums detect accidents, not forgery. Against forgery, reading evaluates nothing and allocates at most the file's
size plus 64 MB.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import numpy as np

from charlm.checkpoint.archive import NAME, DamagedError, ZippedTensor, list_members
from charlm.checkpoint.atomic import atomic_file
from charlm.checkpoint.npy import DTYPES, Tensor, digest, read_array, write_array
from charlm.checkpoint.reading_errors import as_checkpoint_error
from charlm.errors import UsageError

__all__ = ["FORMAT_VERSION", "Contents", "read_meta", "read_npz", "write_npz"]

FORMAT_VERSION = 2
READABLE = (1, 2)

_META = "__meta__"
_CHECKSUM = re.compile(rb',"meta_sha256":"([0-9a-f]{64})"\}')
_CHECKSUM_SIZE = len(',"meta_sha256":""}') + 64
_MAX_META_MEMORY = 40 << 20


@dataclass(frozen=True, slots=True)
class Contents:
    """The verified contents of a checkpoint file.

    Parameters
    ----------
    meta : dict
        The JSON object.
    tensors : dict of str to ndarray
        Every other member, by name.
    """

    meta: dict[str, Any]
    tensors: dict[str, Tensor]

    @property
    def sha256(self) -> dict[str, str]:
        """Checksum of each tensor, in hexadecimal."""
        return cast("dict[str, str]", self.meta["sha256"])


def write_npz(path: Path, meta: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Write a checkpoint file atomically; equal contents give equal bytes.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    meta : mapping
        JSON values, without NaN and infinity.
    tensors : mapping of str to ndarray
        float32, float64, int64 or uint8, of at most 8 dimensions.

    Raises
    ------
    DiskError
        If the system refuses to write.
    UsageError
        If a value has no form in this format.
    """
    arrays = {name: _plain(name, array) for name, array in tensors.items()}
    checksums = {name: digest(name, array) for name, array in arrays.items()}
    members = {_META: _with_checksum({**meta, "format_version": FORMAT_VERSION, "sha256": checksums}), **arrays}
    with atomic_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in members.items():
            info = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, so that equal contents give equal bytes
            info.create_system = 3  # on every system
            info.file_size = array.nbytes + 1024  # so that zipfile chooses zip64 above 4 GB
            with archive.open(info, "w") as member:
                write_array(cast("BinaryIO", member), array)


def read_npz(path: Path) -> Contents:
    """Read and verify a checkpoint file.

    Raises
    ------
    CheckpointError
        If it is missing, damaged, hostile or of a newer format.
    """
    with _open(path) as (file, members):
        meta = _read_meta(file, members)
        tensors = {}
        for name, member in members.items():
            if name != _META:
                tensors[name] = read_array(file, member)
                if digest(name, tensors[name]) != meta["sha256"].get(name):
                    raise DamagedError(f"tensor {name!r} does not match its checksum")
        missing = sorted(set(meta["sha256"]) - set(tensors))
        if missing:
            raise DamagedError(f"tensor {missing[0][:80]!r} is missing")
    return Contents(meta, tensors)


def read_meta(path: Path) -> dict[str, Any]:
    """Read and verify the JSON object alone, without the tensors.

    Raises
    ------
    CheckpointError
        As `read_npz`.
    """
    with _open(path) as (file, members):
        return _read_meta(file, members)


@contextlib.contextmanager
def _open(path: Path) -> Iterator[tuple[BufferedReader, dict[str, ZippedTensor]]]:
    with as_checkpoint_error(path):
        if not stat.S_ISREG(path.stat().st_mode):  # opening a FIFO would block
            raise DamagedError("it is not a regular file", "give a .npz file or a run folder")
        with path.open("rb") as file:
            # of the open file: a run may replace the path at any time
            yield file, list_members(file, os.fstat(file.fileno()).st_size)


def _plain(name: str, array: Tensor) -> Tensor:
    """Return the array little-endian, copied only if necessary."""
    plain = np.asarray(array)
    plain = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
    if name == _META or not NAME.fullmatch(name):
        raise UsageError(f"a tensor is named {name!r}; use letters, digits, '_' and '.', at most 200")
    if plain.dtype.str not in DTYPES or plain.ndim > 8:
        raise UsageError(
            f"tensor {name!r} is {plain.dtype}, {plain.ndim}-dimensional; "
            f"a checkpoint holds float32, float64, int64 and uint8 of at most 8 dimensions"
        )
    return plain


def _with_checksum(meta: Mapping[str, Any]) -> Tensor:
    """Return ``__meta__``: the object as sorted, compact ASCII JSON with its checksum as the last entry."""
    try:
        body = json.dumps(meta, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"a checkpoint's metadata must be JSON: {error}; convert it before saving") from error
    if _parsed_size(body) > _MAX_META_MEMORY:
        raise UsageError(
            f"a checkpoint's metadata of {len(body)} bytes would not be read again; shorten the history"
        )
    text = body[:-1] + b',"meta_sha256":"' + hashlib.sha256(body).hexdigest().encode() + b'"}'
    return np.frombuffer(text, np.uint8)


def _read_meta(file: BufferedReader, members: Mapping[str, ZippedTensor]) -> dict[str, Any]:
    if _META not in members:
        raise DamagedError("it has no metadata, so it is no checkpoint of charlm")
    if members[_META].size > _MAX_META_MEMORY // 8:  # before `_parsed_size`, which needs copies
        raise DamagedError("its metadata is too large to be a checkpoint's")
    array = read_array(file, members[_META])
    if array.dtype != np.uint8 or array.ndim != 1:
        raise DamagedError("its metadata is not text")
    text = array.tobytes()
    body = text[:-_CHECKSUM_SIZE] + b"}"
    checksum = _CHECKSUM.fullmatch(text[-_CHECKSUM_SIZE:])
    if checksum is None or checksum[1].decode() != hashlib.sha256(body).hexdigest():
        raise DamagedError("its metadata does not match its checksum")
    if _parsed_size(body) > _MAX_META_MEMORY:
        raise DamagedError("its metadata would take too much memory")
    try:
        meta = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DamagedError("its metadata is not JSON") from error
    version = meta.get("format_version")
    if version not in READABLE:
        raise DamagedError(
            f"its format is {version!r:.20} and this charlm reads up to {FORMAT_VERSION}",
            "install a newer charlm: pip install -U charlm-toolkit",
        )
    if not isinstance(meta.get("sha256"), dict):
        raise DamagedError("its metadata has no checksums")
    return cast("dict[str, Any]", meta)


def _parsed_size(text: bytes) -> int:
    """Return an upper bound of the memory of a parsed JSON text, in bytes.

    ``{},{},{},…`` takes more than twenty times its size. Every value and key follows a bracket, a colon or a comma,
    so their count, strings included, bounds the number of objects.
    """
    brackets = text.count(b"{") + text.count(b"[")
    return 8 * len(text) + 256 * brackets + 64 * (text.count(b",") + text.count(b":"))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
