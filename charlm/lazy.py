"""Lazy loading of a package's names (PEP 562), so that importing it does not import NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["loader"]


def loader(package: dict[str, Any], names_of: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package.

    Parameters
    ----------
    package : dict
        Its ``globals()``.
    names_of : mapping
        The names that each of its modules defines, separated by spaces.
    """
    module_of = {name: module for module, names in names_of.items() for name in names.split()}

    def load(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package['__name__']}.{module_of[name]}"), name)
        package[name] = value
        return value

    return load
