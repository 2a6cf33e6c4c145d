r"""The three units of text: how a text falls into symbols, and how symbols join again.

========  =====================================  ==================
unit      a symbol is                            held as
========  =====================================  ==================
char      a code point, lone surrogates too      ``str`` of length 1
byte      a byte of the text's UTF-8             ``int`` below 256
grapheme  what a reader sees as one character    ``str``
========  =====================================  ==================

References
----------
.. [1] The Unicode Standard, section 3.9, table 3-7: well-formed UTF-8.
.. [2] Unicode Standard Annex #29: extended grapheme clusters, ``\X`` of the regex package.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray

from charlm.config import Normalization, Unit

__all__ = [
    "StreamDecoder",
    "code_points",
    "decode_utf8",
    "describe",
    "frequent_symbols",
    "graphemes",
    "prepare",
    "utf8",
]

# UTF-8 has no form for surrogates; written like any other code point they survive the round trip. Their first
# byte never continues another character, so a text can be cut around them.
_SURROGATE = re.compile(rb"(\xed[\xa0-\xbf][\x80-\xbf])")
# a character that has begun at the end of the bytes and still lacks some
_INCOMPLETE = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")

_LONGEST_SHOWN = 20  # of a cluster, which may go on for ever


def prepare(text: str, *, normalize: Normalization, lowercase: bool) -> str:
    """Bring a text into the form that a vocabulary's symbols are taken from.

    Preparing a prepared text changes nothing.
    """
    if normalize != "none":
        text = unicodedata.normalize(normalize, text)
    if lowercase:
        text = text.lower()
        if normalize != "none":  # lower-casing can undo a normal form: J̌ has no composed form, ǰ has
            text = unicodedata.normalize(normalize, text)
    return text


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code point of each character, shape (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def utf8(text: str) -> NDArray[np.uint8]:
    """Return the bytes of a text's UTF-8, lone surrogates as three bytes like their neighbours."""
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)


def decode_utf8(data: bytes) -> str:
    """Undo `utf8`; what no text encodes to becomes U+FFFD."""
    parts = _SURROGATE.split(data)  # the surrogates are at the odd places
    return "".join(part.decode("utf-8", "surrogatepass" if i % 2 else "replace") for i, part in enumerate(parts))


def graphemes(text: str) -> list[str]:
    """Cut a text into extended grapheme clusters; joined they are the text."""
    clusters: list[str] = regex.findall(r"\X", text)
    return clusters


def frequent_symbols(text: str, unit: Unit, min_count: int) -> list[str] | list[int]:
    """Return the symbols that occur at least so often, sorted."""
    if unit == "grapheme":
        counts = Counter(graphemes(text))
        return sorted(cluster for cluster in counts if counts[cluster] >= min_count)
    occurrences = np.bincount(code_points(text) if unit == "char" else utf8(text))
    codes: list[int] = np.flatnonzero(occurrences >= min_count).tolist()
    return [chr(code) for code in codes] if unit == "char" else codes


def describe(text: str, unit: Unit, place: int) -> str:
    """Say in an error's words which symbol stands at a place of a text, counted in symbols."""
    if unit == "byte":
        return f"byte {utf8(text)[place]:#04x} at byte offset {place}"
    if unit == "char":
        return f"character {text[place]!r} at offset {place}"
    clusters = graphemes(text)
    return f"grapheme {clusters[place][:_LONGEST_SHOWN]!r} at offset {sum(map(len, clusters[:place]))}"


class StreamDecoder:
    """Turns ids into text one at a time, for showing a text while it is written.

    What `feed` and `flush` return, joined, is what `Vocabulary.decode` makes of the same ids.

    Parameters
    ----------
    pieces : sequence of str or of bytes
        What each id stands for. Bytes are held back until their character is complete.
    """

    def __init__(self, pieces: Sequence[str | bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def feed(self, symbol_id: int) -> str:
        """Return the text that one more id completes, which may be empty."""
        piece = self._pieces[symbol_id]
        return piece if isinstance(piece, str) else self._decode(piece)

    def feed_all(self, symbol_ids: Iterable[int]) -> str:
        """Return what `feed` returns for one id after the other, joined."""
        pieces: Any = map(self._pieces.__getitem__, symbol_ids)
        return "".join(pieces) if isinstance(self._pieces[0], str) else self._decode(b"".join(pieces))

    def _decode(self, data: bytes) -> str:
        data = self._held + data
        incomplete = _INCOMPLETE.search(data)
        cut = incomplete.start() if incomplete else len(data)
        self._held = data[cut:]
        return decode_utf8(data[:cut])

    def flush(self) -> str:
        """Return what is still held back, as U+FFFD, and start afresh."""
        data, self._held = self._held, b""
        return decode_utf8(data)
