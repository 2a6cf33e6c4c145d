"""The choices of decoding bytes to text and of splitting text into symbols, by name."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["DecodingErrors", "Normalization", "Unit"]

DecodingErrors: TypeAlias = Literal["strict", "replace"]
Unit: TypeAlias = Literal["char", "byte", "grapheme"]
Normalization: TypeAlias = Literal["none", "NFC", "NFKC"]
