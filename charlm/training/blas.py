"""The BLAS under NumPy: which one it is, and how many threads it uses.

Each worker runs its own products, so BLAS is held at one thread: two layers of threads wait for each other, and
the last bits of a product change with their number. ``OPENBLAS_NUM_THREADS`` decides that before NumPy is
imported; afterwards the library itself has to be asked.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["blas_name", "blas_threads", "one_blas_thread"]

SUFFIXES = ("64_", "_64", "")
PREFIXES = ("scipy_", "")


def blas_name() -> str:
    """Return the name and version of the BLAS that NumPy was built with."""
    config: Any = np.show_config(mode="dicts")
    blas = (config or {}).get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


@cache
def _openblas() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Find OpenBLAS's functions that get and set its threads, where NumPy brought an OpenBLAS along."""
    package = Path(np.__file__).parent
    folders = (package.parent / "numpy.libs", package / ".dylibs", package / ".libs")
    for path in sorted(p for folder in folders if folder.is_dir() for p in folder.glob("*openblas*")):
        try:
            library = ctypes.CDLL(str(path))  # loaded already: this only asks for a handle
        except OSError:
            continue
        for prefix in PREFIXES:
            for suffix in SUFFIXES:
                get = getattr(library, f"{prefix}openblas_get_num_threads{suffix}", None)
                put = getattr(library, f"{prefix}openblas_set_num_threads{suffix}", None)
                if get is not None and put is not None:
                    get.restype, put.argtypes, put.restype = ctypes.c_int, [ctypes.c_int], None
                    return get, put
    return None


def blas_threads() -> int | None:
    """Return how many threads BLAS uses for a product now; None where it cannot be asked."""
    functions = _openblas()
    return None if functions is None else int(functions[0]())


@contextmanager
def one_blas_thread() -> Iterator[int | None]:
    """Hold BLAS at one thread, and put back what was in force; gives the number in force inside."""
    functions = _openblas()
    if functions is None:
        yield None
        return
    get, put = functions
    before = int(get())
    put(1)
    try:
        yield int(get())
    finally:
        put(before)
