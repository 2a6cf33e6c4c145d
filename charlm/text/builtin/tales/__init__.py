"""``tales``: little stories, told from a grammar that was written for charlm."""

from __future__ import annotations

from charlm.text.builtin.tales.teller import lines

__all__ = ["lines"]
