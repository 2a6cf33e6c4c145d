"""Reading of corpora: files and folders, compressed or not, standard input and built-in texts."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from charlm.config import DecodingErrors
from charlm.errors import CorpusError, UsageError
from charlm.text.decoding import NotTextError, decode
from charlm.text.unpacking import COMPRESSED, unpack

__all__ = ["BUILTIN", "DEFAULT", "STDIN", "Corpus", "read_corpus", "read_text"]

BUILTIN = "builtin:"
DEFAULT = "builtin:tales"
STDIN = "-"

# invalid in a file name, or as a file name, on Windows: run folders can be copied to every system
_UNUSABLE = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff<>:"/\\|?*]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_FEW = 3  # names in a remark
_LONGEST_STEM = 100  # bytes; file systems take 255, and a number is appended


@dataclass(frozen=True)
class Corpus:
    """A text to train on.

    Parameters
    ----------
    text : str
    stem : str
        Name for the run's folder, usable as a file name on every system.
    sha256 : str
        Of the text's UTF-8.
    sources : tuple of str
        As given.
    remarks : tuple of str
        Notes to the user: binary files left out, encodings found by byte order marks.
    """

    text: str
    stem: str
    sha256: str
    sources: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def read_corpus(
    sources: Sequence[str],
    *,
    encoding: str = "utf-8",
    errors: DecodingErrors = "strict",
    stdin: BinaryIO | None = None,
    allow_empty: bool = False,
) -> Corpus:
    """Read sources and join them without a separator.

    The text depends on the bytes alone: formats and byte order marks are found in them.

    Parameters
    ----------
    sources : sequence of str
        Files, folders (all files below, sorted; hidden and binary ones are left out), ``-`` for standard input,
        ``builtin:NAME``. By default ``builtin:tales``. Compressed files are unpacked (gzip, bzip2, xz, Zstandard if
        its package is installed), and a zip archive is read like a folder.
    encoding : str
        Of files and standard input. A byte order mark of UTF-16 or UTF-32 overrides UTF-8.
    errors : {"strict", "replace"}
        Whether undecodable bytes are an error or become U+FFFD.
    stdin : binary stream, optional
        Standard input.
    allow_empty : bool
        Whether the text may be empty.

    Returns
    -------
    Corpus
        Without newline translation; a leading byte order mark of a file is dropped.

    Raises
    ------
    CorpusError
        If a source is missing, unreadable, damaged, binary or undecodable, or all are empty.
    UsageError
        For an encoding that does not exist, and for ``-`` given twice.
    """
    sources = tuple(sources) or (DEFAULT,)
    if sources.count(STDIN) > 1:
        raise UsageError("standard input can be read once; give - once")
    reader = _Reader(encoding, errors, stdin)
    text = "".join(map(reader.read, sources))
    remarks = tuple(reader.remarks)
    if not text and not allow_empty:
        found = f" ({', '.join(remarks)})" if remarks else ""
        raise CorpusError(
            f"there is no text in {', '.join(map(_name, sources))}{found}; give one that is not empty"
        )
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Corpus(text, _stem(sources[0]), sha256, sources, remarks)


def read_text(
    source: str,
    *,
    encoding: str = "utf-8",
    errors: DecodingErrors = "strict",
    stdin: BinaryIO | None = None,
    allow_empty: bool = False,
) -> str:
    """Read the text of a single source, as `read_corpus` does.

    Parameters
    ----------
    source, encoding, errors, stdin, allow_empty
        As for `read_corpus`.

    Raises
    ------
    CorpusError, UsageError
        As for `read_corpus`.
    """
    return read_corpus([source], encoding=encoding, errors=errors, stdin=stdin, allow_empty=allow_empty).text


class _Reader:
    """Reader of sources with one encoding; collects remarks about left-out files and replaced encodings."""

    def __init__(self, encoding: str, errors: DecodingErrors, stdin: BinaryIO | None) -> None:
        self._encoding, self._errors, self._stdin = encoding, errors, stdin
        self.remarks: list[str] = []

    def read(self, source: str) -> str:
        """Return the text of a source."""
        if source.startswith(BUILTIN):
            from charlm.text.builtin import make_text  # here, since no other source needs it

            return make_text(source.removeprefix(BUILTIN))
        self._left_out: list[str] = []
        self._marked: dict[str, list[str]] = {}
        text = self._path(source) if source != STDIN else self._file(_stdin_bytes(self._stdin), _name(source))
        for encoding, names in self._marked.items():
            self.remarks.append(f"read as {encoding}, by the byte order mark: {_listed(names)}")
        if self._left_out:
            files = f"{len(self._left_out)} binary file" + "s" * (len(self._left_out) > 1)
            self.remarks.append(f"left out {files}: {_listed(self._left_out)}")
        return text

    def _path(self, source: str) -> str:
        if not source:  # `Path` would take it for the working folder
            raise CorpusError("a source has an empty name; give a file, or . for this folder")
        path = Path(source)
        try:
            if not path.is_dir():
                return self._file(_file_bytes(path), repr(source), path.suffix)
            files = sorted(_files_below(path), key=lambda file: file.parts)
        except OSError as error:
            _refuse(error, source)
        if not files:
            raise CorpusError(f"folder {source!r} holds no files, hidden ones left out; give one that does")
        names = (repr(str(file)) for file in files)
        return "".join(
            self._file(_file_bytes(file), name, file.suffix, in_folder=True)
            for file, name in zip(files, names, strict=True)
        )

    def _file(self, data: bytes, name: str, suffix: str = "", *, in_folder: bool = False) -> str:
        """Return the text of a file, or of an archive's files; binary ones in a folder or archive are left out."""
        texts = []
        try:
            for member, content in unpack(data, name, suffix):
                shown = f"{member!r} in {name}" if member else name
                try:
                    text, marked = decode(content, shown, self._encoding, self._errors)
                except NotTextError:
                    if not member:
                        raise
                    self._left_out.append(shown)
                    continue
                if marked:
                    self._marked.setdefault(marked, []).append(shown)
                texts.append(text)
        except NotTextError:
            if not in_folder:
                raise
            self._left_out.append(name)
        return "".join(texts)


