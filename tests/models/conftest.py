"""Settings of the tests of `charlm.models`."""

from __future__ import annotations

collect_ignore = ["reference"]  # its script needs PyTorch
