"""Ctrl-C and termination: the first asks the run to finish its step and save, the second ends it at once.

Python runs a signal's handler between two of its own instructions, and a single product of large matrices may
take seconds. So a thread listens too, woken through a socket that gets a byte the moment a signal comes: it says
the word, and where the second signal has not ended the program shortly after, it does.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

__all__ = ["StopRequest"]

GRACE_S = 0.5


class StopRequest:
    """While entered, SIGINT and SIGTERM are requests.

    Parameters
    ----------
    tell : callable
        Called at the first signal, in a thread of its own, while the step in hand goes on.
    give_up : callable
        Called with the exit code where the second signal's `KeyboardInterrupt` was not enough: it ends the process.

    Attributes
    ----------
    exit_code : int
        128 plus the number of the latest signal; 0 before the first.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(
        self, tell: Callable[[], None] = lambda: None, give_up: Callable[[int], None] = lambda _code: None
    ) -> None:
        self.exit_code = 0
        self._tell, self._give_up = tell, give_up
        self._seen = 0  # by the thread; several of one kind may reach the handler as one
        self._left = threading.Event()
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> StopRequest:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        for number in self.SIGNALS:
            self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._wakeup_before)
        self._left.set()
        self._writer.close()  # which ends the thread
        self._thread.join()
        self._reader.close()

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        again = bool(self.exit_code) or self._seen > 1
        self.exit_code = 128 + number
        if again:
            raise KeyboardInterrupt

    def _listen(self) -> None:
        while numbers := self._reader.recv(64):
            for number in numbers:
                if number in self.SIGNALS:
                    self._hear(number)

    def _hear(self, number: int) -> None:
        self._seen += 1
        if self._seen == 1:
            with contextlib.suppress(OSError):  # there may be nobody left to tell
                self._tell()
        elif not self._left.wait(GRACE_S):
            self._give_up(128 + number)
