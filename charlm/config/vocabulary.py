"""How a text becomes symbols: the names of the choices."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["Normalization", "Unit"]

Unit: TypeAlias = Literal["char", "byte", "grapheme"]
Normalization: TypeAlias = Literal["none", "NFC", "NFKC"]
