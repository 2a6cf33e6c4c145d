"""Where a prompt comes from: a flag, a file, or standard input."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TextIO

from charlm.errors import UsageError

__all__ = ["given_prompt", "piped_prompt"]


def given_prompt(prompt: str | None, prompt_file: Path | None) -> str | None:
    """Return the prompt that the flags give; None where they give none.

    Raises
    ------
    UsageError
        If they give two.
    CorpusError
        If the file cannot be read.
    """
    from charlm.text.corpus import read_text

    if prompt is not None and prompt_file is not None:
        raise UsageError("--prompt and --prompt-file are two prompts; give one of them")
    return prompt if prompt_file is None else read_text(str(prompt_file), allow_empty=True)


def piped_prompt(stdin: TextIO | None) -> str:
    """Return what standard input holds if it is a pipe or a regular file; otherwise, and if it is empty, nothing.

    Raises
    ------
    CorpusError
        If it is not UTF-8.
    """
    from charlm.text.corpus import read_text

    if stdin is None or not _is_pipe_or_file(stdin):
        return ""
    return read_text("-", stdin=stdin.buffer, allow_empty=True)


def _is_pipe_or_file(stream: TextIO) -> bool:
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):  # closed, or not a file of the system's
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
