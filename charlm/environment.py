"""Facts of the machine and the packages that affect speed and last bits."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from typing import Any

import charlm
from charlm.blas import available_cores, blas_name, blas_threads

__all__ = ["environment"]

RUNTIME = ("numpy", "regex", "rich", "typer")
EXTRAS = {
    "mpi": ("mpi4py",),
    "notebook": ("ipykernel", "ipython", "nbclient"),
    "parity": ("torch",),
    "png": ("pillow",),
    "tensorboard": ("tensorboardX",),
    "test": ("pytest", "hypothesis", "pexpect", "pyte"),
}
if sys.version_info < (3, 14):  # in the standard library since 3.14
    EXTRAS["zstd"] = ("backports.zstd",)


def environment() -> dict[str, Any]:
    """Return versions, BLAS, cores and extras by name; None for unknown facts."""
    facts: dict[str, Any] = {
        "charlm": charlm.__version__,
        "python": platform.python_version(),
        "interpreter_lock": getattr(sys, "_is_gil_enabled", lambda: True)(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": available_cores(),
        "blas": blas_name(),
        "blas_threads": blas_threads(),
    }
    facts |= {package: _version(package) for package in RUNTIME}
    for extra, packages in EXTRAS.items():
        present = [package for package in packages if _version(package)]
        facts[f"extra_{extra}"] = ", ".join(present) if present else "not installed"
    return facts


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
