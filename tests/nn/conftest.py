"""Settings of the tests of `charlm.nn`."""

from __future__ import annotations

from hypothesis import settings

collect_ignore = ["reference"]  # its script needs PyTorch

settings.register_profile("charlm", deadline=None)  # a busy machine is no failure
settings.load_profile("charlm")
