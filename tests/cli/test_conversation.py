from __future__ import annotations

from itertools import islice

import pytest

import charlm
from charlm.cli.conversation import Conversation
from charlm.config import SampleConfig
from charlm.errors import UsageError, VocabularyError


def small(symbols: str = "abcde\n", seed: int = 1) -> charlm.CharModel:
    return charlm.CharModel(charlm.ModelConfig(hidden_size=8), charlm.Vocabulary.from_text(symbols), seed=seed)


def talk(*, length: int = 12, seed: int = 7) -> Conversation:
    return Conversation(small(), SampleConfig(length=length), seed=seed)


def turn(conversation: Conversation, typed: str) -> str:
    conversation.say(typed)
    return "".join(conversation.answer())


def test_a_turn_is_what_generate_gives() -> None:
    expected = "".join(charlm.generate(small(), prompt="abc", length=12, seed=7))
    assert turn(talk(), "abc") == expected


def test_turns_add_up_to_one_generation() -> None:
    conversation = talk(length=10)
    assert turn(conversation, "ab") + turn(conversation, "") + turn(conversation, "") == "".join(
        charlm.generate(small(), prompt="ab", length=30, seed=7)
    )
    assert [t.typed for t in conversation.turns] == ["ab", "", ""]
    assert len(conversation.text) == 32


def test_a_closed_answer_keeps_what_was_seen_and_goes_on_there() -> None:
    conversation = talk(length=1000)
    conversation.say("ab")
    answer = conversation.answer()
    seen = "".join(islice(answer, 5))
    answer.close()
    assert conversation.text == "ab" + seen
    conversation.configure(SampleConfig(length=20))
    assert seen + turn(conversation, "") == "".join(charlm.generate(small(), prompt="ab", length=25, seed=7))


def test_undo_brings_text_state_and_random_stream_back() -> None:
    conversation = talk()
    turn(conversation, "ab")
    text = conversation.text
    second = turn(conversation, "c")
    conversation.undo()
    assert conversation.text == text
    assert turn(conversation, "c") == second
    conversation.undo()
    conversation.undo()
    assert conversation.text == ""
    with pytest.raises(UsageError):
        conversation.undo()


def test_retry_answers_anew_from_the_same_place() -> None:
    conversation = talk(length=30)
    first = turn(conversation, "ab")
    conversation.retry()
    assert conversation.text == "ab"
    second = "".join(conversation.answer())
    assert second != first
    assert conversation.text == "ab" + second
    conversation.configure(SampleConfig(length=30, temperature=0))
    conversation.retry()
    assert "".join(conversation.answer()) == "".join(
        charlm.generate(small(), prompt="ab", length=30, temperature=0, seed=0)
    )
    conversation.undo()
    assert turn(conversation, "ab") == "".join(
        charlm.generate(small(), prompt="ab", length=30, temperature=0, seed=0)
    )


def test_retry_after_undo_retries_the_turn_before() -> None:
    conversation = talk()
    turn(conversation, "ab")
    turn(conversation, "c")
    conversation.undo()
    assert conversation.retry().typed == "ab"
    assert len("".join(conversation.answer())) == 12


def test_nothing_to_retry() -> None:
    with pytest.raises(UsageError, match="type a line first"):
        talk().retry()


def test_an_unknown_character_changes_nothing() -> None:
    conversation, twin = talk(), talk()
    turn(conversation, "ab"), turn(twin, "ab")
    with pytest.raises(VocabularyError):
        conversation.say("aé")
    assert conversation.turns[-1].typed == "ab"
    assert turn(conversation, "c") == turn(twin, "c")


def test_clear_begins_anew_and_can_be_undone() -> None:
    conversation = talk()
    turn(conversation, "ab")
    text = conversation.text
    conversation.clear()
    assert conversation.text == ""
    conversation.reseed(7)
    assert turn(conversation, "abc") == turn(talk(), "abc")
    conversation.undo()
    conversation.undo()
    assert (conversation.text, conversation.seed) == (text, 7)


def test_reseeding_restarts_the_random_stream() -> None:
    conversation = talk(seed=1)
    turn(conversation, "ab")
    conversation.clear()
    conversation.reseed(7)
    assert conversation.seed == 7
    assert turn(conversation, "ab") == turn(talk(seed=7), "ab")
    conversation.undo()
    assert conversation.seed == 7


def test_another_model_goes_on_with_the_whole_text() -> None:
    conversation = talk()
    turn(conversation, "ab")
    text, other = conversation.text, small("abcdefgh\n", seed=2)
    conversation.switch(other)
    conversation.configure(SampleConfig(length=12, temperature=0))
    assert turn(conversation, "") == "".join(charlm.generate(other, prompt=text, length=12, temperature=0, seed=0))
    conversation.undo()
    conversation.undo()
    assert (conversation.text, conversation.model.config) == (text, small().config)


def test_retry_after_a_change_of_model_is_the_new_models() -> None:
    conversation = talk()
    turn(conversation, "ab")
    other = small(seed=2)
    conversation.switch(other)
    conversation.configure(SampleConfig(length=12, temperature=0))
    conversation.retry()
    assert "".join(conversation.answer()) == "".join(
        charlm.generate(other, prompt="ab", length=12, temperature=0, seed=0)
    )


def test_a_model_that_does_not_know_the_text_is_refused() -> None:
    conversation = talk()
    turn(conversation, "ab")
    model = conversation.model
    with pytest.raises(VocabularyError):
        conversation.switch(small("xyz"))
    assert conversation.model is model
    conversation.undo()
    assert conversation.text == ""


def test_settings_outlive_undo() -> None:
    conversation = talk()
    turn(conversation, "ab")
    conversation.configure(SampleConfig(length=3))
    conversation.undo()
    assert len(turn(conversation, "ab")) == 3
