"""Compressed files and zip archives, recognised by their first bytes or their name, unpacked in bounded memory.

The unpacked size is limited to `FREE_BYTES` plus a hundred times the packed size. Texts hardly reach a tenth of it.
A decompression bomb is detected before it exhausts memory.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from charlm.errors import CorpusError
from charlm.text.decoding import NotTextError

__all__ = ["COMPRESSED", "UnpackedFile", "unpack"]

FREE_BYTES, MOST_TIMES = 64 * 2**20, 100
_PIECE = 2**16
_DICTIONARY_BYTES = 128 * 2**20  # xz -9 needs 65 MiB

# by format: first bytes, and file suffix
_FORMATS = {
    "gzip": (rb"\x1f\x8b\x08", ".gz"),
    "bzip2": (rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)", ".bz2"),
    "xz": (rb"\xfd7zXZ\0", ".xz"),
    "lzma": (rb"\]\0\0..\xff{8}", ".lzma"),
    "zstandard": (rb"\x28\xb5\x2f\xfd", ".zst"),
    "zip": (rb"PK(?:\x03\x04|\x05\x06)", ".zip"),
}
COMPRESSED = tuple(suffix for kind, (_, suffix) in _FORMATS.items() if kind != "zip")
"""Suffixes of compressed files."""
_TAR = rb".{257}ustar[\0 ]"
# zip archives that are documents or programs, by a member
_DOCUMENTS = {
    "[Content_Types].xml": "an Office document",
    "mimetype": "an OpenDocument file or an e-book",
    "META-INF/MANIFEST.MF": "a Java archive",
}


class UnpackedFile(NamedTuple):
    """A file of an archive; the name is empty for a file outside an archive."""

    name: str
    data: bytes


class _DamagedError(Exception):
    """A file does not have the format of its first bytes or its name."""


def unpack(data: bytes, name: str, suffix: str = "") -> Iterator[UnpackedFile]:
    """Yield the contents of a file: the file itself, its unpacked content, or the files of a zip archive, sorted.

    Parameters
    ----------
    data : bytes
    name : str
        For messages.
    suffix : str
        Of the file's name; gives the format if the first bytes do not.

    Raises
    ------
    NotTextError
        For a tar archive, and for a zip archive that is a document or a program.
    CorpusError
        If it is damaged, encrypted, too large, or contains another archive.
    """
    kind = _format(data) or next((kind for kind, (_, end) in _FORMATS.items() if suffix.lower() == end), None)
    if kind == "tar":
        raise NotTextError(f"{name} is a tar archive; unpack it and give the folder")
    try:
        if kind is None:
            yield UnpackedFile("", data)
        elif kind == "zip":
            yield from _zip_members(data, name)
        else:
            content = _joined(_pieces(kind, data), name, most=_most(data))
            if inner := _format(content):
                raise CorpusError(f"{name} holds another archive ({inner}); unpack it")
            yield UnpackedFile("", content)
    except ImportError as error:
        hint = ' or pip install "charlm-toolkit[zstd]"' if kind == "zstandard" else ""
        raise CorpusError(f"{name} is a {kind} file, which this Python cannot read; unpack it{hint}") from error
    except _DamagedError as error:
        reason = " ".join(str(error).split()) or "it is cut off"
        raise CorpusError(f"{name} is not a whole {kind} file ({reason}); take another copy") from error


def _format(data: bytes) -> str | None:
    """Return the format by the first bytes; None if it is not packed."""
    if re.match(_TAR, data, re.DOTALL):
        return "tar"
    return next((kind for kind, (start, _) in _FORMATS.items() if re.match(start, data, re.DOTALL)), None)


def _most(data: bytes) -> int:
    return FREE_BYTES + MOST_TIMES * len(data)


def _too_large(name: str) -> CorpusError:
    return CorpusError(f"{name} unpacks to more than {MOST_TIMES} times its size; unpack it if it is to be read")


def _joined(pieces: Iterable[bytes], name: str, *, most: int) -> bytes:
    """Join unpacked pieces; raise an error above `most` bytes."""
    parts, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise _too_large(name)
        parts.append(piece)
    return b"".join(parts)


# -- compressed files --


def _pieces(kind: str, data: bytes) -> Iterator[bytes]:
    """Unpack a compressed file piece by piece."""
    if kind == "gzip":
        return _read(gzip.GzipFile(fileobj=io.BytesIO(data)))
    if kind == "bzip2":
        bz2 = import_module("bz2")  # Python may be built without it, and without lzma
        return _frames(data, bz2.BZ2Decompressor, OSError)
    if kind == "zstandard":
        zstd = _zstandard()
        return _frames(data, zstd.ZstdDecompressor, zstd.ZstdError)
    lzma = import_module("lzma")
    return _frames(data, partial(lzma.LZMADecompressor, memlimit=_DICTIONARY_BYTES), lzma.LZMAError)


def _zstandard() -> Any:
    try:
        return import_module("compression.zstd")  # since Python 3.14
    except ImportError:
        return import_module("backports.zstd")


def _read(file: Any) -> Iterator[bytes]:
    """Read a decompressing file to its end."""
    try:
        with file:
            while piece := file.read(_PIECE):
                yield piece
    except (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile) as error:
        raise _DamagedError(str(error)) from error


def _frames(data: bytes, decompressor: Callable[[], Any], damage: type[Exception]) -> Iterator[bytes]:
    """Unpack the frames of a file. The input is fed in parts, since a frame returns the bytes after its end."""
    offset = 0
    while offset < len(data):
        frame = decompressor()
        while not frame.eof:
            part = data[offset : offset + _PIECE] if frame.needs_input else b""
            offset += len(part)
            if frame.needs_input and not part:
                raise _DamagedError
            try:
                yield frame.decompress(part, _PIECE)
            except (damage, EOFError) as error:
                raise _DamagedError(str(error)) from error
        offset -= len(frame.unused_data)
        while data[offset : offset + 4] == bytes(4):  # padding between xz streams
            offset += 4


# -- zip archives --


def _zip_members(data: bytes, name: str) -> Iterator[UnpackedFile]:
    """Unpack the files of a zip archive, sorted like the files of a folder, without hidden ones."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        everything = archive.infolist()
    except (OSError, EOFError, ValueError, NotImplementedError, struct.error, zipfile.BadZipFile) as error:
        raise _DamagedError(str(error)) from error
    if not all(entry.filename for entry in everything):
        raise _DamagedError("a file in it has no name")
    entries = [entry for entry in everything if not entry.is_dir()]
    document = next((_DOCUMENTS[entry.filename] for entry in entries if entry.filename in _DOCUMENTS), None)
    if document is not None:
        raise NotTextError(f"{name} is {document}; save its text to a file and give that")
    paths = {id(entry): PurePosixPath(entry.filename).parts for entry in entries}
    entries = [entry for entry in entries if not any(part.startswith(".") for part in paths[id(entry)])]
    left = _most(data)
    for entry in sorted(entries, key=lambda entry: paths[id(entry)]):
        member = f"{entry.filename!r} in {name}"
        if entry.flag_bits & 1:
            raise CorpusError(f"{member} is encrypted; unpack it")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CorpusError(f"{member} is compressed by method {entry.compress_type}, not 8 (deflate); unpack it")
        if entry.file_size > left:  # `zipfile` reads no more
            raise _too_large(name)
        try:
            file = archive.open(entry)
        except (OSError, EOFError, ValueError, RuntimeError, struct.error, zipfile.BadZipFile) as error:
            raise _DamagedError(str(error)) from error
        content = _joined(_read(file), name, most=left)
        if inner := _format(content):
            raise CorpusError(f"{member} is another archive ({inner}); unpack it")
        left -= len(content)
        yield UnpackedFile(entry.filename, content)
