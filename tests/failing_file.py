"""A file that fails, for tests of what is left then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class FailingFile:
    """A file of which a write may fail after half of its bytes."""

    def __init__(self, file: Any, fail: Callable[[], None]) -> None:
        self._file, self._fail = file, fail

    def write(self, data: Any) -> int:
        try:
            self._fail()
        except OSError:
            self._file.write(bytes(data)[: len(data) // 2])
            raise
        return int(self._file.write(data))

    def __enter__(self) -> FailingFile:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
