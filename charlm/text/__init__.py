"""Text: reading of corpora, vocabularies, and training batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.text.corpus import STDIN, Corpus, read_corpus, read_text
    from charlm.text.decoding import check_errors
    from charlm.text.vocabulary import Vocabulary

__all__ = ["STDIN", "Corpus", "Vocabulary", "check_errors", "read_corpus", "read_text"]

__getattr__ = loader(
    globals(),
    {"corpus": "STDIN Corpus read_corpus read_text", "decoding": "check_errors", "vocabulary": "Vocabulary"},
)
