"""What is done with a pattern before anything is written."""

from __future__ import annotations

from typing import Any

from charlm.config import SampleConfig
from charlm.text.decoding import check_errors

__all__ = ["with_pattern_read"]


def with_pattern_read(config: SampleConfig, *, encoding: str, errors: str) -> SampleConfig:
    """Read the lists of words that a pattern names, and check it.

    Raises
    ------
    UsageError
        If a pattern is invalid or not regular: at once, before a model is loaded.
    CorpusError
        If a list of words cannot be read.
    """
    if not (config.regex or config.template):
        return config
    from charlm.generation.constraint import check_pattern, with_word_lists

    check_errors(errors)
    decoding: dict[str, Any] = {"encoding": encoding, "errors": errors}
    config = with_word_lists(config, **decoding)
    check_pattern(config)
    return config
