"""The cores of this machine and the BLAS under NumPy: which one it is, and how many threads it uses.

Each worker runs its own products, so BLAS is held at one thread: two layers of threads wait for each other, and
the last bits of a product change with their number. ``OPENBLAS_NUM_THREADS`` decides that before NumPy is
imported; afterwards the library itself has to be asked.

The product of one vector with a matrix too large for a core's cache is another matter: the caches of several cores
hold it together, and it is up to three times as quick. There each entry of the result is the work of one thread,
and has the same bits whatever their number. Beside other busy processes a thread may have to wait for its core, and
the product for the thread: up to a thousand times as long as it computes. Then one core works alone for a while.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["available_cores", "blas_name", "blas_threads", "one_blas_thread", "shared_dot"]

SUFFIXES = ("64_", "_64", "")
PREFIXES = ("scipy_", "")
EVEN = 16  # columns for a thread are a multiple of so many, else the last few may be summed in another order
TRIALS, ALONE = 10, 1000  # products on one core at first, to know their time, and after one that has waited
WAITED_S, TIMES = 1e-3, 2  # which is one that took longer than this, and so many times the quickest on one core

_switching = threading.Lock()


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


def shared_dot(
    width: int, caches: int, cores: int | None = None, clock: Callable[[], float] = time.perf_counter
) -> Callable[[NDArray[Any], NDArray[Any], NDArray[Any]], None] | None:
    """Return ``dot(x, matrix, out)`` of a vector and a matrix by several cores.

    Parameters
    ----------
    width : int
        Columns of the matrix.
    caches : int
        How many cores' caches it fills: more cores would have nothing to gain.
    cores : int, optional
        As many as BLAS has threads in force when left out.
    clock : callable
        Seconds from any origin.

    Returns
    -------
    callable or None
        None where a single core is as quick, and where the threads of BLAS cannot be set.
    """
    functions = _openblas()
    if functions is None:
        return None
    get, put = functions
    # more threads than there are cores would wait for each other
    wanted = min(int(get()) if cores is None else cores, available_cores(), caches)
    threads = next((n for n in range(wanted, 1, -1) if width % (EVEN * n) == 0), 1)
    if threads == 1:
        return None

    alone, quickest_s = TRIALS, math.inf

    def dot(x: NDArray[Any], matrix: NDArray[Any], out: NDArray[Any]) -> None:
        nonlocal alone, quickest_s
        begin_s = clock()
        if alone:
            np.dot(x, matrix, out)
            alone, quickest_s = alone - 1, min(quickest_s, clock() - begin_s)
            return
        with _switching:
            before = get()
            try:
                put(threads)
                np.dot(x, matrix, out)
            finally:
                put(before)
        if clock() - begin_s > max(WAITED_S, TIMES * quickest_s):
            alone = ALONE

    return dot
