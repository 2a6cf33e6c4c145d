"""Early checks of settings of sampling: patterns, and settings that a beam search does not use."""

from __future__ import annotations

from typing import Any

from charlm import generation
from charlm.config import SampleConfig
from charlm.config.settings import settings_of
from charlm.errors import UsageError
from charlm.text.decoding import check_errors

__all__ = ["USED_BY_BEAM", "refuse_drawing", "with_pattern_read"]

USED_BY_BEAM = ("length", "stop", "on_unknown")
"""The settings that a beam search uses."""


def with_pattern_read(config: SampleConfig, *, encoding: str, errors: str) -> SampleConfig:
    """Read the lists of words that a pattern names, and check it.

    Raises
    ------
    UsageError
        If a pattern is invalid or not regular.
    CorpusError
        If a list of words cannot be read.
    """
    if not config.constrained:
        return config
    check_errors(errors)
    decoding: dict[str, Any] = {"encoding": encoding, "errors": errors}
    config = generation.with_word_lists(config, **decoding)
    generation.check_pattern(config)
    return config


def refuse_drawing(config: SampleConfig) -> None:
    """Refuse settings of random sampling, which a beam search does not use.

    Raises
    ------
    UsageError
    """
    for name, declared in settings_of(SampleConfig).items():
        unused = name not in USED_BY_BEAM and declared.flags is not None
        if unused and getattr(config, name) not in (declared.default, 0):
            flag = name.replace("_", "-")
            raise UsageError(f"--beam draws nothing, so --{flag} has nothing to act on; leave one of them out")
