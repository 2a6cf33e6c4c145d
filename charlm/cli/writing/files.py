"""Output files and standard output: opening, checks, errors."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, TextIO

import typer

from charlm.checkpoint.atomic import disk_error
from charlm.cli.terminal.streams import silence_stdout
from charlm.errors import UsageError
from charlm.ui.sanitize import json_text

__all__ = [
    "open_bytes",
    "open_text",
    "refuse_existing",
    "refuse_raw_terminal",
    "write_file",
    "write_json",
    "write_lines",
]


@contextlib.contextmanager
def open_text(path: Path | None) -> Iterator[TextIO]:
    """Open a file to write text to while it is generated; None is standard output, which stays open.

    If a pipe's reader has closed it, the program ends with code 0.

    Raises
    ------
    DiskError
        If the system refuses to write.
    """
    try:
        if path is None:
            yield sys.stdout
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                yield file
    except BrokenPipeError:  # `charlm sample | head`: the reader has closed the pipe; click would fail
        silence_stdout()
        raise typer.Exit from None
    except OSError as error:
        if path is None:
            silence_stdout()  # its buffer would fail again at exit
        raise disk_error(path or Path("standard output"), error) from error


@contextlib.contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file for bytes.

    Raises
    ------
    DiskError
        If the system refuses to write.
    """
    try:
        with path.open("wb") as file:
            yield file
    except OSError as error:
        raise disk_error(path, error) from error


def write_file(path: Path | None, make: Callable[[], str]) -> None:
    """Write the result of `make` to a file, if one is given.

    Raises
    ------
    DiskError
        If the system refuses to write.
    """
    if path is not None:
        with open_text(path) as file:
            file.write(make())


def write_json(values: object) -> None:
    """Write values as a line of JSON to standard output."""
    sys.stdout.write(json_text(values) + "\n")


def write_lines(lines: Iterable[str]) -> None:
    """Write sanitised lines to standard output."""
    sys.stdout.writelines(f"{line}\n" for line in lines)


def refuse_existing(files: Mapping[str, Path | None], *, force: bool) -> None:
    """Raise a `UsageError` if an output file exists, unless `force`, or is that of two flags.

    Parameters
    ----------
    files : mapping of str to Path
        By flag; None for a flag that is not given. Devices and pipes may exist.
    force : bool
        Whether ``--force`` was given.
    """
    flags: dict[Path, str] = {}
    for flag, path in files.items():
        if path is not None and (other := flags.setdefault(path.absolute(), flag)) != flag:
            raise UsageError(f"{other} and {flag} are one file, {str(path)!r}; choose two")
        if path is not None and path.is_file() and not force:
            raise UsageError(f"{str(path)!r} exists; choose another {flag}, or replace it with --force")


def refuse_raw_terminal(stream: TextIO) -> None:
    """Raise a `UsageError` for unsanitised text on a terminal."""
    if stream.isatty():
        raise UsageError("--raw on a terminal would let the text control it; redirect the output, or leave it out")
