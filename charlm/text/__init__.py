"""Text: reading of corpora, vocabularies, and training batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.text.corpus import Corpus, read_corpus, read_text
    from charlm.text.vocabulary import Vocabulary

__all__ = ["Corpus", "Vocabulary", "read_corpus", "read_text"]

__getattr__ = loader(globals(), {"corpus": "Corpus read_corpus read_text", "vocabulary": "Vocabulary"})
