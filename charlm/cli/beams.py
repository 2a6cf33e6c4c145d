"""What a beam search does not do, and what is said then: the same for ``charlm sample`` and the console."""

from __future__ import annotations

from charlm.config import SampleConfig
from charlm.errors import UsageError

__all__ = ["refuse_drawing"]

_DEFAULT = SampleConfig()
# what a beam has no use for
_DRAWING = ("temperature", "top_k", "top_p", "min_p", "typical_p", "repeat_penalty", "regex", "template")


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
