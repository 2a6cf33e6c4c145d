"""Names of the choices for decoding bytes and splitting text into symbols."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["DecodingErrors", "Normalization", "Unit"]

DecodingErrors: TypeAlias = Literal["strict", "replace"]
Unit: TypeAlias = Literal["char", "byte", "grapheme"]
Normalization: TypeAlias = Literal["none", "NFC", "NFKC"]
