"""`Position`: a position in a text, as a value. `read_prompt` returns the one after a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charlm.config import SampleConfig
from charlm.generation.repeat_window import bytes_of, window
from charlm.models.learner import State
from charlm.models.network import Stepper
from charlm.models.predictor import Predictor, check_predictor
from charlm.nn.arrays import FloatArray
from charlm.nn.stack import map_state
from charlm.text.vocabulary import Vocabulary

__all__ = ["Position", "first_input", "read_prompt", "start_position"]


class Position(NamedTuple):
    """A position in a text: its last symbol, the state before the model reads it, and the recent symbols.

    Parameters
    ----------
    state : State
        Of one stream, each array (H,).
    last : int or None
        None at the start of a text without a start symbol.
    recent : bytes
        The window of the repeat penalty; see `charlm.generation.repeat_window`.
    """

    state: State
    last: int | None
    recent: bytes = b""

    def after(self, ids: Sequence[int], step: Stepper, repeat_last_n: int) -> Position:
        """Return the position after more symbols, which a stepper of one stream reads."""
        state, last = self.state, self.last
        for symbol in ids:
            if last is not None:
                _, state = step(last, state)
            last = symbol
        return Position(state, last, (self.recent + bytes_of(ids))[window(repeat_last_n)])

    def outputs(self, vocabulary: Vocabulary, step: Stepper, rows: int) -> tuple[FloatArray | None, State]:
        """Return the model's output at this position, the same for N rows: logits (N, V) and the state after it.

        The logits are None where there is nothing to read: then all symbols are equally likely.
        """
        state = map_state(lambda a: np.tile(a, (rows, 1)), self.state)
        last = first_input(vocabulary) if self.last is None else self.last
        return (None, state) if last is None else step(np.full(rows, last, np.intp), state)


def start_position(model: Predictor) -> Position:
    """Return the start position of every text: zero state, and before a document its stop symbol."""
    return Position(map_state(np.ravel, model.zero_state(1)), model.vocabulary.stop_id)


def read_prompt(model: Predictor, prompt: str, config: SampleConfig) -> Position:
    """Return the position after a prompt, at which the continuation begins.

    Raises
    ------
    UsageError
        If the model is no language model.
    VocabularyError
        For a symbol outside the vocabulary, unless ``config.on_unknown`` says otherwise.
    """
    check_predictor(model)
    ids = model.vocabulary.encode(prompt, on_unknown=config.on_unknown).tolist()
    return start_position(model).after(ids, model.stepper(), config.repeat_last_n)


def first_input(vocabulary: Vocabulary) -> int | None:
    """Return the line feed that a text without prompt and start symbol is continued from; None without one."""
    if vocabulary.unit == "byte":
        return int(vocabulary.encode("\n")[0]) if 10 in vocabulary else None
    ending = next((ending for ending in ("\n", "\r\n") if ending in vocabulary), None)  # both may be graphemes
    return None if ending is None else int(vocabulary.encode(ending)[0])
