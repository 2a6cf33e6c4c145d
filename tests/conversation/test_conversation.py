from __future__ import annotations

import math
from itertools import islice

import pytest

import charlm
from charlm.config import SampleConfig
from charlm.conversation.candidates import Candidate, CandidateSearch, SampledCandidates
from charlm.conversation.conversation import Conversation
from charlm.errors import UsageError, VocabularyError
from charlm.generation import beam_search


def small(symbols: str = "abcde\n", seed: int = 1) -> charlm.CharModel:
    return charlm.CharModel(charlm.ModelConfig(hidden_size=8), charlm.Vocabulary.from_text(symbols), seed=seed)


def talk(*, length: int = 12, seed: int = 7) -> Conversation:
    return Conversation(small(), SampleConfig(length=length), seed=seed)


def complete(growing: SampledCandidates | CandidateSearch) -> list[Candidate]:
    while growing.advance():
        pass
    return growing.finish()


def turn(conversation: Conversation, typed: str) -> str:
    conversation.append(typed)
    return "".join(conversation.generate())


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
    conversation.append("ab")
    answer = conversation.generate()
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
    second = "".join(conversation.generate())
    assert second != first
    assert conversation.text == "ab" + second
    conversation.configure(SampleConfig(length=30, temperature=0))
    conversation.retry()
    assert "".join(conversation.generate()) == "".join(
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
    assert len("".join(conversation.generate())) == 12


def test_nothing_to_retry() -> None:
    with pytest.raises(UsageError, match="type a line first"):
        talk().retry()


def test_an_unknown_character_changes_nothing() -> None:
    conversation, twin = talk(), talk()
    turn(conversation, "ab"), turn(twin, "ab")
    with pytest.raises(VocabularyError):
        conversation.append("aé")
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
    conversation.switch_model(other)
    conversation.configure(SampleConfig(length=12, temperature=0))
    assert turn(conversation, "") == "".join(charlm.generate(other, prompt=text, length=12, temperature=0, seed=0))
    conversation.undo()
    conversation.undo()
    assert (conversation.text, conversation.model.config) == (text, small().config)


def test_retry_after_a_change_of_model_is_the_new_models() -> None:
    conversation = talk()
    turn(conversation, "ab")
    other = small(seed=2)
    conversation.switch_model(other)
    conversation.configure(SampleConfig(length=12, temperature=0))
    conversation.retry()
    assert "".join(conversation.generate()) == "".join(
        charlm.generate(other, prompt="ab", length=12, temperature=0, seed=0)
    )


def test_a_model_that_does_not_know_the_text_is_refused() -> None:
    conversation = talk()
    turn(conversation, "ab")
    model = conversation.model
    with pytest.raises(VocabularyError):
        conversation.switch_model(small("xyz"))
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
    conversation.append("ab")
    text = "".join("".join(conversation.generate_character()) for _ in range(9))
    assert text == "".join(charlm.generate(small(), prompt="ab", length=9, seed=7))
    assert conversation.text == "ab" + text
    conversation.configure(SampleConfig(length=5))
    "".join(conversation.generate_character())
    assert len(turn(conversation, "")) == 5  # the settings are as they were


def test_picking_a_symbol_is_typing_it() -> None:
    one, other = talk(), talk()
    turn(one, "ab"), turn(other, "ab")
    one.append_symbol(int(one.model.vocabulary.encode("d")[0]))
    other.append("d")
    assert one.turns[-1].typed == "d"
    assert "".join(one.generate()) == "".join(other.generate())
    one.undo()
    other.undo()
    assert one.text == other.text


def test_a_picked_byte_is_completed_to_a_character() -> None:
    vocabulary = charlm.Vocabulary("byte", tuple("é日".encode()))
    conversation = Conversation(
        charlm.CharModel(charlm.ModelConfig(hidden_size=8), vocabulary, seed=1), SampleConfig(length=3), seed=1
    )
    conversation.append_symbol(0)  # the first byte of é
    typed = conversation.turns[-1].typed
    assert len(typed) == 1 or "\ufffd" in typed
    assert conversation.snapshot().start.position.last is not None
    assert len("".join(conversation.generate())) == 3


def test_picking_the_end_of_a_document_begins_the_next() -> None:
    vocabulary = charlm.Vocabulary.from_text("abc", stop=True)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=8), vocabulary, seed=1)
    conversation = Conversation(model, SampleConfig(length=5, temperature=0), seed=1)
    fresh = conversation.snapshot().start.position
    conversation.append("abc")
    conversation.append_symbol(3)
    here = conversation.snapshot().start.position
    assert (conversation.text, here.last) == ("abc", fresh.last)
    assert all(
        (a == b).all() for x, y in zip(here.state, fresh.state, strict=True) for a, b in zip(x, y, strict=True)
    )


