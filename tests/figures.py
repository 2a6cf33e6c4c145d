"""Sizes of the tests of promises: small in every run of the suite, the promised figure when asked.

``CHARLM_TESTS=full python -m pytest -q -m promise`` reaches the figures; CONTRIBUTING has the table.
"""

from __future__ import annotations

import os
from typing import TypeVar

__all__ = ["FULL", "figure"]

FULL = os.environ.get("CHARLM_TESTS") == "full"

_T = TypeVar("_T")


def figure(quick: _T, full: _T) -> _T:
    """Return what a test is to try this time."""
    return full if FULL else quick
