from __future__ import annotations

import numpy as np
import pytest

from charlm.config import SampleConfig
from charlm.errors import UsageError, VocabularyError
from charlm.generation import Sampler, first_input, start_position
from charlm.generation.position import read_prompt
from charlm.generation.repeat_window import ids_of
from charlm.nn.stack import named_state


@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize("prompt", ["", "a", "abcab"])
def test_a_prompt_leads_to_the_position_of_a_sampler_that_has_read_it(make_model, stop, prompt):
    model, config = make_model("abc\n", stop=stop), SampleConfig(repeat_last_n=3)
    sampler = Sampler(model, config, rng=np.random.default_rng(0))
    for character in prompt:
        sampler.feed(character)
    found, expected = read_prompt(model, prompt, config), sampler.position
    assert (found.last, found.recent) == (expected.last, expected.recent)
    assert ids_of(found.recent).tolist() == model.vocabulary.encode(prompt).tolist()[-3:]
    for name, array in named_state(expected.state).items():
        np.testing.assert_array_equal(named_state(found.state)[name], array)


@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize("symbols", ["abc\n", "abc"])
def test_the_output_at_the_start_is_that_of_the_first_input(make_model, stop, symbols):
    model = make_model(symbols, stop=stop)
    start, N = start_position(model), 8
    logits, state = start.outputs(model.vocabulary, model.stepper(N), N)
    last = model.vocabulary.stop_id if stop else first_input(model.vocabulary)
    if last is None:
        assert logits is None
        assert all((array == 0).all() for array in named_state(state).values())
        return
    expected, _ = model.stepper(N)(np.full(N, last), model.zero_state(N))
    np.testing.assert_array_equal(logits, expected)


def test_what_cannot_be_read_is_refused(make_model):
    with pytest.raises(VocabularyError):
        read_prompt(make_model("abc\n"), "Ω", SampleConfig())
    assert read_prompt(make_model("abc\n"), "aΩ", SampleConfig(on_unknown="skip")).last == 1
    with pytest.raises(UsageError, match="not a language model"):
        read_prompt(object(), "a", SampleConfig())  # type: ignore[arg-type]
