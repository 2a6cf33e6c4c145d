"""Freed memory goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

from charlm import heap

PROGRAM = """
import numpy as np
from charlm.heap import release_free_memory

def resident_mib():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) // 1024

np.ones(30 << 17)  # freed, it raises the thresholds of the heap
kept = [np.ones(1 << 16) for _ in range(100)]  # 50 MB, now from the heap
del kept
print(resident_mib())
release_free_memory()
print(resident_mib())
"""


@pytest.mark.skipif(heap._malloc_trim() is None, reason="no function of this C library gives memory back")
def test_what_was_freed_is_given_back() -> None:
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    before, after = map(int, result.stdout.split())
    assert after < before - 20


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_malloc_trim", lambda: None)
    heap.release_free_memory()
