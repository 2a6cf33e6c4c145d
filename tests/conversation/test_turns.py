from __future__ import annotations

from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

import charlm
from charlm.config import SampleConfig
from charlm.conversation.conversation import Conversation
from charlm.conversation.turns import Run, Turn, end_of, length, runs, turns_up_to

MODEL = charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("ab"), seed=1)
START = Conversation(MODEL, SampleConfig(), seed=1).place().snapshot


def chain(parts: list[tuple[str, str]]) -> Turn | None:
    last = None
    for typed, generated in parts:
        last = Turn(typed, last, length(last), START, 1, START.position, list(generated))
    return last


@given(st.lists(st.tuples(st.text("ab", max_size=3), st.text("cd", max_size=3))), st.integers(0, 30))
def test_runs_are_the_text_and_tell_whose_it_is(parts: list[tuple[str, str]], since: int) -> None:
    last = chain(parts)
    text = "".join(typed + generated for typed, generated in parts)
    found = runs(last, since)
    assert "".join(run.text for run in found) == text[since:]
    assert all(set(run.text) <= set("ab" if run.typed else "cd") for run in found)
    assert all(run.text for run in found)
    assert all(a.typed != b.typed for a, b in pairwise(found))
    assert (length(last), end_of(last, since)) == (len(text), text[max(0, len(text) - since) :])
    assert [turn.begins for turn in turns_up_to(last)] == list(
        accumulate((len(t + g) for t, g in parts), initial=0)
    )[:-1]


def test_a_hundred_thousand_turns_are_neither_too_many_nor_too_deep() -> None:
    last = chain([("a", "c")] * 100_000)
    assert runs(last, 199_997) == [Run("c", typed=False), Run("a", typed=True), Run("c", typed=False)]
    assert len(turns_up_to(last)) == 100_000
    del last  # and go without a word
