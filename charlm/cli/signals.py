"""Ctrl-C and termination: the first asks the run to finish its step and save, the second ends it at once."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

__all__ = ["StopRequest"]


class StopRequest:
    """While entered, SIGINT and SIGTERM are requests.

    Attributes
    ----------
    exit_code : int
        128 plus the signal's number once one has come; 0 before.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.exit_code = 0
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> StopRequest:
        for number in self.SIGNALS:
            self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.exit_code:
            raise KeyboardInterrupt
        self.exit_code = 128 + number
