"""The console's loop: an entry comes in, a command is carried out or the model goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing

from rich.console import RenderableType

from charlm.cli.console.line_reader import LineSource
from charlm.cli.console.picking import Picking
from charlm.cli.console.seeking import seek
from charlm.cli.console.single_keys import Keys
from charlm.cli.console.slash import Slash
from charlm.cli.console.stepping import Stepping
from charlm.cli.console.stop_key import StopKey
from charlm.cli.console.transcript import Transcript
from charlm.cli.console.typed_input import Entries, Entry
from charlm.cli.writing import frames
from charlm.conversation.conversation import Conversation
from charlm.errors import CharlmError
from charlm.ui.console import view
from charlm.ui.flags import as_flags

__all__ = ["Session"]

PROMPT = "> "


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
    hidden_keys : callable
        Makes what keeps the terminal from showing keys while something is done.
    keys : Keys, optional
        Single keys, where they can be told.
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
        hidden_keys: Callable[[], AbstractContextManager[object]],
        patient: bool,
        keys: Keys | None = None,
    ) -> None:
        self._conversation = conversation
        self._slash = slash
        self._entries = Entries(lines)
        self._transcript = transcript
        self._tell = tell
        self._hidden_keys = hidden_keys
        self._keys = keys
        self._patient = patient
        self._mode: Stepping | Picking | None = None  # what an entry means, where it is not just text

    def run(self, prompt: str = "") -> None:
        """Go on with the prompt, if there is one, and then entry by entry to the end.

        Raises
        ------
        CharlmError
            The first one, unless the session is patient.
        """
        if prompt:
            with self._hidden_keys():
                self._conversation.say(prompt)
                self._transcript.typed(prompt)
                self._answer()
        while self._round():
            pass
        self._transcript.pause()

    def _round(self) -> bool:
        """Take one entry; return whether to go on."""
        try:
            self._announce()
            entry = self._read()
            with self._hidden_keys():
                return self._end_of_input() if entry is None else self._handle(entry)
        except CharlmError as problem:
            if not self._patient:
                raise
            self._transcript.pause()
            self._tell(view.error(as_flags(str(problem), dashes="")))
        except KeyboardInterrupt:
            if not self._patient:
                raise
            self._transcript.pause()
        return True

    def _read(self) -> Entry | None:
        """Wait for the next entry, or for keys up to one."""
        mode = self._mode
        if self._keys is None or not (isinstance(mode, Stepping) and mode.by_keys):
            return self._entries.read(PROMPT if mode is None else mode.prompt)
        with self._hidden_keys():
            follow = "more"
            while follow == "more":
                mode.announce(mode.prompt)
                follow = mode.press(self._keys)
        return None if follow == "leave" else self._entries.read(mode.prompt, "/")

    def _announce(self) -> None:
        if isinstance(self._mode, Stepping) and self._mode.by_keys:
            return  # which is done before each key
        if self._mode is not None:
            self._mode.announce()
        elif self._transcript.paints:
            talk, desk = self._conversation, self._slash.desk
            row = view.status(
                talk.config,
                beam=desk.beam,
                count=desk.count,
                heat=talk.measures,
                characters=talk.characters,
            )
            self._transcript.above(row)

    def _end_of_input(self) -> bool:
        """Leave a mode, or without one the session."""
        if self._mode is None:
            return False
        mode, self._mode = self._mode, None
        mode.leave()
        return True

    def _handle(self, entry: Entry) -> bool:
        if entry.kind == "command":
            return self._carry_out(entry)
        if self._mode is not None:
            if not self._mode.take(entry):
                self._mode = None
            return True
        self._conversation.say(entry.text)
        self._transcript.entered(entry.shown, entry.text)
        self._answer()
        return True

    def _carry_out(self, entry: Entry) -> bool:
        self._transcript.ordered(entry.shown)
        follow = self._slash.run(entry.text)
        if isinstance(self._mode, Picking) and not self._mode.holds:
            self._mode = None
        if follow == "answer":
            if isinstance(self._mode, Stepping):
                self._mode.answer()
            else:
                self._answer_again()
        elif follow == "step":
            if isinstance(self._mode, Stepping):
                return self._end_of_input()
            self._mode = Stepping(self._conversation, self._transcript, self._tell, by_keys=self._keys is not None)
        elif follow == "leave":
            if isinstance(self._mode, Stepping):
                self._mode.leave()
            return False
        return True

    def _answer_again(self) -> None:
        if self._conversation.last is not None:
            self._transcript.typed(self._conversation.last.typed)
        self._answer()

    def _answer(self) -> None:
        with StopKey(listens=self._patient) as stop:
            if self._slash.desk.beam:
                self._search_answers(stop)
            elif self._slash.desk.count > 1:
                self._mode = Picking(self._conversation, self._slash.desk.count, self._transcript, self._tell)
                self._mode.write(stop)
            else:
                self._write_answer(stop)

    def _write_answer(self, stop: StopKey) -> None:
        talk = self._conversation
        with closing(talk.answer(frames)) as pieces:
            for piece in pieces:
                self._transcript.generated(piece, talk.newest_bits(piece))
                if stop.pressed:
                    break
        self._transcript.pause()

    def _search_answers(self, stop: StopKey) -> None:
        talk, desk = self._conversation, self._slash.desk
        found = seek(
            talk, width=desk.beam, count=desk.count, transcript=self._transcript, tell=self._tell, stop=stop
        )
        if len(found) > 1:
            self._mode = Picking(talk, len(found), self._transcript, self._tell, found=found)
            return
        if found:
            talk.adopt(found[0])
            self._transcript.generated(found[0].text, talk.newest_bits(found[0].text))
        self._transcript.pause()
        if not found:
            self._tell(view.note("the search was ended before there was a text; /retry begins it again"))
