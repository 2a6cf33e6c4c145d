from __future__ import annotations

from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

import charlm
from charlm.config import SampleConfig
from charlm.conversation.conversation import Conversation
from charlm.conversation.turns import Span, Turn, spans, text_end, text_length, turns_up_to

MODEL = charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("ab"), seed=1)
START = Conversation(MODEL, SampleConfig(), seed=1).snapshot().start


def chain(parts: list[tuple[str, str]]) -> Turn | None:
    last = None
    for typed, generated in parts:
        last = Turn(typed, last, text_length(last), START, 1, START.position, list(generated))
    return last


@given(st.lists(st.tuples(st.text("ab", max_size=3), st.text("cd", max_size=3))), st.integers(0, 30))
def test_spans_are_the_text_and_tell_whose_it_is(parts: list[tuple[str, str]], since: int) -> None:
    last = chain(parts)
    text = "".join(typed + generated for typed, generated in parts)
    found = spans(last, since)
    assert "".join(span.text for span in found) == text[since:]
    assert all(set(span.text) <= set("ab" if span.typed else "cd") for span in found)
    assert all(span.text for span in found)
    assert all(a.typed != b.typed for a, b in pairwise(found))
    assert (text_length(last), text_end(last, since)) == (len(text), text[max(0, len(text) - since) :])
    assert [turn.offset for turn in turns_up_to(last)] == list(
        accumulate((len(t + g) for t, g in parts), initial=0)
    )[:-1]


def test_a_hundred_thousand_turns_are_neither_too_many_nor_too_deep() -> None:
    last = chain([("a", "c")] * 100_000)
    assert spans(last, 199_997) == [Span("c", typed=False), Span("a", typed=True), Span("c", typed=False)]
    assert len(turns_up_to(last)) == 100_000
    del last  # and go without a word
