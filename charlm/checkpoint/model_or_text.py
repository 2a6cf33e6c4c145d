"""The distinction of models and texts by name, for commands that take both."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from charlm.checkpoint.locate import find_run, is_checkpoint
from charlm.errors import CheckpointError, UsageError
from charlm.text.corpus import BUILTIN, STDIN

__all__ = ["is_model", "is_text", "refuse_models"]


def is_model(name: str) -> bool:
    """Return whether a name means a model: a checkpoint, a run folder or a run."""
    try:
        return not _is_stream(name) and is_checkpoint(find_run(name))
    except CheckpointError:
        return False


def is_text(name: str) -> bool:
    """Return whether a name means a text: a file or folder, standard input or a built-in text."""
    # Path.exists fails for a name that is too long
    return _is_stream(name) or (os.path.exists(name) and not is_checkpoint(Path(name)))  # noqa: PTH110


def refuse_models(sources: Sequence[str]) -> None:
    """Raise an error for a model in place of a text.

    Raises
    ------
    UsageError
    """
    for source in sources:
        if is_model(source) and not is_text(source):
            raise UsageError(f"{source!r} is a model where a text belongs; give a file or folder of text, or -")


def _is_stream(name: str) -> bool:
    return name == STDIN or name.startswith(BUILTIN)
