"""The cores of this machine, and NumPy's BLAS: its name and its number of threads.

BLAS runs with one thread in every worker. Two levels of threads would wait for each other, and the last bits of a
product depend on their number. ``OPENBLAS_NUM_THREADS`` sets the number before NumPy is imported; later a function
of the library does.

The product of a vector and a matrix too large for a core's cache is the exception: with several threads the matrix
stays in the caches of several cores, and the product is up to three times as fast. One thread computes each entry
of the result, so the bits do not depend on the number of threads. If other processes use the cores, a thread may
wait for its core up to a thousand times as long as it computes. The next products then use a single core.
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
EVEN = 16  # a thread's columns are a multiple of it: the last columns of others may be summed in another order
TRIALS, ALONE = 10, 1000  # products on one core: at first, to measure their time; and after a delayed product
WAITED_S, TIMES = 1e-3, 2  # a delayed product takes longer than WAITED_S and TIMES the shortest on one core

_switching = threading.Lock()


def available_cores() -> int:
    """Return the number of cores that this process may use."""
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
    """Return the functions that get and set the number of OpenBLAS's threads; None if NumPy has another BLAS."""
    package = Path(np.__file__).parent
    folders = (package.parent / "numpy.libs", package / ".dylibs", package / ".libs")
    for path in sorted(p for folder in folders if folder.is_dir() for p in folder.glob("*openblas*")):
        try:
            library = ctypes.CDLL(str(path))  # it is loaded already, so this returns a handle
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
    """Return the number of threads of BLAS; None if it is unknown."""
    functions = _openblas()
    return None if functions is None else int(functions[0]())


@contextmanager
def one_blas_thread() -> Iterator[int | None]:
    """Set BLAS to one thread and restore the number afterwards; yields the number in force, None if unknown."""
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
    """Return ``dot(x, matrix, out)``, a product of a vector and a matrix on several cores.

    Parameters
    ----------
    width : int
        Columns of the matrix.
    caches : int
        The number of cores whose caches the matrix fills. More cores would not be faster.
    cores : int, optional
        By default the number of threads of BLAS.
    clock : callable
        Seconds from any origin.

    Returns
    -------
    callable or None
        None if a single core is as fast, or if the threads of BLAS cannot be set.
    """
    functions = _openblas()
    if functions is None:
        return None
    get, put = functions
    # more threads than cores would wait for each other
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
