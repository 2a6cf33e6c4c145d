"""Packages that charlm can do without: what needs one asks for it here."""

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
        What it is installed as.
    extra : str
        Its name among charlm's extras.
    wanted_by : str
        The setting that needs it.

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
