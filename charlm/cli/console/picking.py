"""Several answers to one turn, written side by side; the person picks the one to go on with."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing

from rich.console import Group, RenderableType

from charlm.cli.console.stop_key import StopKey
from charlm.cli.console.transcript import Transcript
from charlm.cli.console.typed_input import Entry
from charlm.conversation.candidates import Answer, bits_of
from charlm.conversation.conversation import Conversation
from charlm.errors import UsageError
from charlm.generation import Sampler
from charlm.ui.console import view
from charlm.ui.console.columns import Columns

__all__ = ["Picking"]

_FRAMES_PER_SECOND = 12
_ROWS_BESIDE = 2  # of the screen: the prompt, and one that stays empty


class Picking:
    """Answers to choose from.

    Each has a random stream of its own, which follows from the conversation's: the same seed, the same answers.

    Parameters
    ----------
    conversation : Conversation
        Its last turn waits for an answer.
    count : int
    transcript : Transcript
    tell : callable
        Shows what is not text, where nothing can be painted.
    found : sequence of Answer, optional
        What there is to pick from; without it, the model is to `write` the answers.
    """

    def __init__(
        self,
        conversation: Conversation,
        count: int,
        transcript: Transcript,
        tell: Callable[[RenderableType], None],
        found: Sequence[Answer] = (),
    ) -> None:
        self.prompt = f"1-{count}> "
        self._talk = conversation
        self._transcript = transcript
        self._tell = tell
        self._turn = conversation.last
        self._samplers = [] if found else conversation.alternatives(count)
        self._answers = list(found)
        self._shown = False
        self._how = view.note(
            f"1 to {count} picks an answer, Enter takes 1; 2? shows all of the second; /retry writes others"
        )
        self._remark: RenderableType | None = None
        self._whole = 0  # the number of the answer that is shown alone

    @property
    def holds(self) -> bool:
        """Whether the turn that waits for an answer is still the last."""
        return self._talk.last is self._turn

    def write(self, stop: StopKey) -> None:
        """Let all answers grow, until they have ended or the key is pressed; what is there then can be picked."""
        pieces: list[list[str]] = [[] for _ in self._samplers]
        try:
            with ExitStack() as stack:
                self._show_growing(stack, pieces)
                streams = [stack.enter_context(closing(_stream(sampler))) for sampler in self._samplers]
                growing = list(zip(streams, pieces, strict=True))
                while growing and not stop.pressed:
                    growing = [(stream, text) for stream, text in growing if _grow(stream, text)]
        finally:
            texts = ["".join(text) for text in pieces]
            self._answers = [
                Answer(text, sampler.position, bits_of(sampler, 0, len(text)) if sampler.records else [])
                for text, sampler in zip(texts, self._samplers, strict=True)
            ]

    def _show_growing(self, stack: ExitStack, pieces: list[list[str]]) -> None:
        screen = self._transcript.screen
        if screen is None or not self._transcript.paints:
            return
        from rich.live import Live

        self._transcript.pause()  # it paints whole rows
        rows = max(1, screen.height - _ROWS_BESIDE)

        def ends() -> Columns:
            room = rows * screen.width
            texts = ["".join(text[-room:]) for text in pieces]
            written = [sum(map(len, text)) for text in pieces] if self._talk.measures else [0] * len(pieces)
            heat = [
                bits_of(sampler, end - len(text), end) if sampler.records else []
                for sampler, text, end in zip(self._samplers, texts, written, strict=True)
            ]
            return Columns(texts, heat, height=rows, growing=True)

        stack.enter_context(
            Live(console=screen, get_renderable=ends, transient=True, refresh_per_second=_FRAMES_PER_SECOND)
        )

    def announce(self) -> None:
        """Show the answers, and how to pick one."""
        texts = [answer.text for answer in self._answers]
        screen = self._transcript.screen
        if self._transcript.paints and self._whole:
            k = self._whole
            how = view.note(f"Enter picks {k}; ? shows all again")
            self._transcript.above(Group(Columns([texts[k - 1]], stacked=True, first=k), how))
        elif self._transcript.paints and screen is not None:
            heat = [answer.bits if self._talk.measures else [] for answer in self._answers]
            below = [self._how] if self._remark is None else [self._remark, self._how]
            self._remark = None
            beside = sum(len(screen.render_lines(row)) for row in below) + _ROWS_BESIDE
            self._transcript.above(Group(Columns(texts, heat, height=max(1, screen.height - beside)), *below))
        elif not self._shown:
            self._tell(Columns(texts, stacked=True))
            self._tell(self._how)
        self._shown = True

    def take(self, entry: Entry) -> bool:
        """Go on with the answer that is picked, an empty line taking the first; return whether to ask again.

        Raises
        ------
        UsageError
            If the line is not the number of an answer, and the mistake cannot be shown beside the answers.
        """
        text = entry.text.strip() or str(self._whole or 1)
        if text == "?" or (text[-1] == "?" and self._number(text[:-1])):
            self._transcript.taken(entry.shown)
            self._whole = self._number(text[:-1])
            self._shown = False
            return True
        k = self._number(text)
        if not k:
            problem = f"{text[:40]!r} is none of the answers; pick 1 to {len(self._answers)}, or /retry"
            if not self._transcript.paints:
                raise UsageError(problem)
            self._remark, self._whole = view.error(problem), 0
        self._transcript.taken(entry.shown)
        if k:
            self._adopt(k - 1)
        return not k

    def _number(self, text: str) -> int:
        """Return which answer is meant; 0 for none."""
        k = int(text[:9]) if text.isdecimal() else 0
        return k if k <= len(self._answers) else 0

    def leave(self) -> None:
        """At the end of the input, go on with the first."""
        self._adopt(0)

    def _adopt(self, k: int) -> None:
        answer = self._answers[k]
        self._talk.adopt(answer)
        self._transcript.generated(answer.text, self._talk.newest_bits(answer.text))
        self._transcript.pause()


def _stream(sampler: Sampler) -> Generator[str, None, None]:
    return sampler.stream()


def _grow(stream: Generator[str, None, None], text: list[str]) -> bool:
    """Let a text grow by a piece; return whether there was one."""
    piece = next(stream, None)
    if piece is not None:
        text.append(piece)
    return piece is not None
