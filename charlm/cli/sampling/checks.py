"""Settings of sampling that are checked before a model is loaded: patterns, and what a beam search does not use."""

from __future__ import annotations

from typing import Any

from charlm.config import SampleConfig
from charlm.errors import UsageError
from charlm.text.decoding import check_errors

__all__ = ["refuse_drawing", "with_pattern_read"]

_DEFAULT = SampleConfig()
# what a beam has no use for
_DRAWING = ("temperature", "top_k", "top_p", "min_p", "typical_p", "repeat_penalty", "regex", "template")


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


def refuse_drawing(config: SampleConfig) -> None:
    """Refuse settings of how symbols are drawn, which a search does not do.

    Raises
    ------
    UsageError
    """
    for name in _DRAWING:
        if getattr(config, name) not in (getattr(_DEFAULT, name), 0):
            flag = name.replace("_", "-")
            raise UsageError(f"--beam draws nothing, so --{flag} has nothing to act on; leave one of them out")
