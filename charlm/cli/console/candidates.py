"""Candidates at the console: several continuations of a turn, sampled or searched for, one of which is picked."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.live import Live

from charlm.cli.console.keys import StopKey
from charlm.cli.console.transcript import Transcript
from charlm.cli.console.typed_input import TypedInput
from charlm.conversation import Candidate, Conversation, SampledCandidates
from charlm.errors import UsageError
from charlm.ui.console import view
from charlm.ui.console.columns import Columns

__all__ = ["CandidateMode", "adopt_candidate", "sample_candidates", "search_candidates"]

_FRAMES_PER_SECOND = 12
_PROGRESS_EVERY_S = 0.1
_ROWS_BESIDE = 2  # of the screen: the prompt, and an empty one


def sample_candidates(
    conversation: Conversation, count: int, transcript: Transcript, stop: StopKey
) -> list[Candidate]:
    """Sample candidates in parallel until they end or the key is pressed, and show them as they grow."""
    growing = conversation.candidates(count)
    try:
        if not transcript.paints:
            _advance(growing, stop)
        else:
            transcript.end_row()  # the live display paints whole rows
            screen = transcript.screen
            rows = max(1, screen.height - _ROWS_BESIDE)

            def columns() -> Columns:
                texts, heat = zip(*growing.ends(rows * screen.width), strict=True)
                return Columns(texts, heat, height=rows, growing=True)

            with Live(
                console=screen, get_renderable=columns, transient=True, refresh_per_second=_FRAMES_PER_SECOND
            ):
                _advance(growing, stop)
    except KeyboardInterrupt:
        if not stop.pressed:
            raise
    return growing.finish()


def _advance(growing: SampledCandidates, stop: StopKey) -> None:
    while not stop.pressed and growing.advance():
        pass


def search_candidates(
    conversation: Conversation, *, width: int, count: int, transcript: Transcript, stop: StopKey
) -> list[Candidate]:
    """Search for the likeliest candidates, and show the progress; none if the key is pressed."""
    search = conversation.search(width, count)
    if transcript.on_terminal and not transcript.paints:
        transcript.show(view.note(f"searching for the likeliest text, {width} at once; it appears as a whole"))
    shown_s = time.monotonic()
    try:
        while search.advance():
            if stop.pressed:
                return []
            now_s = time.monotonic()
            if now_s - shown_s >= _PROGRESS_EVERY_S:
                length = conversation.config.length
                transcript.show_progress(
                    f"searching: {search.symbols:,} of {length:,}; the text appears as a whole"
                )
                shown_s = now_s
    finally:
        transcript.show_progress("")
    return search.finish()


def adopt_candidate(conversation: Conversation, candidate: Candidate, transcript: Transcript) -> None:
    """Make a candidate the continuation, and write it."""
    conversation.adopt(candidate)
    transcript.resume_row()
    transcript.write_generated(candidate.text, conversation.latest_bits(candidate.text))
    transcript.end_row()


class CandidateMode:
    """The mode in which input picks a candidate.

    Parameters
    ----------
    conversation : Conversation
    transcript : Transcript
    candidates : sequence of Candidate
        Continuations of its last turn.
    """

    def __init__(self, conversation: Conversation, transcript: Transcript, candidates: Sequence[Candidate]) -> None:
        self.prompt = f"1-{len(candidates)}> "
        self._conversation = conversation
        self._transcript = transcript
        self._candidates = candidates
        self._turn = conversation.last
        self._how = view.note(
            f"1 to {len(candidates)} picks a candidate, Enter takes 1; "
            "2? shows all of the second; /retry writes others"
        )
        self._remark: RenderableType | None = None
        self._listed = False
        self._alone = 0  # the number of the candidate that is shown alone

    @property
    def applies(self) -> bool:
        """Whether the turn of the candidates is still the last."""
        return self._conversation.last is self._turn

    def announce(self) -> None:
        """Show the candidates, and the keys to pick one."""
        texts = [candidate.text for candidate in self._candidates]
        if not self._transcript.paints:
            if not self._listed:
                self._transcript.show(Columns(texts, stacked=True))
                self._transcript.show(self._how)
        elif self._alone:
            how = view.note(f"Enter picks {self._alone}; ? shows all again")
            whole = Columns([texts[self._alone - 1]], stacked=True, first=self._alone)
            self._transcript.show_above_prompt(Group(whole, how))
        else:
            screen = self._transcript.screen
            records = self._conversation.records_surprisal
            heat = [candidate.bits if records else [] for candidate in self._candidates]
            below = [self._how] if self._remark is None else [self._remark, self._how]
            self._remark = None
            rows = screen.height - _ROWS_BESIDE - sum(len(screen.render_lines(row)) for row in below)
            self._transcript.show_above_prompt(Group(Columns(texts, heat, height=max(1, rows)), *below))
        self._listed = True

    def take(self, entered: TypedInput) -> bool:
        """Adopt the candidate that the input picks, an empty line the first; return whether the mode continues.

        Raises
        ------
        UsageError
            If the input is not the number of a candidate, and the error cannot be shown beside them.
        """
        text = entered.text.strip() or str(self._alone or 1)
        if text == "?" or (text[-1] == "?" and self._number(text[:-1])):
            self._transcript.erase_input(entered.shown)
            self._alone, self._listed = self._number(text[:-1]), False
            return True
        number = self._number(text)
        if not number:
            problem = f"{text[:40]!r} is none of the candidates; pick 1 to {len(self._candidates)}, or /retry"
            if not self._transcript.paints:
                raise UsageError(problem)
            self._remark, self._alone = view.error(problem), 0
        self._transcript.erase_input(entered.shown)
        if number:
            adopt_candidate(self._conversation, self._candidates[number - 1], self._transcript)
        return not number

    def _number(self, text: str) -> int:
        """Return the number of the typed candidate; 0 for none."""
        number = int(text[:9]) if text.isdecimal() else 0
        return number if number <= len(self._candidates) else 0

    def leave(self) -> None:
        """Adopt the first candidate, at the end of the input."""
        self._transcript.erase_input(self.prompt)
        adopt_candidate(self._conversation, self._candidates[0], self._transcript)
