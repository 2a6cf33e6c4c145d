from __future__ import annotations

import inspect

import pytest

from charlm.config import SampleConfig
from charlm.errors import UsageError, VocabularyError
from charlm.generation import generate


def test_it_yields_the_continuation_only(model):
    text = "".join(generate(model, prompt="ab", length=30, seed=1))
    assert len(text) == 30
    assert text == "".join(generate(model, prompt="ab", length=30, seed=1))
    assert text != "".join(generate(model, prompt="ba", length=30, seed=1))


def test_a_longer_text_begins_with_the_shorter_one(model):
    assert "".join(generate(model, length=50, seed=1)).startswith("".join(generate(model, length=20, seed=1)))


def test_without_a_seed_texts_differ(model):
    assert len({"".join(generate(model, length=60, temperature=1.5)) for _ in range(3)}) == 3


def test_a_single_stop_string_needs_no_list(model):
    free = "".join(generate(model, length=200, temperature=2.0, seed=4))
    assert "".join(generate(model, length=200, temperature=2.0, seed=4, stop="ba")) == free.partition("ba")[0]


@pytest.mark.parametrize(
    "settings",
    [
        {"length": -1},
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"stop": ""},
        {"seed": -1},
        {"on_unknown": "guess"},
    ],
)
def test_a_setting_out_of_range_is_refused_at_once(model, settings):
    with pytest.raises(UsageError):
        generate(model, **settings)


def test_an_unknown_character_is_refused_at_once(model):
    with pytest.raises(VocabularyError):
        generate(model, prompt="Ω")


def test_defaults_are_those_of_the_configuration():
    defaults = {name: p.default for name, p in inspect.signature(generate).parameters.items()}
    for field in SampleConfig.__dataclass_fields__:
        assert defaults[field] == getattr(SampleConfig(), field)


def test_prompt_and_length_may_be_positional(model):
    assert list(generate(model, "ab", 30, seed=1)) == list(generate(model, prompt="ab", length=30, seed=1))


def test_it_runs_to_the_end_by_itself(model):
    whole = "".join(generate(model, "ab", 30, seed=1))
    assert generate(model, "ab", 30, seed=1).run() == str(generate(model, "ab", 30, seed=1)) == whole
    begun = generate(model, "ab", 30, seed=1)
    assert next(begun) == whole[0]
    assert begun.run() == begun.run() == whole  # with what was read before, and again
    assert list(begun) == []


def test_a_text_that_nobody_reads_says_how_to_get_it(model):
    text = generate(model, "ab", 30, seed=1)
    assert repr(text) == "<text of at most 30 characters, 0 generated; print it, iterate, or call run()>"
    next(text)
    assert "1 generated" in repr(text)
    whole = text.run()
    assert repr(text) == f"<generated text {whole!r}>"


def test_a_closed_text_ends_where_it_is(model):
    text = generate(model, "ab", 30, seed=1)
    first = next(text)
    text.close()
    assert (text.run(), repr(text)) == (first, f"<generated text {first!r}>")
