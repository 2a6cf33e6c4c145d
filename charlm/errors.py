"""The errors of charlm, and every exit code of the command line.

::

    CharlmError                1
    ├── UsageError             2    flags that contradict each other, a folder that exists, a missing extra
    ├── CorpusError            3    a text that cannot be read, decoded or trained on
    ├── VocabularyError        3    a symbol outside a model's vocabulary
    ├── CheckpointError        4    a checkpoint that is missing or damaged
    ├── DiskError              5    disk full, or not writable
    ├── DivergedError          6    a loss or gradient that is no longer finite
    ├── RunLockedError         7    a run folder in use by another process
    ├── ConstraintError        8    no text satisfies the constraint
    └── PeerLostError         70    a rank of a distributed run that has failed

A message is one line: what is wrong, and what to do about it. Any other exception has the code of `CharlmError`.
A signal has 128 plus its number: 130 interrupted, 143 terminated, 129 the terminal was closed.
"""

from __future__ import annotations

import signal
from typing import ClassVar

__all__ = [
    "INTERRUPTED",
    "CharlmError",
    "CheckpointError",
    "ConstraintError",
    "CorpusError",
    "DiskError",
    "DivergedError",
    "PeerLostError",
    "RunLockedError",
    "UsageError",
    "VocabularyError",
    "signal_exit_code",
]


def signal_exit_code(number: int) -> int:
    """Return the exit code after a signal, as shells have it."""
    return 128 + number


INTERRUPTED = signal_exit_code(signal.SIGINT)
"""The exit code after Ctrl-C."""


class CharlmError(Exception):
    """Base class of the errors of charlm."""

    exit_code: ClassVar[int] = 1


class UsageError(CharlmError, ValueError):
    """Settings that contradict each other, are out of range, or need something that is missing."""

    exit_code = 2


class CorpusError(CharlmError):
    """A text that cannot be read, decoded or trained on."""

    exit_code = 3


class VocabularyError(CharlmError):
    """A symbol that a vocabulary does not have."""

    exit_code = 3


class CheckpointError(CharlmError):
    """A checkpoint that is missing, damaged or made by a newer version."""

    exit_code = 4


class DiskError(CharlmError):
    """The disk is full, or a file or folder is not writable."""

    exit_code = 5


class DivergedError(CharlmError):
    """Training diverged: a loss or a gradient is no longer finite."""

    exit_code = 6

    @classmethod
    def of_output(cls) -> DivergedError:
        """Return the error of a model whose output is NaN or infinite."""
        return cls(
            "the model's output is not finite: its training diverged; use an earlier checkpoint or train again"
        )


class RunLockedError(CharlmError):
    """Another process is writing to the run folder."""

    exit_code = 7


class ConstraintError(CharlmError):
    """No text satisfies the constraint."""

    exit_code = 8


class PeerLostError(CharlmError):
    """A rank of a distributed run has failed: its process was killed, or its machine or network failed."""

    exit_code = 70
