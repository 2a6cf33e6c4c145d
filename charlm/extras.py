"""Import of optional packages, the extras."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from charlm.errors import UsageError

__all__ = ["load_extra"]


def load_extra(module: str, *, package: str, extra: str, wanted_by: str) -> ModuleType:
    """Import a module of an optional package.

    Parameters
    ----------
    module : str
    package : str
        Name of its distribution.
    extra : str
        Name of charlm's extra.
    wanted_by : str
        Setting that needs it.

    Raises
    ------
    UsageError
        If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(
            f'`{wanted_by}` needs {package}, which is not installed; pip install "charlm-toolkit[{extra}]"'
        ) from error
