"""Text: reading it, the symbols it is made of, and the batches that training reads."""

from __future__ import annotations

from charlm.text.corpus import Corpus, read_corpus, read_text
from charlm.text.vocabulary import Vocabulary

__all__ = ["Corpus", "Vocabulary", "read_corpus", "read_text"]
