"""Conversion of all errors of reading a checkpoint to `CheckpointError`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from charlm.checkpoint.archive import DamagedError
from charlm.errors import CheckpointError

__all__ = ["as_checkpoint_error"]


@contextlib.contextmanager
def as_checkpoint_error(path: Path) -> Iterator[None]:
    """Convert errors of reading a checkpoint to a `CheckpointError` of one line."""
    where = repr(str(path))
    try:
        yield
    except DamagedError as error:
        raise CheckpointError(f"checkpoint {where} cannot be used: {error}; {error.remedy}") from error
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no checkpoint {where}; check the name, or train one first") from error
    except OSError as error:
        raise CheckpointError(
            f"checkpoint {where} cannot be read: {error.strerror or error}; check the file and its permissions"
        ) from error
    except MemoryError as error:
        raise CheckpointError(
            f"checkpoint {where} does not fit into memory; free some, or use a smaller model"
        ) from error
