"""The one reader of texts: files, folders, gzip, standard input and what is built in."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, NoReturn, TypeAlias

from charlm.errors import CorpusError, UsageError

__all__ = ["BUILTIN", "DEFAULT", "STDIN", "Corpus", "DecodingErrors", "read_corpus", "read_text"]

DecodingErrors: TypeAlias = Literal["strict", "replace"]

BUILTIN = "builtin:"
DEFAULT = "builtin:tales"
STDIN = "-"

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"

# what Windows refuses in a name or as a name, so that run folders can be carried anywhere
_UNUSABLE = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff<>:"/\\|?*]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
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
        What it was read from, as given.
    """

    text: str
    stem: str
    sha256: str
    sources: tuple[str, ...]


def read_corpus(
    sources: Sequence[str],
    *,
    encoding: str = "utf-8",
    errors: DecodingErrors = "strict",
    stdin: BinaryIO | None = None,
) -> Corpus:
    """Read sources and join them without a separator.

    Parameters
    ----------
    sources : sequence of str
        Files (unpacked if they end in ``.gz``), folders (all files below, sorted; hidden ones are left out), ``-``
        for standard input, ``builtin:NAME``. None at all means ``builtin:tales``.
    encoding : str
        Of files and standard input.
    errors : {"strict", "replace"}
        Whether undecodable bytes are refused or become U+FFFD.
    stdin : binary stream, optional
        What ``-`` reads.

    Returns
    -------
    Corpus
        Decoded as it stands: no newline is translated, only a leading byte order mark of a file dropped.

    Raises
    ------
    CorpusError
        If a source is missing, unreadable, damaged or undecodable, or there is no text in any.
    UsageError
        For an encoding that does not exist, and for ``-`` given twice.
    """
    sources = tuple(sources) or (DEFAULT,)
    if sources.count(STDIN) > 1:
        raise UsageError("standard input can be read once; give - once")
    text = "".join(_read(source, encoding, errors, stdin) for source in sources)
    if not text:
        raise CorpusError(f"there is no text in {', '.join(map(_name, sources))}; give one that is not empty")
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Corpus(text, _stem(sources[0]), sha256, sources)


def read_text(
    source: str,
    *,
    encoding: str = "utf-8",
    errors: DecodingErrors = "strict",
    stdin: BinaryIO | None = None,
    allow_empty: bool = False,
) -> str:
    """Read a single source, as `read_corpus` does.

    Parameters
    ----------
    source, encoding, errors, stdin
        As for `read_corpus`.
    allow_empty : bool
        Whether there may be no text in it.

    Raises
    ------
    CorpusError, UsageError
        As for `read_corpus`.
    """
    text = _read(source, encoding, errors, stdin)
    if not text and not allow_empty:
        raise CorpusError(f"there is no text in {_name(source)}; give one that is not empty")
    return text


def _read(source: str, encoding: str, errors: DecodingErrors, stdin: BinaryIO | None) -> str:
    if source.startswith(BUILTIN):
        from charlm.text.builtin import make_text  # making texts is needed for no other source

        return make_text(source.removeprefix(BUILTIN))
    if source == STDIN:
        return _decode(_stdin_bytes(stdin), _name(source), encoding, errors)
    if not source:  # to the system it is the folder that one is in
        raise CorpusError("a source has an empty name; give a file, or . for this folder")
    path = Path(source)
    try:
        files = sorted(_files_below(path), key=lambda file: file.parts) if path.is_dir() else [path]
    except OSError as error:
        _refuse(error, source)
    if not files:
        raise CorpusError(f"folder {source!r} holds no files, hidden ones left out; give one that does")
    return "".join(_decode(_file_bytes(file), repr(str(file)), encoding, errors) for file in files)


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

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files = (Path(place, name) for name in names if not name.startswith("."))
        yield from (file for file in files if file.is_file())


def _is_gzip(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _file_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if _is_gzip(path) else data
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CorpusError(f"{str(path)!r} is not a whole gzip file ({error}); make it anew") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        _refuse(error, str(path))


def _refuse(error: OSError | ValueError, name: str) -> NoReturn:
    if not isinstance(error, FileNotFoundError):
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CorpusError(f"cannot read {name!r}: {reason}; check the name and its permissions") from error
    raise CorpusError(f"there is no file or folder {name!r}; check the name, or take builtin:tales") from error


def _decode(data: bytes, name: str, encoding: str, errors: DecodingErrors) -> str:
    if errors not in ("strict", "replace"):
        raise UsageError(f"errors is {errors!r}; choose strict or replace")
    try:
        text = data.decode(encoding, errors)
    except UnicodeDecodeError as error:
        # codecs that take off a byte order mark count from behind it
        offset = error.start + len(data) - len(error.object)
        raise CorpusError(
            f"{name} is not {error.encoding}: byte {data[offset]:#04x} at byte offset {offset} ({error.reason}); "
            f"give its --encoding, or --errors replace"
        ) from error
    except UnicodeError as error:
        raise CorpusError(f"{name} is not {encoding!r}: {error}; give its --encoding") from error
    except (LookupError, ValueError) as error:  # ValueError: a NUL in the name
        raise UsageError(f"{encoding!r} is no text encoding; give one such as utf-8 or latin-1") from error
    return text.removeprefix(_BOM)


def _name(source: str) -> str:
    return "standard input" if source == STDIN else repr(source)


def _stem(source: str) -> str:
    """Name a run after its first source, which has been read."""
    if source == STDIN:
        return "stdin"
    if source.startswith(BUILTIN):
        return source.removeprefix(BUILTIN)
    path = Path(source)
    # '.' and '..' have no names of their own
    name = path.resolve().name if path.is_dir() else (path.with_suffix("") if _is_gzip(path) else path).stem
    name = _UNUSABLE.sub("-", name).encode()[:_LONGEST_STEM].decode(errors="ignore").strip(" .")
    return f"{name}-" if _RESERVED.fullmatch(name) else name or "corpus"
