from __future__ import annotations

import math
from itertools import islice

import pytest

import charlm
from charlm.config import SampleConfig
from charlm.conversation.candidates import Answer
from charlm.conversation.conversation import Conversation
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


def test_step_by_step_is_one_generation() -> None:
    conversation = talk()
    conversation.configure(SampleConfig(length=500, stop=("a", "b")))
    conversation.say("ab")
    text = "".join("".join(conversation.answer_one()) for _ in range(9))
    assert text == "".join(charlm.generate(small(), prompt="ab", length=9, seed=7))
    assert conversation.text == "ab" + text
    conversation.configure(SampleConfig(length=5))
    "".join(conversation.answer_one())
    assert len(turn(conversation, "")) == 5  # the settings are as they were


def test_picking_a_symbol_is_typing_it() -> None:
    one, other = talk(), talk()
    turn(one, "ab"), turn(other, "ab")
    one.pick(int(one.model.vocabulary.encode("d")[0]))
    other.say("d")
    assert one.turns[-1].typed == "d"
    assert "".join(one.answer()) == "".join(other.answer())
    one.undo()
    other.undo()
    assert one.text == other.text


def test_a_picked_byte_is_completed_to_a_character() -> None:
    vocabulary = charlm.Vocabulary("byte", tuple("é日".encode()))
    conversation = Conversation(
        charlm.CharModel(charlm.ModelConfig(hidden_size=8), vocabulary, seed=1), SampleConfig(length=3), seed=1
    )
    conversation.pick(0)  # the first byte of é
    typed = conversation.turns[-1].typed
    assert len(typed) == 1 or "\ufffd" in typed
    assert conversation.place().snapshot.position.last is not None
    assert len("".join(conversation.answer())) == 3


def test_picking_the_end_of_a_document_begins_the_next() -> None:
    vocabulary = charlm.Vocabulary.from_text("abc", stop=True)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=8), vocabulary, seed=1)
    conversation = Conversation(model, SampleConfig(length=5, temperature=0), seed=1)
    fresh = conversation.place().snapshot.position
    conversation.say("abc")
    conversation.pick(3)
    here = conversation.place().snapshot.position
    assert (conversation.text, here.last) == ("abc", fresh.last)
    assert all(
        (a == b).all() for x, y in zip(here.state, fresh.state, strict=True) for a, b in zip(x, y, strict=True)
    )


def test_alternatives_differ_and_one_is_gone_on_with() -> None:
    conversation, twin = talk(), talk()
    for one in (conversation, twin):
        one.say("ab")
    texts, positions = [], []
    for sampler in conversation.alternatives(4):
        texts.append("".join(sampler.stream()))
        positions.append(sampler.position)
    assert len(set(texts)) == 4
    assert texts == ["".join(sampler.stream()) for sampler in twin.alternatives(4)]
    conversation.adopt(Answer(texts[2], positions[2], []))
    assert conversation.text == "ab" + texts[2]
    conversation.configure(SampleConfig(length=12, temperature=0))
    assert turn(conversation, "") == "".join(
        charlm.generate(small(), prompt="ab" + texts[2], length=12, temperature=0, seed=0)
    )
    conversation.undo()
    conversation.retry()
    assert conversation.text == "ab"


def test_a_model_that_comes_in_before_the_answer_leaves_the_old_turn_alone() -> None:
    conversation = talk()
    conversation.say("ab")
    conversation.switch(small(seed=2))
    "".join(conversation.answer())
    conversation.undo()
    assert conversation.text == "ab"


def test_counting_does_not_put_the_text_together() -> None:
    conversation = talk(length=30)
    for typed in ("ab", "", "c"):
        turn(conversation, typed)
        assert conversation.characters == len(conversation.text)
    assert [len(t.pieces) for t in conversation.turns] == [1, 1, 1]


def test_nowhere_to_return_to() -> None:
    with pytest.raises(UsageError, match="/branches lists them"):
        talk().return_to("x")
    with pytest.raises(UsageError, match="nowhere to return to"):
        talk().return_to()


@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
@pytest.mark.parametrize("stop", [(), ("b🇫",), ("éb",)])
def test_surprisal_is_what_score_says(unit: str, stop: tuple[str, ...]) -> None:
    text = "a\nbé🇫🇷b🇫🇷éab"
    vocabulary = charlm.Vocabulary.from_text(text, unit=unit)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=8), vocabulary, seed=1)
    for seed in range(6):
        conversation = Conversation(model, SampleConfig(length=30, stop=stop), seed=seed)
        conversation.measures = True
        conversation.say("ab")
        seen: list[float] = []
        for piece in conversation.answer():
            seen += conversation.newest_bits(piece)
        assert conversation.last is not None
        generated = conversation.last.generated
        assert seen == conversation.last.bits
        assert len(seen) == len(generated)
        halved = unit == "grapheme" and bool(stop)
        assert halved or not any(map(math.isnan, seen))
        if "\ufffd" in generated or any(map(math.isnan, seen)):  # bytes that are no text; half a grapheme
            continue
        result = charlm.score(model, "ab" + generated)
        known = [(b, n) for b, n in zip(result.bits, map(len, result.pieces), strict=True)][2:]
        expected = [b for b, n in known for _ in range(n)]
        assert seen == pytest.approx(expected, abs=1e-4)


def test_nothing_is_measured_unless_asked_for() -> None:
    conversation = talk()
    turn(conversation, "ab")
    assert conversation.last is not None
    assert conversation.last.bits == []
    conversation.measures = True
    conversation.retry()
    "".join(conversation.answer())
    assert len(conversation.last.bits) == len(conversation.last.generated) > 0
