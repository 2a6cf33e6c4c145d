"""`Beam` step by step; what it finds is tested with `beam_search`."""

from __future__ import annotations

import numpy as np
import pytest

import charlm
from charlm.config import SampleConfig
from charlm.generation import Sampler
from charlm.generation.searching import Beam
from charlm.nn.stack import named_state


@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize("stops", [(), ("b🇫",), ("éb",), ("a", "bé")])
def test_the_end_of_a_text_is_where_a_sampler_would_stand(unit, documents, stops):
    vocabulary = charlm.Vocabulary.from_text("a\nbé🇫🇷b", unit=unit, stop=documents)
    reasons = set()
    for seed in range(12):
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=8), vocabulary, seed=seed)
        config = SampleConfig(length=6, stop=stops, temperature=0)
        sampler = Sampler(model, config, rng=np.random.default_rng(1))
        sampler.feed("ab"[seed % 2 :])
        beam = Beam(model, config, sampler.position, width=1)
        text = "".join(sampler.stream())
        while beam.advance():
            pass
        (found,) = beam.best()
        assert (found.text, found.finish_reason) == (text, sampler.finish_reason)
        end = beam.end_of(found)
        assert end.last == sampler.position.last
        for name, array in named_state(end.state).items():
            assert np.allclose(array, named_state(sampler.position.state)[name], atol=1e-6)
        reasons.add(sampler.finish_reason)
    assert "length" in reasons


def test_it_tells_how_far_it_is(make_model):
    model = make_model("abc\n")
    config = SampleConfig(length=9)
    sampler = Sampler(model, config, rng=np.random.default_rng(1))
    beam = Beam(model, config, sampler.position, width=3)
    steps = []
    while beam.advance():
        steps.append(beam.symbols)
    assert steps == list(range(1, 10))
    assert not beam.advance()
