"""Step mode: character by character, what may come next is shown, and the person picks, types or lets go."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Literal

from rich.console import RenderableType

from charlm.cli.console.single_keys import Keys
from charlm.cli.console.transcript import Transcript
from charlm.cli.console.typed_input import Entry
from charlm.conversation.conversation import Conversation
from charlm.conversation.turns import runs, turns_up_to
from charlm.errors import CharlmError, UsageError
from charlm.ui.console import view
from charlm.ui.console.probability_bars import Chance, chances

__all__ = ["Stepping"]

_ROWS = 8
_LONGEST_ROW = 400  # characters from which a row of the terminal is cut
HINT = 'a number picks, text is typed ("""8""" is an 8), an empty line lets the model draw; /step ends this'
_KEYS = "1-{} pick · others type · Enter draws · ⌫ undoes · / command · Esc ends"
_ROWS_BESIDE = 4  # of the screen: the text, all others, the prompt and one that stays empty
_PROMPT = "step> "


class Stepping:
    """Goes on by single characters; each is a turn, which can be undone.

    On a terminal that can be painted on, each step takes the place of the one before, and what was written is put
    into the text at the end. Elsewhere it is written as it comes.

    Parameters
    ----------
    conversation : Conversation
    transcript : Transcript
    tell : callable
        Shows what is not text, where nothing can be painted.
    by_keys : bool
        Whether single keys are pressed, for which the terminal has to be painted on; else lines are entered.
    """

    prompt = _PROMPT

    def __init__(
        self,
        conversation: Conversation,
        transcript: Transcript,
        tell: Callable[[RenderableType], None],
        *,
        by_keys: bool = False,
    ) -> None:
        self._talk = conversation
        self._transcript = transcript
        self._tell = tell
        self._from = conversation.characters
        self._rows: list[Chance] = []
        self.by_keys = by_keys and transcript.paints
        self._remark: RenderableType | None = None
        if not self.by_keys:
            tell(view.note(HINT))

    def announce(self, prompt: str = "") -> None:
        """Show the end of the text, and what may come next."""
        most, screen = _ROWS, self._transcript.screen
        remark = self._remark or view.note(_KEYS.format(most))
        if self.by_keys and screen is not None:
            most = min(most, max(1, screen.height - _ROWS_BESIDE - len(screen.render_lines(remark))))
        self._rows = chances(self._talk.model.vocabulary, self._talk.probabilities(), most)
        below = self._remark or view.note(_KEYS.format(len(self._rows)))
        self._remark = None
        text = runs(self._talk.last, max(0, self._talk.characters - _LONGEST_ROW))
        panel = view.step_panel(text, self._rows, below if self.by_keys else None)
        if self._transcript.paints:
            self._transcript.above(panel, prompt)
        else:
            self._tell(panel)

    def press(self, keys: Keys) -> Literal["more", "line", "leave"]:
        """Take a step by a key; return whether another one is to follow, a line, or nothing."""
        key = keys.read()
        as_it_is = key == "literal"
        if as_it_is:
            key = keys.read()
            key = "\n" if key == "enter" else key
        self._transcript.taken("")
        if key == "escape":
            return "leave"
        if key == "/" and not as_it_is:
            self.announce()
            return "line"
        try:
            self._act(key, typed=len(key) == 1 and (as_it_is or not (key.isascii() and key.isdecimal())))
        except CharlmError as problem:
            self._remark = view.error(str(problem))
        return "more"

    def _act(self, key: str, *, typed: bool) -> None:
        if typed:
            self._talk.say(key)
        elif key == "enter":
            self._talk.say("")
            self.answer()
        elif key == "backspace":
            if self._talk.characters == self._from:
                raise UsageError("there is no step to take back; Esc ends the steps, then /undo goes further back")
            self._talk.undo()
        elif key.isdecimal():
            self._pick(key)

    def take(self, entry: Entry) -> bool:
        """Take a step, and return that there will be another.

        Raises
        ------
        UsageError
            For a number that no row has.
        VocabularyError
            For text that the model does not know.
        """
        if entry.kind == "line" and entry.text.isdecimal():
            self._pick(entry.text)
        else:
            self._talk.say(entry.text)
        self._transcript.taken(entry.shown)
        if not entry.text:
            self.answer()
        elif self._talk.last is not None and not self._transcript.paints:
            self._transcript.written([self._talk.last])
        return True

    def answer(self) -> None:
        """Let the model draw one character."""
        with closing(self._talk.answer_one()) as pieces:
            text = "".join(pieces)
        if not self._transcript.paints:
            self._transcript.generated(text, self._talk.newest_bits(text))
            self._transcript.pause()

    def leave(self) -> None:
        """Put what was written in step mode into the text that is seen."""
        if self._transcript.paints:
            turns = turns_up_to(self._talk.last)
            self._transcript.written(turn for turn in turns if turn.begins >= self._from)

    def _pick(self, number: str) -> None:
        k = int(number[:9])
        if not 1 <= k <= len(self._rows):
            raise UsageError(
                f'there is no row {number[:40]}; pick 1 to {len(self._rows)}, or type """{number[:40]}"""'
            )
        self._talk.pick(self._rows[k - 1].symbol)
