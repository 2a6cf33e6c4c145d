"""One error for every way in which reading a checkpoint fails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from charlm.checkpoint.archive import DamagedError
from charlm.errors import CheckpointError

__all__ = ["explained"]


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong while a checkpoint is read into one `CheckpointError` of one line."""
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
