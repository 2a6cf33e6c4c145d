"""Tales read well: no slot is left open, no article or capital is wrong, and a tale stays with its people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from charlm.text.builtin import make_text
from charlm.text.builtin.line_breaking import WIDTH
from charlm.text.builtin.portable_generator import PortableGenerator
from charlm.text.builtin.tales.cast import choose_cast
from charlm.text.builtin.tales.plot import Plot
from charlm.text.builtin.tales.plots import PLOTS
from charlm.text.builtin.tales.rules import RULES

SLOT = re.compile(r"\{(\w+)\}")
TEXT = make_text("tales", seed=2)
TALES = TEXT.removesuffix("\n\n\n").split("\n\n\n")


def paragraphs(tale: str) -> list[str]:
    return [" ".join(paragraph.split("\n")) for paragraph in tale.split("\n\n")[1:]]


def test_every_slot_of_every_template_can_be_filled() -> None:
    facts = choose_cast(PortableGenerator(0), {}).keys()
    shared = [template for rule in RULES.values() for template in rule]
    for plot in PLOTS:
        for case in plot.cases:
            assert case.keys() | {"season"} == plot.cases[0].keys() | {"season"}
            own = [*plot.titles, *case.values(), *(telling for beat in plot.beats for telling in beat)]
            for template in (*shared, *own):
                assert template.count("{") == template.count("}") == len(SLOT.findall(template))
                names = {slot[0].lower() + slot[1:] for slot in SLOT.findall(template)}
                assert names <= facts | case.keys() | RULES.keys(), template


def test_no_rule_is_idle() -> None:
    templates = [template for rule in RULES.values() for template in rule]
    for plot in PLOTS:
        templates += [*plot.titles, *(telling for beat in plot.beats for telling in beat)]
        templates += [fact for case in plot.cases for fact in case.values()]
    used = {slot[0].lower() + slot[1:] for template in templates for slot in SLOT.findall(template)}
    assert RULES.keys() <= used
    for plot in PLOTS:
        assert set().union(*plot.cases) - {"season"} <= used


def test_every_fact_and_telling_is_told() -> None:
    flat = re.sub(r"\s+", " ", TEXT)
    for plot in PLOTS:
        for template in (telling for beat in plot.beats for telling in beat):
            longest = max(SLOT.split(template)[::2], key=len)
            assert re.sub(r"\s+", " ", longest) in flat
    assert len(set(re.findall("[a-z]+", TEXT.lower()))) > 900


def test_layout() -> None:
    assert TEXT.endswith("\n\n\n")
    for tale in TALES:
        title, first, *_ = tale.split("\n\n")
        assert title == title.upper()
        assert "\n" not in title
        assert first[0].isupper()
        assert len(tale.split("\n\n")) >= 7
    assert max(map(len, TEXT.split("\n"))) <= WIDTH
    # no line is broken before it must be
    for tale in TALES[:100]:
        for paragraph in tale.split("\n\n")[1:]:
            lines = paragraph.split("\n")
            for line, following in pairwise(lines):
                assert len(line) + 1 + len(following.split()[0]) > WIDTH


@pytest.mark.parametrize(
    "mistake",
    [
        r"[{}<>_]",
        r"[.!?] [a-z](?<!\bby\b)",
        r"\b[Aa] [aeiouAEIOU]",
        r"\b[Aa]n (?!hour)[^aeiouAEIOU]",
        r"\b(\w+) \1\b",
        r"  | [.,?!:]|[.,:]{2}",
        r'\." (?:he|she) (?:said|asked)',
        r'[^.,!?]"(?: |$)(?=said|asked|cried|called|whispered)',
    ],
)
def test_no_mistake(mistake: str) -> None:
    for tale in TALES:
        for paragraph in paragraphs(tale):
            assert not re.search(mistake, paragraph), paragraph


def test_paragraphs_are_whole_and_quotes_are_closed() -> None:
    for tale in TALES:
        for paragraph in paragraphs(tale):
            assert paragraph.count('"') % 2 == 0
            assert re.search(r'([.!?]"?|said:)$', paragraph)
            assert re.match(r'"?[A-Z]', paragraph)


def test_a_tale_stays_with_its_people() -> None:
    seen: list[set[str]] = []
    for seed in range(20):
        facts = choose_cast(PortableGenerator(seed), {"season": "winter"})
        assert facts["season"] == "winter"
        assert "Snow" in facts["sky"] or "frost" in facts["sky"] or "short" in facts["sky"]
        assert (facts["he"], facts["him"], facts["his"]) in {("she", "her", "her"), ("he", "him", "his")}
        seen.append({facts["hero"], facts["friend"], facts["elder"]})
    everybody = set().union(*(choose_cast(PortableGenerator(seed), {}).values() for seed in range(500)))
    heroes = {choose_cast(PortableGenerator(seed), {})["hero"] for seed in range(500)}
    assert heroes <= everybody
    for tale in TALES[:200]:
        named = {name for name in heroes if re.search(rf"\b{name}\b", " ".join(paragraphs(tale)))}
        assert len(named) == 1


def test_all_plots_are_told_equally_often() -> None:
    plots = [next(i for i, plot in enumerate(PLOTS) if is_told(plot, tale)) for tale in TALES]
    for start in range(0, len(plots) - len(PLOTS) + 1, len(PLOTS)):
        assert set(plots[start : start + len(PLOTS)]) == set(range(len(PLOTS)))


def is_told(plot: Plot, tale: str) -> bool:
    """Whether a tale's title is one of the plot's, in one of its cases."""
    title = tale.split("\n")[0].lower()
    return any(
        re.fullmatch("".join(title_pattern(template, case)), title)
        for template in plot.titles
        for case in plot.cases
    )


def title_pattern(template: str, case: Mapping[str, str]) -> Iterator[str]:
    for k, piece in enumerate(SLOT.split(template.lower())):
        yield re.escape(case.get(piece, "") if k % 2 else piece) or ".*"


def test_the_same_text_on_every_machine() -> None:
    """The text in `corpora/`; it changes only together with the grammar."""
    shipped = Path(__file__).parents[2] / "corpora" / "tales.txt"
    # a checkout may have its own line ends
    assert make_text("tales", size=250_000) == shipped.read_text("utf-8")
