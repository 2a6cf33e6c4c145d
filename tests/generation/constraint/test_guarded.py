from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import regex

from charlm.config import SampleConfig
from charlm.errors import ConstraintError, UsageError
from charlm.generation import Sampler, sample_many
from charlm.generation.constraint import warning
from tests.generation.reference import chi_square_is_plausible

PATTERNS = [
    r"([abc]+)d\1",
    r"\b[a-d]+\b \b[a-d]+\b",
    r"(?:[a-e]+ ){2}\bab?\b",
    r"(?<=a)b|a(?<=a)b",
    r"a(?:b(?R)?c|e)",
    r"(?:abc){e<=1}",
    r"(?if)aB",
    r"([ab])([cd])\2\1",
    r"(a*?)b\1",
]


@pytest.mark.parametrize("settings", [{}, {"temperature": 0}, {"top_k": 2}, {"repeat_penalty": 1.3}], ids=str)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_text_matches(model, pattern, settings):
    config = SampleConfig(regex=pattern, length=12, **settings)
    for one in sample_many(model, config, seeds=range(5), prompt="ab", logprobs=True):
        text = one.read()
        assert regex.fullmatch(pattern, text)
        assert len(text) == len(one.logprobs) <= 12
        assert one.finish_reason == "regex"
        (again,) = sample_many(model, config, seeds=[one.seed], prompt="ab")
        assert again.read() == text


def test_a_text_goes_on_from_where_it_was_and_the_model_has_read_it(make_model):
    model = make_model(dtype="float64")
    sampler = Sampler(model, SampleConfig(regex=r"([ab]+)c\1", length=9), rng=np.random.default_rng(1))
    sampler.feed("ab")
    text = "".join(sampler.stream())
    read = Sampler(model, rng=np.random.default_rng(0))
    read.feed("ab" + text)
    assert sampler.position.last == read.position.last
    for ours, theirs in zip(sampler.position.state, read.position.state, strict=True):
        assert all(np.allclose(a, b) for a, b in zip(ours, theirs, strict=True))


def test_dead_ends_are_left_again(model):
    # partial matching knows nothing of the length: nearly every text is too long when it comes to the second half
    config = SampleConfig(regex=r"([a-e]+) \1", length=5, temperature=3.0)
    lengths = Counter(len(one.read()) for one in sample_many(model, config, seeds=range(60)))
    assert set(lengths) <= {3, 5}
    assert lengths[5]


def test_a_draw_is_exact_where_nothing_leads_to_a_dead_end(make_model):
    model = make_model("abc\n")
    pattern = r"(?:[abc]{2}|\n\n)(?<=[abc\n])"
    n = 3000
    drawn = Counter(
        one.read()[0]
        for one in sample_many(model, SampleConfig(regex=pattern, length=2, temperature=0.7), seeds=range(n))
    )
    plain = Counter(
        one.read()[0]
        for one in sample_many(model, SampleConfig(length=1, temperature=0.7), seeds=range(10**5, 10**5 + 20 * n))
    )
    letters = "abc\n"
    assert chi_square_is_plausible([drawn[c] for c in letters], [max(plain[c], 0.5) / (20 * n) for c in letters])


def test_what_has_no_match_ends_with_an_error(model):
    for pattern in (r"(?<=a)b", r"a^b", r"([ab]{4}) \1"):
        sampler = Sampler(model, SampleConfig(regex=pattern, length=8), rng=np.random.default_rng(0))
        before = sampler.position
        with pytest.raises(ConstraintError, match="no text of at most 8"):
            list(sampler.stream())
        assert sampler.position == before


def test_a_stop_string_is_in_no_text(model):
    config = SampleConfig(regex=r"([abc]{2})d\1", length=9, stop=("ab", "ca"))
    for one in sample_many(model, config, seeds=range(20)):
        assert not {"ab", "ca"} & {one.read()[k : k + 2] for k in range(4)}


def test_a_model_of_bytes_needs_a_regular_pattern(make_model):
    with pytest.raises(UsageError, match="a backreference, which a model of bytes"):
        Sampler(make_model(unit="byte"), SampleConfig(regex=r"(a)\1"), rng=np.random.default_rng(0))


def test_the_warning_names_every_construct():
    words = warning(SampleConfig(regex=r"\b(a)\1"))
    assert words is not None
    assert "word boundary" in words
    assert "backreference" in words
    assert warning(SampleConfig(regex="a+")) is None
    assert warning(SampleConfig(template="a{x}")) is None
