"""Views: one of several ways to show what a command finds, on the screen, as files and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from charlm import ui
from charlm.cli.terminal.streams import stdout_console
from charlm.cli.writing.files import write_file, write_json
from charlm.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Shown", "one_view", "write_view"]


class Shown(NamedTuple):
    """The result of a view: for the screen, for JSON, and as a page if it differs from the screen."""

    screen: RenderableType
    data: Any
    page: str | None = None


def one_view(given: Mapping[str, bool]) -> str | None:
    """Return the view that a flag names; None for the default.

    Raises
    ------
    UsageError
        For two of them.
    """
    named = [name for name, is_given in given.items() if is_given]
    if len(named) > 1:
        raise UsageError(f"--{named[0]} and --{named[1]} are two views; give one at a time")
    return named[0] if named else None


def write_view(
    shown: Shown, *, title: str, svg: Path | None, html: Path | None, as_json: bool, no_color: bool
) -> None:
    """Write a view to its files, and to standard output as JSON or for the screen."""
    write_file(svg, lambda: ui.to_svg(shown.screen, title=title))
    write_file(html, lambda: ui.to_html(shown.screen) if shown.page is None else shown.page)
    if as_json:
        write_json(_plain(shown.data))
    else:
        stdout_console(no_color).print(shown.screen)


def _plain(value: Any) -> Any:
    """Convert a value for JSON: records to mappings, arrays to lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value.tolist() if hasattr(value, "tolist") else value
