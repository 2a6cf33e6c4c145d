"""Step mode: the next-character distribution, from which a person picks, or types, or lets the model sample."""

from __future__ import annotations

from contextlib import closing
from typing import Literal

from rich.console import RenderableType

from charlm.cli.console.keys import read_key
from charlm.cli.console.transcript import Transcript
from charlm.cli.console.typed_input import TypedInput
from charlm.conversation import Conversation, spans
from charlm.errors import CharlmError, UsageError
from charlm.ui.console import view
from charlm.ui.console.probability_bars import SymbolProbability, likeliest

__all__ = ["StepMode"]

_ROWS = 8
_LONGEST_ROW = 400  # characters to cut a row of the terminal from
HINT = 'a number picks, text is typed ("""8""" is an 8), an empty line lets the model sample; /step ends this'
_KEYS = "1-{} pick · others type · Enter samples · ⌫ undoes · / command · Esc ends"
_ROWS_BESIDE = 4  # of the screen: the text, all others, the prompt, and an empty one


class StepMode:
    """The mode that extends the text by single characters; each is a turn, which can be undone.

    On a capable terminal, single keys are read, each step replaces the one before, and the text is written at the
    end. Otherwise lines are read, and the text is written as it grows.

    Parameters
    ----------
    conversation : Conversation
    transcript : Transcript
    """

    prompt = "step> "

    def __init__(self, conversation: Conversation, transcript: Transcript) -> None:
        self._conversation = conversation
        self._transcript = transcript
        self._begin = conversation.characters
        self._rows: list[SymbolProbability] = []
        self._remark: RenderableType | None = None
        if not transcript.paints:
            transcript.show(view.note(HINT))

    def announce(self) -> None:
        """Show the end of the text, and the likeliest next characters."""
        most, screen, talk = _ROWS, self._transcript.screen, self._conversation
        if self._transcript.paints:
            remark = self._remark or view.note(_KEYS.format(most))
            most = min(most, max(1, screen.height - _ROWS_BESIDE - len(screen.render_lines(remark))))
        self._rows = likeliest(talk.model.vocabulary, talk.probabilities(), most)
        remark = self._remark or view.note(_KEYS.format(len(self._rows)))
        self._remark = None
        text = spans(talk.last, max(0, talk.characters - _LONGEST_ROW))
        if self._transcript.paints:
            self._transcript.show_above_prompt(view.step_panel(text, self._rows, remark))
        else:
            self._transcript.show(view.step_panel(text, self._rows))

    def press(self) -> Literal["more", "line", "leave"]:
        """Take a step by a key; return whether another key follows, a line, or the end of the mode."""
        self.announce()
        self._transcript.show_prompt(self.prompt)
        key = read_key()
        literal = key == "literal"
        if literal:
            key = read_key()
            key = "\n" if key == "enter" else key
        self._transcript.erase_input("")
        if key == "escape":
            return "leave"
        if key == "/" and not literal:
            self.announce()
            return "line"
        try:
            self._act(key, typed=len(key) == 1 and (literal or not (key.isascii() and key.isdecimal())))
        except CharlmError as problem:
            self._remark = view.error(str(problem))
        return "more"

    def _act(self, key: str, *, typed: bool) -> None:
        if typed:
            self._conversation.append(key)
        elif key == "enter":
            self._conversation.append("")
            self.generate()
        elif key == "backspace":
            if self._conversation.characters == self._begin:
                raise UsageError("there is no step to take back; Esc ends the steps, then /undo goes further back")
            self._conversation.undo()
        elif key.isdecimal():
            self._pick(key)

    def take(self, entered: TypedInput) -> bool:
        """Take a step by a line, and return that the mode continues.

        Raises
        ------
        UsageError
            For a number that no row has.
        VocabularyError
            For a text that the model does not know.
        """
        if entered.kind == "line" and entered.text.isdecimal():
            self._pick(entered.text)
        else:
            self._conversation.append(entered.text)
        self._transcript.erase_input(entered.shown)
        if not entered.text:
            self.generate()
        elif not self._transcript.paints:
            self._transcript.write_turns(self._conversation.turns[-1:])
        return True

    def generate(self) -> None:
        """Let the model sample one character."""
        with closing(self._conversation.generate_character()) as pieces:
            text = "".join(pieces)
        if not self._transcript.paints:
            self._transcript.write_generated(text, self._conversation.latest_bits(text))
            self._transcript.end_row()

    def leave(self) -> None:
        """Write the text of the steps if each replaced the one before."""
        if self._transcript.paints:
            turns = self._conversation.turns
            self._transcript.write_turns(turn for turn in turns if turn.offset >= self._begin)

    def _pick(self, number: str) -> None:
        k = int(number[:9])
        if not 1 <= k <= len(self._rows):
            raise UsageError(
                f'there is no row {number[:40]}; pick 1 to {len(self._rows)}, or type """{number[:40]}"""'
            )
        self._conversation.append_symbol(self._rows[k - 1].symbol)
