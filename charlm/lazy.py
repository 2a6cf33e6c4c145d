"""Packages whose names are loaded at first use (PEP 562), so that what needs no NumPy does not wait for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["loader"]


def loader(package: dict[str, Any], homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package.

    Parameters
    ----------
    package : dict
        Its ``globals()``.
    homes : mapping
        The names, parted by blanks, that each of its modules defines.
    """
    homes_of = {name: module for module, names in homes.items() for name in names.split()}

    def load(name: str) -> Any:
        if name not in homes_of:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package['__name__']}.{homes_of[name]}"), name)
        package[name] = value
        return value

    return load
