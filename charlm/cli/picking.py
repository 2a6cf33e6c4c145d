"""Several answers to one turn, written side by side; the person picks the one to go on with."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing

from rich.console import RenderableType

from charlm.cli.answers import Answer, bits_of
from charlm.cli.conversation import Conversation
from charlm.cli.entries import Entry
from charlm.cli.stop_key import StopKey
from charlm.cli.transcript import Transcript
from charlm.errors import UsageError
from charlm.generation import Sampler
from charlm.ui.columns import Columns

__all__ = ["Picking"]

_FRAMES_PER_SECOND = 12
_ROWS_BESIDE = 4  # of the screen: a number above each text, and the prompt


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
            return Columns(texts, heat, tails=max(1, rows // len(pieces)))

        stack.enter_context(
            Live(console=screen, get_renderable=ends, transient=True, refresh_per_second=_FRAMES_PER_SECOND)
        )

    def announce(self) -> None:
        """Show the answers."""
        texts = [answer.text for answer in self._answers]
        if self._transcript.paints:
            heat = [answer.bits if self._talk.measures else [] for answer in self._answers]
            self._transcript.above(Columns(texts, heat))
        elif not self._shown:
            self._tell(Columns(texts, stacked=True))
        self._shown = True

    def take(self, entry: Entry) -> bool:
        """Go on with the answer that is picked, an empty line taking the first; return that it is over.

        Raises
        ------
        UsageError
            If the line is not the number of an answer.
        """
        text = entry.text.strip() or "1"
        k = int(text[:9]) if text.isdecimal() else 0
        if not 1 <= k <= len(self._answers):
            raise UsageError(f"{text[:40]!r} is none of the answers; pick 1 to {len(self._answers)}, or /retry")
        self._transcript.taken(entry.shown)
        self._adopt(k - 1)
        return False

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
