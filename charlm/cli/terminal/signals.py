"""Signals as stop requests: Ctrl-C, termination and a closed terminal let the run finish its step and save.

A second Ctrl-C or termination ends the run at once. A closed terminal never does, and is not counted: the system
and the shell may both report it, beside a termination when a machine shuts down, and nobody waits for the end. If
it is ignored from the start (``nohup``), it stays ignored.

Python runs a signal handler between two of its own instructions, and a single product of large matrices may take
seconds. So a thread listens too, woken through a socket that receives a byte as soon as a signal arrives: it shows
the message, and ends the program if the second signal has not done so shortly after.

On Windows, Ctrl-Break counts as Ctrl-C does. There, closing a console window ends the program with no time to save;
the last save remains.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from types import FrameType, TracebackType

from charlm.errors import signal_exit_code

__all__ = ["StopRequest"]

GRACE_S = 0.5
HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)  # where terminals can be closed


class StopRequest:
    """Signals that would end the program become requests while this is entered.

    Parameters
    ----------
    tell : callable
        Called at the first signal, in a separate thread, while the current step continues.
    give_up : callable
        Called with the exit code if the `KeyboardInterrupt` of the second signal did not end the program; it ends
        the process.

    Attributes
    ----------
    patient : bool
        Whether there is something to save. While false, the first signal counts as the second: it ends the run.
    exit_code : int
        Of the latest signal; of a closed terminal only without another signal; 0 before the first.
    """

    SIGNALS: tuple[signal.Signals, ...] = tuple(
        getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP") if hasattr(signal, name)
    )

    def __init__(
        self, tell: Callable[[], None] = lambda: None, give_up: Callable[[int], None] = lambda _code: None
    ) -> None:
        self.exit_code = 0
        self.patient = True
        self._tell, self._give_up = tell, give_up
        self._asked = self._told = False
        self._seen = 0  # by the thread; the handler may see several equal signals as one
        self._left = threading.Event()
        self._before: Mapping[signal.Signals, object] = {}

    def __enter__(self) -> StopRequest:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        before = {number: signal.getsignal(number) for number in self.SIGNALS}
        self._before = {n: handler for n, handler in before.items() if (n, handler) != (HANGUP, signal.SIG_IGN)}
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        for number in self._before:
            signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._wakeup_before)
        self._left.set()
        self._writer.close()  # ends the thread
        self._thread.join()
        self._reader.close()

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if number == HANGUP:
            self.exit_code = self.exit_code or signal_exit_code(number)
            return
        again = self._asked or self._seen > 1 or not self.patient
        self._asked, self.exit_code = True, signal_exit_code(number)
        if again:
            raise KeyboardInterrupt

    def _listen(self) -> None:
        while numbers := self._reader.recv(64):
            for number in numbers:
                if number in self._before:
                    self._hear(number)

    def _hear(self, number: int) -> None:
        self._seen += number != HANGUP
        if self._seen > 1 or (self._seen and not self.patient):
            if not self._left.wait(GRACE_S):
                self._give_up(signal_exit_code(number))
        elif not self._told:
            self._told = True
            with contextlib.suppress(OSError):  # the terminal may be closed
                self._tell()
