"""The loop of a session: read input, run a command or let the model continue."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing

from charlm.cli.console.candidates import CandidateMode, adopt_candidate, sample_candidates, search_candidates
from charlm.cli.console.keys import StopKey, stop_key
from charlm.cli.console.line_reader import LineReader
from charlm.cli.console.slash import Context, run_command
from charlm.cli.console.step_mode import StepMode
from charlm.cli.console.transcript import Transcript
from charlm.cli.console.typed_input import TypedInput, read_input
from charlm.cli.writing.text_writer import frames
from charlm.errors import CharlmError
from charlm.ui.console import view

__all__ = ["Session"]

PROMPT = "> "


class Session:
    """A session at the console.

    Parameters
    ----------
    context : Context
        The conversation, and the session's settings.
    lines : LineReader
    transcript : Transcript
    hidden_keys : callable
        Returns a context manager under which the terminal does not echo keys.
    interactive : bool
        Whether errors are shown and the session continues, and Ctrl-C stops the model. Otherwise the first error
        ends the session.
    """

    def __init__(
        self,
        context: Context,
        lines: LineReader,
        transcript: Transcript,
        *,
        hidden_keys: Callable[[], AbstractContextManager[object]],
        interactive: bool,
    ) -> None:
        self._context = context
        self._conversation = context.conversation
        self._lines = lines
        self._transcript = transcript
        self._hidden_keys = hidden_keys
        self._interactive = interactive
        self._mode: StepMode | CandidateMode | None = None  # the mode that takes the input, if any

    def run(self, prompt: str = "") -> None:
        """Continue the prompt, if any, then process input to its end.

        Raises
        ------
        CharlmError
            The first one, unless the session is interactive.
        """
        if prompt:
            with self._hidden_keys():
                self._conversation.append(prompt)
                self._transcript.write_typed(prompt)
                self._generate()
        while self._round():
            pass
        self._transcript.end_row()

    def _round(self) -> bool:
        """Process one input; return whether the session continues."""
        entered = None
        try:
            entered = self._read()
            with self._hidden_keys():
                return self._end_of_input() if entered is None else self._handle(entered)
        except CharlmError as problem:
            if not self._interactive:
                raise
            if entered is not None:
                self._transcript.keep_input(entered.shown)
            self._transcript.end_row()
            self._transcript.show(view.error(str(problem)))
        except KeyboardInterrupt:
            if not self._interactive:
                raise
            self._transcript.end_row()
        return True

    def _read(self) -> TypedInput | None:
        """Wait for the next input; in step mode on a terminal, process single keys first."""
        if self._mode is None:
            self._show_status()
            return read_input(self._lines, PROMPT)
        if isinstance(self._mode, StepMode) and self._transcript.paints:
            with self._hidden_keys():
                while (outcome := self._mode.press()) == "more":
                    pass
            return None if outcome == "leave" else read_input(self._lines, self._mode.prompt, "/")
        self._mode.announce()
        return read_input(self._lines, self._mode.prompt)

    def _show_status(self) -> None:
        context, talk = self._context, self._conversation
        shares = context.models.shares(talk.model)
        self._transcript.show_above_prompt(
            view.status(
                talk.config,
                beam=context.beam,
                count=context.count,
                heat=talk.records_surprisal,
                characters=talk.characters,
                mix={context.models.name(one): w for one, w in shares.items()} if len(shares) > 1 else {},
            )
        )

    def _end_of_input(self) -> bool:
        """Leave the mode, or without one the session."""
        mode, self._mode = self._mode, None
        if mode is not None:
            mode.leave()
        return mode is not None

    def _handle(self, entered: TypedInput) -> bool:
        if entered.kind == "command":
            return self._run_command(entered)
        if self._mode is not None:
            if not self._mode.take(entered):
                self._mode = None
        else:
            self._conversation.append(entered.text)
            self._transcript.replace_input(entered.shown, entered.text)
            self._generate()
        return True

    def _run_command(self, entered: TypedInput) -> bool:
        self._transcript.keep_input(entered.shown)
        outcome = run_command(entered.text, self._context)
        if isinstance(self._mode, CandidateMode) and not self._mode.applies:
            self._mode = None
        match outcome, self._mode:
            case "generate", StepMode() as mode:
                mode.generate()
            case "generate", _:
                self._transcript.write_typed(self._conversation.turns[-1].typed)
                self._generate()
            case "step", StepMode():
                self._end_of_input()
            case "step", _:
                self._mode = StepMode(self._conversation, self._transcript)
            case "leave", mode:
                if isinstance(mode, StepMode):
                    mode.leave()
                return False
        return True

    def _generate(self) -> None:
        """Let the model continue the text, with candidates or directly."""
        context, talk, transcript = self._context, self._conversation, self._transcript
        with stop_key(listens=self._interactive) as stop:
            if context.beam:
                found = search_candidates(
                    talk, width=context.beam, count=context.count, transcript=transcript, stop=stop
                )
            elif context.count > 1:
                found = sample_candidates(talk, context.count, transcript, stop)
            else:
                self._stream(stop)
                return
        if len(found) > 1:
            self._mode = CandidateMode(talk, transcript, found)
        elif found:
            adopt_candidate(talk, found[0], transcript)
        else:
            transcript.end_row()
            transcript.show(view.note("the search was ended before there was a text; /retry begins it again"))

    def _stream(self, stop: StopKey) -> None:
        """Write the continuation while it is sampled."""
        with closing(self._conversation.generate()) as pieces:
            for piece in frames(pieces):
                self._transcript.write_generated(piece, self._conversation.latest_bits(piece))
                if stop.pressed:
                    break
        self._transcript.end_row()
