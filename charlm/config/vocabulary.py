"""Settings of vocabularies, and the names of the choices for decoding bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.config.settings import check_settings, documented, setting

__all__ = ["DecodingErrors", "Normalization", "Unit", "VocabularySettings"]

DecodingErrors: TypeAlias = Literal["strict", "replace"]
Unit: TypeAlias = Literal["char", "byte", "grapheme"]
Normalization: TypeAlias = Literal["none", "NFC", "NFKC"]


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class VocabularySettings:
    """Settings of `Vocabulary.from_text`."""

    unit: Unit = setting("char", "Symbols that the model reads and writes.", panel="Text")
    min_count: int = setting(1, "Rarer symbols become one unknown symbol; 1 keeps all.", low=1, panel="Text")
    normalize: Normalization = setting("none", "Unicode normalisation.", panel="Text")
    lowercase: bool = setting(False, "Read everything in lower case.", panel="Text")
    stop: bool = setting(False, "Whether a stop symbol begins and ends documents.", flags=None)

    def __post_init__(self) -> None:
        check_settings(self)
