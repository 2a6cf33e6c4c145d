"""The console's loop: a line comes in, a command is carried out or the model goes on."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import closing
from types import FrameType, TracebackType

from rich.console import RenderableType

from charlm.cli.conversation import Conversation
from charlm.cli.lines import LineSource
from charlm.cli.slash import Slash
from charlm.cli.transcript import Transcript
from charlm.errors import CharlmError
from charlm.ui import console_view as view

__all__ = ["Session", "StopKey"]


class StopKey:
    """Turns Ctrl-C into a question that is asked between two characters, so that nothing is left half done.

    The second Ctrl-C within interrupts at once.
    """

    def __init__(self) -> None:
        self.pressed = False

    def __enter__(self) -> StopKey:
        """Take Ctrl-C over."""
        self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give Ctrl-C back."""
        signal.signal(signal.SIGINT, self._before)

    def _press(self, _number: int, _frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


class Session:
    """One session at the console.

    Parameters
    ----------
    conversation : Conversation
    slash : Slash
        Commands on the same conversation.
    lines : LineSource
    transcript : Transcript
    tell : callable
        Shows what is not text: standard error.
    patient : bool
        Whether a person is there, who reads an error and tries again, and stops the model with Ctrl-C. Without
        one the first error ends the session.
    """

    def __init__(
        self,
        conversation: Conversation,
        slash: Slash,
        *,
        lines: LineSource,
        transcript: Transcript,
        tell: Callable[[RenderableType], None],
        patient: bool,
    ) -> None:
        self._conversation = conversation
        self._slash = slash
        self._lines = lines
        self._transcript = transcript
        self._tell = tell
        self._patient = patient

    def run(self, prompt: str = "") -> None:
        """Go on with the prompt, if there is one, and then line by line to the end.

        Raises
        ------
        CharlmError
            The first one, unless the session is patient.
        """
        if prompt:
            self._conversation.say(prompt)
            self._transcript.typed(prompt)
            self._answer()
        while self._round():
            pass
        self._transcript.pause()

    def _round(self) -> bool:
        """Take one line; return whether to go on."""
        try:
            line = self._lines.read()
            return line is not None and self._handle(line)
        except CharlmError as problem:
            if not self._patient:
                raise
            self._transcript.pause()
            self._tell(view.error(str(problem)))
        except KeyboardInterrupt:
            if not self._patient:
                raise
            self._transcript.pause()
        return True

    def _handle(self, line: str) -> bool:
        if line.startswith("/") and not line.startswith("//"):
            follow = self._slash.run(line)
            if follow == "answer":
                self._transcript.typed(self._conversation.turns[-1].typed)
                self._answer()
            return follow != "leave"
        text = line.removeprefix("/")
        self._conversation.say(text)
        self._transcript.entered(line, text)
        self._answer()
        return True

    def _answer(self) -> None:
        if not self._patient:
            self._write_answer(StopKey())
            return
        with StopKey() as stop:
            self._write_answer(stop)

    def _write_answer(self, stop: StopKey) -> None:
        with closing(self._conversation.answer()) as pieces:
            for piece in pieces:
                self._transcript.generated(piece)
                if stop.pressed:
                    break
        self._transcript.pause()