def _stdin_bytes(stdin: BinaryIO | None) -> bytes:
    if stdin is None:
        raise UsageError("there is no standard input to read here; give a file")
    try:
        return stdin.read()
    except (OSError, ValueError) as error:  # ValueError: closed
        raise CorpusError(f"cannot read standard input: {error}; give a file") from error


def _files_below(folder: Path) -> Iterator[Path]:
    """Find the regular files below a folder, without hidden ones and without following links to folders."""

    def refuse(error: OSError) -> NoReturn:
        raise error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files = (Path(parent, name) for name in names if not name.startswith("."))
        yield from (file for file in files if file.is_file())


def _file_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        _refuse(error, str(path))


def _refuse(error: OSError | ValueError, name: str) -> NoReturn:
    if not isinstance(error, FileNotFoundError):
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CorpusError(f"cannot read {name!r}: {reason}; check the name and its permissions") from error
    raise CorpusError(f"there is no file or folder {name!r}; check the name") from error


def _name(source: str) -> str:
    return "standard input" if source == STDIN else repr(source)


def _listed(names: Sequence[str]) -> str:
    """List the first names and count the others."""
    shown, others = names[:_FEW], len(names) - _FEW
    return ", ".join(shown) + (f" and {others:,} more" if others > 0 else "")


def _stem(source: str) -> str:
    """Return the name of a run by its first source."""
    if source == STDIN:
        return "stdin"
    if source.startswith(BUILTIN):
        return source.removeprefix(BUILTIN)
    path = Path(source)
    # '.' and '..' have no stem of their own
    is_compressed = path.suffix.lower() in COMPRESSED
    name = path.resolve().name if path.is_dir() else (path.with_suffix("") if is_compressed else path).stem
    name = _UNUSABLE.sub("-", name).encode()[:_LONGEST_STEM].decode(errors="ignore").strip(" .")
    return f"{name}-" if _RESERVED.fullmatch(name) else name or "corpus"
