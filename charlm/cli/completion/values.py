"""Completions of a value, by its name in the help: FILE, MODEL, or its choices, ``rnn|lstm|gru``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from charlm import checkpoint, config
from charlm.errors import CharlmError
from charlm.ui.sanitize import visible_line

__all__ = ["VALUES", "Completion", "file_names", "model_names", "values"]


@dataclass(frozen=True, slots=True)
class Completion:
    """A completion of a word.

    Parameters
    ----------
    value : str
        With a slash at the end for a folder, which may be continued.
    help : str
        A description, for shells that show it.
    """

    value: str
    help: str = ""


def values(name: str, begun: str) -> Iterable[Completion]:
    """Return the completions of a value.

    Parameters
    ----------
    name : str
        The ``metavar`` of its flag or argument.
    begun : str
        Its typed beginning.
    """
    if "|" in name:
        return [Completion(choice) for choice in name.split("|")]
    return VALUES[name](begun) if name in VALUES else ()


def file_names(begun: str, suffix: str = "") -> list[str]:
    """Return files and folders by the beginning of their names, without names that could control the terminal.

    Parameters
    ----------
    begun : str
        The typed beginning of a path; hidden files need the dot.
    suffix : str
        Of the files; folders are returned in any case, with a slash.
    """
    folder, slash, start = begun.rpartition("/")
    folder += slash
    try:
        found = sorted(os.scandir(Path(os.path.expanduser(folder) or ".")), key=lambda entry: entry.name)  # noqa: PTH111
        names = [f"{entry.name}/" if entry.is_dir() else entry.name for entry in found]
    except (OSError, ValueError, RuntimeError):
        return []
    return [
        folder + name
        for name in names
        if name.startswith(start)
        and name.endswith(("/", suffix))
        and (start.startswith(".") or not name.startswith("."))
        and visible_line(name) == name
    ]


def model_names(begun: str) -> Iterator[str]:
    """Yield names of models: those of runs, then files and folders."""
    with contextlib.suppress(CharlmError):
        yield from [run.name for run in checkpoint.list_runs() if visible_line(run.name) == run.name]
    yield from file_names(begun, ".npz")


def _models(begun: str) -> Iterator[Completion]:
    return map(Completion, dict.fromkeys(model_names(begun)))


def _files(begun: str) -> Iterator[Completion]:
    return map(Completion, file_names(begun))


def _folders(begun: str) -> list[Completion]:
    return [Completion(name) for name in file_names(begun) if name.endswith("/")]


def _corpora(begun: str) -> list[Completion]:
    from charlm.text.builtin import NAMES, describe

    return [*(Completion(f"builtin:{name}", describe(name)) for name in NAMES), *_files(begun)]


def _builtin(_begun: str) -> list[Completion]:
    from charlm.text.builtin import NAMES, describe
    from charlm.text.builtin.tasks import TASKS

    texts = {name: describe(name) for name in NAMES}
    tasks = {name: task.description for name, task in TASKS.items() if name not in texts}
    return [Completion(name, description) for name, description in (texts | tasks).items()]


def _presets(_begun: str) -> list[Completion]:
    return [Completion(name) for name in get_args(config.PresetName)]


def _encodings(_begun: str) -> list[Completion]:
    return [Completion(name) for name in ("utf-8", "utf-16", "latin-1", "cp1252", "cp1251", "shift_jis", "gb18030")]


VALUES: Mapping[str, Callable[[str], Iterable[Completion]]] = {
    "MODEL": _models,
    "MODEL:WEIGHT": _models,
    "RUN": _models,
    "CORPUS": _corpora,
    "TEXT": _files,
    "FILE": _files,
    "DIR": _folders,
    "NAME": _builtin,
    "PRESET": _presets,
    "ENCODING": _encodings,
}
"""Names of values with completions; others (N, X, P, STRING, PATTERN) have none."""
