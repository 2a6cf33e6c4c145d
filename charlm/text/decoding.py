"""Decoding of bytes to text: encodings, byte order marks, detection of binary data."""

from __future__ import annotations

import codecs
from typing import NamedTuple, NoReturn, get_args

from charlm.config import DecodingErrors
from charlm.errors import CorpusError, UsageError

__all__ = ["DecodedText", "NotTextError", "check_errors", "decode"]


_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
# UTF-32 first: one of its marks begins with one of UTF-16
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_FORMATS = {
    b"\x89PNG\r\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"RIFF": "audio, video or a WebP image",
    b"OggS": "audio",
    b"fLaC": "audio",
    b"ID3": "audio",
    b"%PDF-": "a PDF document",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Office document",
    b"wOF": "a font",
    b"OTTO": "a font",
    b"\x7fELF": "a program",
    b"\xca\xfe\xba\xbe": "a program",
    b"\xcf\xfa\xed\xfe": "a program",
    b"\0asm": "a program",
    b"SQLite format 3\0": "a database",
    b"\x89HDF\r\n": "HDF5 data",
    b"\x93NUMPY": "a NumPy array",
    b"PAR1": "Parquet data",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
}
_CONTROLS = "".join(map(chr, {*range(32)} - {*b"\b\t\n\v\f\r\x1a\x1b"}))
_SAMPLE = 4096


class NotTextError(CorpusError):
    """Binary data: an error for a named file; in a folder the file is left out."""


class DecodedText(NamedTuple):
    """A text, and the encoding of its byte order mark if it replaced the given one."""

    text: str
    marked: str | None


def decode(data: bytes, name: str, encoding: str, errors: DecodingErrors) -> DecodedText:
    """Decode bytes without newline translation; a leading byte order mark is dropped.

    A byte order mark of UTF-16 or UTF-32, which is not valid UTF-8, replaces the encoding UTF-8.

    Parameters
    ----------
    data : bytes
    name : str
        For messages.
    encoding : str
    errors : {"strict", "replace"}
        Whether undecodable bytes are an error or become U+FFFD.

    Raises
    ------
    NotTextError
        For data that is not UTF-8 and begins like a binary format, or is undecodable with more control characters
        than a text.
    CorpusError
        If it is undecodable.
    UsageError
        For an encoding that does not exist.
    """
    check_errors(errors)
    marked = None
    try:
        is_utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
        if is_utf8:
            marked = next((codec for mark, codec in _MARKS.items() if data.startswith(mark)), None)
        text = data.decode(marked or encoding)
    except UnicodeDecodeError as error:
        _refuse_binary(data, name)
        bad = _Undecodable(data, error, marked or encoding)
        if bad.is_binary or errors == "strict":
            bad.refuse(name)
        text = data.decode(marked or encoding, errors)
    except UnicodeError as error:
        raise CorpusError(f"{name} is not {encoding!r}: {error}; give its `encoding`") from error
    except (LookupError, ValueError) as error:  # ValueError: a NUL in the name
        raise UsageError(f"{encoding!r} is no text encoding; give one such as utf-8 or latin-1") from error
    else:
        if not is_utf8:
            _refuse_binary(data, name)
    return DecodedText(text.removeprefix(_BOM), marked)


def check_errors(errors: str) -> None:
    """Raise an error for an unknown treatment of undecodable bytes.

    Raises
    ------
    UsageError
    """
    if errors not in get_args(DecodingErrors):
        raise UsageError(f"`errors` is {errors!r}; choose {' or '.join(get_args(DecodingErrors))}")


def _refuse_binary(data: bytes, name: str) -> None:
    """Raise an error for data that begins like a binary format."""
    kind = next((kind for start, kind in _FORMATS.items() if data.startswith(start)), None)
    if kind is not None:
        raise NotTextError(f"{name} is binary ({kind}); give a text")


class _Undecodable:
    """Undecodable data, classified by its start and by the bytes after the first error."""

    def __init__(self, data: bytes, error: UnicodeDecodeError, encoding: str) -> None:
        self._error = error
        codec = encoding if error.encoding == "charmap" else error.encoding  # the name of many codecs
        # codecs that drop a byte order mark count from its end
        self._offset = error.start + len(data) - len(error.object)
        self._byte = data[self._offset]
        parts = error.object[:_SAMPLE], error.object[error.start : error.start + _SAMPLE]
        sample = "".join(part.decode(codec, "replace") for part in parts)
        # in a short file a few prove nothing
        self.is_binary = sum(map(sample.count, _CONTROLS)) > max(len(sample) / 20, 4)
        self._is_mostly_readable = sample.count("\ufffd") <= max(len(sample) / 4, 8)

    def refuse(self, name: str) -> NoReturn:
        """Raise the error with its remedy, `errors="replace"` only for data that is mostly readable."""
        where = f"byte {self._byte:#04x} at byte offset {self._offset} ({self._error.reason})"
        if self.is_binary:
            raise NotTextError(
                f"{name} looks binary: not {self._error.encoding} from {where} on, and full of control characters; "
                f"give a text, or its `encoding`"
            ) from self._error
        replace = ', or `errors="replace"`' if self._is_mostly_readable else ""
        raise CorpusError(
            f"{name} is not {self._error.encoding}: {where}; give its `encoding`{replace}"
        ) from self._error
