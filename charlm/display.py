"""`NotebookValue`: values that show themselves in a notebook, and keep their text form everywhere else."""

from __future__ import annotations

from importlib import import_module

__all__ = ["NotebookValue"]


class NotebookValue:
    """The base of a value with a form for notebooks, which `charlm.ui.notebook` makes when one asks for it."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        html: str = import_module("charlm.ui.notebook").as_html(self)
        return html
