from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest
import regex

from charlm.config import ModelConfig, SampleConfig
from charlm.errors import ConstraintError, UsageError
from charlm.generation import Sampler, sample_many
from charlm.generation.constraint.named import NAMED, resolve
from charlm.generation.constraint.template import Hole, parse_template, parts_of
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def printable() -> CharModel:
    return CharModel(
        ModelConfig(hidden_size=8), Vocabulary.from_text("".join(map(chr, range(32, 127))) + "é"), seed=0
    )


class TestNames:
    @pytest.mark.parametrize("name", sorted(NAMED))
    def test_every_pattern_is_regular_and_writes_what_matches(self, printable, name):
        config = SampleConfig(regex=f"@{name}", length=80, temperature=2.0)
        for one in sample_many(printable, config, seeds=range(20)):
            text = one.read()
            assert regex.fullmatch(NAMED[name], text)
            if name == "date":
                dt.date.fromisoformat(text)
            elif name == "time":
                dt.time.fromisoformat(text)
            elif name == "json-string":
                assert isinstance(json.loads(text), str)
            elif name in ("integer", "number"):
                assert isinstance(json.loads(text), int if name == "integer" else (int, float))
            elif name == "identifier":
                assert text.isidentifier()

    def test_days_that_are_none_are_not_written(self):
        day = dt.date(1900, 1, 1)
        days = set()
        while day.year < 2100:
            days.add(day.isoformat())
            day += dt.timedelta(1)
        date = regex.compile(NAMED["date"])
        every = (f"{y}-{m:02}-{d:02}" for y in range(1890, 2110) for m in range(14) for d in range(33))
        assert {text for text in every if date.fullmatch(text)} == days

    def test_an_unknown_name_is_told_those_there_are(self):
        with pytest.raises(UsageError, match="date, email"):
            resolve("@dat")
        assert resolve(r"\@dat") == r"\@dat"


class TestTemplates:
    def test_parts(self):
        template = r"a{{b}}{x:\d{4}}{y:[}]{2}\}}{z}{w:@date}"
        assert list(parts_of(template)) == [
            "a{b}", Hole("x", r"\d{4}"), Hole("y", r"[}]{2}\}"), Hole("z", NAMED["word"]), Hole("w", "@date"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("template", "words"),
        [
            ("a{b", "does not close"),
            ("a}b", "not open"),
            ("{x}{x}", "two holes named 'x'"),
            ("{1x}", "named '1x'"),
            ("{}", "named ''"),
            ("{x:@nope}", "no pattern named"),
            (r"{x:(a)\1}", "a backreference"),
            ("{x:a)(b}", r"a '\)' too many"),
            ("{x:(?=a)}", "lookahead"),
        ],
    )
    def test_faults_are_named(self, template, words):
        with pytest.raises(UsageError, match=words):
            parse_template(template)

    def test_holes_are_filled_and_the_rest_is_copied(self, printable):
        template = r"Dear {name:\p{Lu}\p{Ll}{1,5}}, {{it is}} {when:@date}.*{n:(?i)[ab]|c}"
        config = SampleConfig(template=template, length=60)
        for one in sample_many(printable, config, seeds=range(10)):
            assert regex.fullmatch(r"Dear \p{Lu}\p{Ll}{1,5}, \{it is\} \d{4}-\d\d-\d\d\.\*[abcABC]", one.read())
            assert one.finish_reason == "regex"

    def test_the_model_reads_what_stands_between_the_holes(self, make_model):
        model = make_model("abcde \n", dtype="float64")
        drawn = {}
        for before in ("ab", "ec"):
            sampler = Sampler(
                model, SampleConfig(template=before + "{x:[a-e]}", length=3), rng=np.random.default_rng(0)
            )
            counts = [
                ("".join(sampler.stream()), setattr(sampler, "position", sampler._start))[0] for _ in range(300)
            ]
            drawn[before] = {c: sum(text[-1] == c for text in counts) for c in "abcde"}
        assert drawn["ab"] != drawn["ec"]

    def test_a_model_of_lower_case_copies_in_lower_case(self):
        model = CharModel(ModelConfig(hidden_size=4), Vocabulary.from_text("Dear abc", lowercase=True))
        sampler = Sampler(model, SampleConfig(template="Dear {x:[abc]}", length=9), rng=np.random.default_rng(0))
        assert regex.fullmatch("dear [abc]", "".join(sampler.stream()))

    def test_what_a_model_cannot_write_is_named(self, printable):
        with pytest.raises(ConstraintError, match="no 'ß'"):
            Sampler(printable, SampleConfig(template="Gruß {x}"), rng=np.random.default_rng(0))

    def test_two_patterns_are_one_too_many(self):
        with pytest.raises(UsageError, match="one of them"):
            SampleConfig(regex="a", template="b")
