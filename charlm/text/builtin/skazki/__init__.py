"""``skazki``: little fairy tales in Russian, told from a grammar that was written for charlm."""

from __future__ import annotations

from charlm.text.builtin.skazki.teller import lines

__all__ = ["lines"]
