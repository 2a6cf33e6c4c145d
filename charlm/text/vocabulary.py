"""`Vocabulary`: the symbols of a model and their ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from reprlib import repr as brief
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.config import Normalization, OnUnknown, Unit
from charlm.config.vocabulary import VocabularySettings
from charlm.errors import UsageError, VocabularyError
from charlm.text import units
from charlm.text.symbols import STOP, UNKNOWN, check_settings, check_symbols, special_symbols

__all__ = ["Vocabulary"]

_DEFAULT = VocabularySettings()
_BLOCK = 2**20  # characters that are encoded at once


@dataclass(frozen=True, repr=False)
class Vocabulary:
    """An immutable bijection of symbols and ids; two are equal if their symbols and settings are.

    Parameters
    ----------
    unit : {"char", "byte", "grapheme"}
        See `charlm.text.units`.
    symbols : tuple of str or int
        In id order; integers for bytes. ``<unk>`` and ``<stop>`` are last, in this order and only if used.
    normalize : {"none", "NFC", "NFKC"}
        Unicode normal form of a text before encoding.
    lowercase : bool
        Whether a text is lower-cased before encoding.

    Raises
    ------
    VocabularyError
        For invalid symbols or settings, which may be untrusted input.

    Examples
    --------
    >>> vocabulary = Vocabulary.from_text("banana")
    >>> vocabulary.symbols
    ('a', 'b', 'n')
    >>> vocabulary.encode("nab")
    array([2, 0, 1], dtype=uint8)
    >>> vocabulary.decode([1, 0, 2])
    'ban'
    """

    unit: Unit
    symbols: tuple[str | int, ...]
    normalize: Normalization = field(default="none", kw_only=True)
    lowercase: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        check_settings(self.unit, self.normalize, self.lowercase)
        check_symbols(self.unit, self._known)

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        unit: Unit = _DEFAULT.unit,
        min_count: int = _DEFAULT.min_count,
        normalize: Normalization = _DEFAULT.normalize,
        lowercase: bool = _DEFAULT.lowercase,
        stop: bool = _DEFAULT.stop,
    ) -> Vocabulary:
        """Collect the symbols of a text, sorted.

        Parameters
        ----------
        text : str
        unit, normalize, lowercase
            As for `Vocabulary`.
        min_count : int
            Symbols that occur less often are left out; above 1 the vocabulary has ``<unk>`` in their place.
        stop : bool
            Whether the vocabulary has ``<stop>``, which begins and ends documents.

        Raises
        ------
        VocabularyError
            If no symbol occurs often enough.
        UsageError
            If `min_count` is below 1.
        """
        check_settings(unit, normalize, lowercase)
        if min_count < 1:
            raise UsageError(f"`min_count` is {min_count}; it must be at least 1")
        text = units.prepare(text, normalize=normalize, lowercase=lowercase)
        known = units.frequent_symbols(text, unit, min_count)
        if not known:
            cause = (
                f"no {unit} occurs {min_count} times; lower `min_count`" if text else "the text is empty; give more"
            )
            raise VocabularyError(f"{cause}, a vocabulary needs at least one symbol")
        specials = [UNKNOWN] * (min_count > 1) + [STOP] * stop
        return cls(unit, (*known, *specials), normalize=normalize, lowercase=lowercase)

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        """Whether a symbol of a text has an id; special symbols are in no text."""
        return symbol in self._index

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self)} symbols, unit {self.unit}>"

    @cached_property
    def _specials(self) -> tuple[str | int, ...]:
        return special_symbols(self.symbols)

    @cached_property
    def _known(self) -> tuple[str | int, ...]:
        return self.symbols[: len(self.symbols) - len(self._specials)]

    @cached_property
    def _index(self) -> dict[str | int, int]:
        return {symbol: k for k, symbol in enumerate(self._known)}

    @cached_property
    def _table(self) -> NDArray[np.int32]:
        """Id of each code up to the largest known one, then -1 for all above it."""
        codes = [ord(s) if isinstance(s, str) else s for s in self._known]
        table = np.full(max(codes) + 2, -1, np.int32)
        table[codes] = np.arange(len(codes))
        return table

    @cached_property
    def _pieces(self) -> list[str] | list[bytes]:
        """Text of each id; bytes if the unit is the byte."""
        special: dict[str | int, str] = {UNKNOWN: "\N{REPLACEMENT CHARACTER}", STOP: ""}
        if self.unit == "byte":
            return [special[s].encode() if isinstance(s, str) else s.to_bytes(1, "big") for s in self.symbols]
        return [special.get(s, str(s)) for s in self.symbols]

    @property
    def unknown_id(self) -> int | None:
        """Id of ``<unk>``; None without one."""
        return len(self._known) if UNKNOWN in self._specials else None

    @property
    def stop_id(self) -> int | None:
        """Id of ``<stop>``; None without one."""
        return len(self) - 1 if STOP in self._specials else None

    @property
    def training_on_unknown(self) -> OnUnknown:
        """Treatment of unknown symbols in training: "replace" where there is ``<unk>``, else "error"."""
        return "error" if self.unknown_id is None else "replace"

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger[Any]]:
        """The smallest unsigned integer type that holds every id."""
        return np.min_scalar_type(len(self) - 1)

    def prepare(self, text: str) -> str:
        """Normalise and lower-case a text by the settings of this vocabulary."""
        return units.prepare(text, normalize=self.normalize, lowercase=self.lowercase)

    def encode(self, text: str, *, on_unknown: OnUnknown = "error") -> NDArray[np.unsignedinteger[Any]]:
        """Encode a text as ids, after `prepare`.

        Parameters
        ----------
        text : str
        on_unknown : {"error", "skip", "replace"}
            Treatment of a symbol that has no id: an error, nothing, or replacement by ``<unk>`` (without one by
            ``?``, else by a space).

        Returns
        -------
        ndarray of `dtype`, shape (symbols,)

        Raises
        ------
        VocabularyError
            For an unknown symbol under "error", and under "replace" without a replacement.
        """
        text = self.prepare(text)
        blocks, done = [], 0
        for ids in self._blocks(text):  # -1 for an unknown symbol
            done += len(ids)
            unknown = ids < 0
            if unknown.any():
                if on_unknown == "skip":
                    ids = ids[~unknown]
                else:
                    first = done - len(ids) + int(unknown.argmax())
                    ids[unknown] = self._replacement(text, first, on_unknown)
            blocks.append(ids.astype(self.dtype))
        return np.concatenate(blocks) if blocks else np.empty(0, self.dtype)

    def _blocks(self, text: str) -> Iterator[NDArray[np.int32]]:
        """Yield the ids of a prepared text in blocks, so that a long one needs no array of four bytes a symbol."""
        if self.unit == "grapheme":
            found = (self._index.get(cluster, -1) for cluster in units.graphemes(text))
            yield np.fromiter(found, np.int32)
            return
        codes_of = units.code_points if self.unit == "char" else units.utf8
        for start in range(0, len(text), _BLOCK):
            yield self._table.take(codes_of(text[start : start + _BLOCK]), mode="clip")

    def _replacement(self, text: str, k: int, on_unknown: OnUnknown) -> int:
        """Return the id that replaces unknown symbols, the first of which is number `k` of a prepared text."""
        which = f"{units.describe(text, self.unit, k)} is not among this model's {len(self._known)}"
        if on_unknown == "error":
            raise VocabularyError(f'{which}; pass `on_unknown="skip" or "replace"`, or retrain')
        if self.unknown_id is not None:
            return self.unknown_id
        for symbol in "? ":
            symbol_id = self._index.get(ord(symbol) if self.unit == "byte" else symbol)
            if symbol_id is not None:
                return symbol_id
        raise VocabularyError(f"{which}, nor are '?' and ' ' to replace it; pass `on_unknown=\"skip\"`, or retrain")

    def decode(self, ids: Iterable[int]) -> str:
        """Decode ids to a text: the exact inverse of `encode` on a prepared text.

        ``<unk>`` and invalid UTF-8 become U+FFFD, ``<stop>`` becomes nothing.

        Raises
        ------
        VocabularyError
            For an id that is not from 0 to ``len(self) - 1``.
        """
        checked = np.fromiter(ids, np.int64)
        outside = (checked < 0) | (checked >= len(self))
        if outside.any():
            wrong = checked[outside.argmax()]
            raise VocabularyError(f"id {wrong} is outside this vocabulary; its ids go from 0 to {len(self) - 1}")
        pieces = [self._pieces[k] for k in checked.tolist()]
        return units.decode_utf8(b"".join(pieces)) if self.unit == "byte" else "".join(pieces)

    def decoder(self) -> units.StreamDecoder:
        """Return an incremental decoder."""
        return units.StreamDecoder(self._pieces)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that checkpoints store."""
        settings = {"normalize": self.normalize, "lowercase": self.lowercase}
        return {"unit": self.unit, "symbols": list(self.symbols), **settings}

    @classmethod
    def from_json(cls, data: object) -> Vocabulary:
        """Build a vocabulary from its JSON form, which may be untrusted input.

        Raises
        ------
        VocabularyError
            If it is not the JSON form of a vocabulary.
        """
        if not isinstance(data, dict) or "unit" not in data or not isinstance(data.get("symbols"), list):
            raise VocabularyError(
                f"{brief(data)} is not a vocabulary; it must be an object with a unit and a list of symbols"
            )
        unexpected = set(data) - {"unit", "symbols", "normalize", "lowercase"}
        if unexpected:
            raise VocabularyError(f"a vocabulary has no {brief(unexpected)}; it was written by another version")
        return cls(
            data["unit"],
            tuple(data["symbols"]),
            normalize=data.get("normalize", "none"),
            lowercase=data.get("lowercase", False),
        )