def test_candidates_differ_and_one_is_adopted() -> None:
    conversation, twin = talk(), talk()
    for one in (conversation, twin):
        one.append("ab")
    found = complete(conversation.candidates(4))
    assert len({candidate.text for candidate in found}) == 4
    assert [c.text for c in found] == [c.text for c in complete(twin.candidates(4))]
    conversation.adopt(found[2])
    assert conversation.text == "ab" + found[2].text
    conversation.configure(SampleConfig(length=12, temperature=0))
    assert turn(conversation, "") == "".join(
        charlm.generate(small(), prompt="ab" + found[2].text, length=12, temperature=0, seed=0)
    )
    conversation.undo()
    conversation.retry()
    assert conversation.text == "ab"


def test_candidates_can_be_ended_early() -> None:
    conversation = talk(length=1000)
    conversation.records_surprisal = True
    conversation.append("ab")
    growing = conversation.candidates(2)
    assert [growing.advance() for _ in range(5)] == [True] * 5
    texts = [candidate.text for candidate in growing.finish()]
    assert [len(text) for text in texts] == [5, 5]
    assert [(text, len(bits)) for text, bits in growing.ends(3)] == [(text[2:], 3) for text in texts]
    assert not growing.advance()
    conversation.adopt(growing.finish()[1])
    conversation.configure(SampleConfig(length=9, temperature=0))
    assert turn(conversation, "") == "".join(
        charlm.generate(small(), prompt="ab" + texts[1], length=9, temperature=0, seed=0)
    )


@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
def test_a_search_finds_what_beam_search_finds(unit: str) -> None:
    vocabulary = charlm.Vocabulary.from_text("abé🇫🇷", unit=unit)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=8), vocabulary, seed=1)
    conversation = Conversation(model, SampleConfig(length=6), seed=1)
    conversation.append("ab")
    found = complete(conversation.search(5, 2))
    expected = beam_search(model, width=5, count=2, prompt="ab", length=6)
    assert [candidate.text for candidate in found] == [one.text for one in expected]
    assert all(len(candidate.bits) == len(candidate.text) for candidate in found)
    total = -math.fsum(expected[0].logprobs) / math.log(2)
    assert unit == "grapheme" or math.fsum(found[0].bits) == pytest.approx(total)


def test_a_model_may_begin_the_text() -> None:
    conversation = talk()
    assert "".join(conversation.generate()) == "".join(charlm.generate(small(), length=12, seed=7))
    assert [t.typed for t in conversation.turns] == [""]


def test_a_model_that_comes_in_before_the_answer_leaves_the_old_turn_alone() -> None:
    conversation = talk()
    conversation.append("ab")
    conversation.switch_model(small(seed=2))
    "".join(conversation.generate())
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
        conversation.records_surprisal = True
        conversation.append("ab")
        seen: list[float] = []
        for piece in conversation.generate():
            seen += conversation.latest_bits(piece)
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
    conversation.records_surprisal = True
    conversation.retry()
    "".join(conversation.generate())
    assert len(conversation.last.bits) == len(conversation.last.generated) > 0
