"""The prompt: from a flag, a file, or standard input."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from charlm import text
from charlm.cli.arguments.texts import read_sources
from charlm.cli.terminal.streams import stdin_bytes
from charlm.errors import UsageError

__all__ = ["given_prompt", "prompt_text"]


def given_prompt(prompt: str | None, prompt_file: Path | None, *, encoding: str, errors: str) -> str | None:
    """Return the prompt of the flags; None without one.

    Raises
    ------
    UsageError
        For two prompts, or unknown decoding settings.
    CorpusError
        If the file cannot be read or decoded.
    """
    if prompt is not None and prompt_file is not None:
        raise UsageError("--prompt and --prompt-file are two prompts; give one of them")
    text.check_errors(errors)
    if prompt_file is None:
        return prompt
    return read_sources([str(prompt_file)], encoding=encoding, errors=errors, allow_empty=True).text


def prompt_text(prompt: str | None, prompt_file: Path | None, *, encoding: str, errors: str) -> str:
    """Return the prompt of the flags, else standard input if it is a pipe or a regular file, else an empty one.

    Raises
    ------
    UsageError, CorpusError
        As for `given_prompt`.
    """
    given = given_prompt(prompt, prompt_file, encoding=encoding, errors=errors)
    stdin = stdin_bytes()
    if given is not None or stdin is None or not _is_pipe_or_file(stdin):
        return given or ""
    return read_sources(["-"], encoding=encoding, errors=errors, allow_empty=True).text


def _is_pipe_or_file(stream: BinaryIO) -> bool:
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):  # closed, or without a file descriptor
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
