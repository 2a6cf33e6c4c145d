"""Ctrl-C at the console: it stops the text, not the program."""

from __future__ import annotations

import contextlib
import signal
from types import FrameType, TracebackType

__all__ = ["StopKey"]


class StopKey:
    """Turns Ctrl-C into a question that is asked between two characters, so that nothing is left half done.

    The second Ctrl-C within interrupts at once.

    Parameters
    ----------
    listens : bool
        Whether to take Ctrl-C over; without a person there it ends the program as ever.

    Attributes
    ----------
    pressed : bool
    """

    def __init__(self, *, listens: bool = True) -> None:
        self.pressed = False
        self._listens = listens

    def __enter__(self) -> StopKey:
        """Take Ctrl-C over."""
        self._held = contextlib.ExitStack()
        if self._listens:
            self._held.callback(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, self._press))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give Ctrl-C back."""
        self._held.close()

    def _press(self, _number: int, _frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
