from __future__ import annotations

import math

import numpy as np
import pytest

import charlm
from charlm.config import SampleConfig
from charlm.conversation.conversation import Conversation
from charlm.errors import DivergedError


def talk(symbols: str, **vocabulary: object) -> Conversation:
    known = charlm.Vocabulary.from_text(symbols, **vocabulary)
    return Conversation(
        charlm.CharModel(charlm.ModelConfig(hidden_size=8), known, seed=1), SampleConfig(length=9), seed=7
    )


def turn(conversation: Conversation, typed: str) -> None:
    conversation.append(typed)
    "".join(conversation.generate())


def surprised(conversation: Conversation, most: int = 1000) -> tuple[list[str], list[float]]:
    found = conversation.surprisal(most)
    return list(found.pieces), found.bits.tolist()


@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
def test_it_is_what_score_gives(unit: str) -> None:
    one = talk("abcé日\n" * (unit != "byte") or "abc\n", unit=unit)
    turn(one, "ab"), turn(one, ""), turn(one, "ca")
    expected = charlm.score(one.model, one.text)
    pieces, bits = surprised(one)
    assert tuple(pieces) == expected.pieces
    assert math.isnan(bits[0])
    assert bits == pytest.approx(expected.bits.tolist(), rel=1e-4, nan_ok=True)
    few, last_bits = surprised(one, 5)
    assert (few, last_bits) == (pieces[-5:], bits[-5:])


def test_a_text_that_the_model_begins_is_predicted_from_its_line_feed() -> None:
    one = talk("abc\n")
    turn(one, "")
    expected = charlm.score(one.model, "\n" + one.text).bits[1:]
    assert surprised(one)[1] == pytest.approx(expected.tolist(), rel=1e-4)


def test_documents_start_from_their_stop_symbol() -> None:
    one = talk("abc", stop=True)
    turn(one, "a")
    expected = charlm.score(one.model, one.text.split("\n")[0]).bits
    assert surprised(one)[1][: len(expected)] == pytest.approx(expected.tolist(), rel=1e-4)


def test_nothing_yet_and_nothing_finite() -> None:
    one = talk("abc\n")
    assert surprised(one) == ([], [])
    one.append("ab")
    one.model.params.value[:] = np.nan
    with pytest.raises(DivergedError):
        surprised(one)
