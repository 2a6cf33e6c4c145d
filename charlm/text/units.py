r"""The three units of text: splitting a text into symbols, and joining symbols to a text.

========  =====================================  ==================
unit      a symbol is                            stored as
========  =====================================  ==================
char      a code point, lone surrogates too      ``str`` of length 1
byte      a byte of the text's UTF-8             ``int`` below 256
grapheme  an extended grapheme cluster           ``str``
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

# UTF-8 has no encoding of surrogates; encoded like other code points, they survive the round trip. Their first byte
# never continues another character, so bytes can be split around them.
_SURROGATE = re.compile(rb"(\xed[\xa0-\xbf][\x80-\xbf])")
# an incomplete character at the end of the bytes
_INCOMPLETE = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")

_LONGEST_SHOWN = 20  # characters of a cluster, which may have any length


def prepare(text: str, *, normalize: Normalization, lowercase: bool) -> str:
    """Normalise and lower-case a text.

    The function is idempotent.
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
    """Return the bytes of a text's UTF-8, lone surrogates as three bytes like the code points around them."""
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)


def decode_utf8(data: bytes) -> str:
    """Invert `utf8`; invalid bytes become U+FFFD."""
    parts = _SURROGATE.split(data)  # surrogates have odd indices
    return "".join(part.decode("utf-8", "surrogatepass" if i % 2 else "replace") for i, part in enumerate(parts))


def graphemes(text: str) -> list[str]:
    """Split a text into extended grapheme clusters."""
    clusters: list[str] = regex.findall(r"\X", text)
    return clusters


def frequent_symbols(text: str, unit: Unit, min_count: int) -> list[str] | list[int]:
    """Return the symbols that occur at least `min_count` times, sorted."""
    if unit == "grapheme":
        counts = Counter(graphemes(text))
        return sorted(cluster for cluster in counts if counts[cluster] >= min_count)
    occurrences = np.bincount(code_points(text) if unit == "char" else utf8(text))
    codes: list[int] = np.flatnonzero(occurrences >= min_count).tolist()
    return [chr(code) for code in codes] if unit == "char" else codes


def describe(text: str, unit: Unit, index: int) -> str:
    """Return the words of an error message for symbol number `index` of a text."""
    if unit == "byte":
        return f"byte {utf8(text)[index]:#04x} at byte offset {index}"
    if unit == "char":
        return f"character {text[index]!r} at offset {index}"
    clusters = graphemes(text)
    return f"grapheme {clusters[index][:_LONGEST_SHOWN]!r} at offset {sum(map(len, clusters[:index]))}"


class StreamDecoder:
    """An incremental decoder of ids, for streaming a text while it is generated.

    The results of `feed` and `flush`, joined, equal `Vocabulary.decode` of the same ids.

    Parameters
    ----------
    pieces : sequence of str or of bytes
        The text or bytes of each id. Bytes are buffered until their character is complete.
    """

    def __init__(self, pieces: Sequence[str | bytes]) -> None:
        self._pieces = pieces
        self._buffer = b""

    def feed(self, symbol_id: int) -> str:
        """Return the text that one more id completes, which may be empty."""
        piece = self._pieces[symbol_id]
        return piece if isinstance(piece, str) else self._decode(piece)

    def feed_all(self, symbol_ids: Iterable[int]) -> str:
        """Return the joined results of `feed` for several ids."""
        pieces: Any = map(self._pieces.__getitem__, symbol_ids)
        return "".join(pieces) if isinstance(self._pieces[0], str) else self._decode(b"".join(pieces))

    def _decode(self, data: bytes) -> str:
        data = self._buffer + data
        incomplete = _INCOMPLETE.search(data)
        end = incomplete.start() if incomplete else len(data)
        self._buffer = data[end:]
        return decode_utf8(data[:end])

    def flush(self) -> str:
        """Decode the buffered bytes, which are incomplete, to U+FFFD and empty the buffer."""
        data, self._buffer = self._buffer, b""
        return decode_utf8(data)
