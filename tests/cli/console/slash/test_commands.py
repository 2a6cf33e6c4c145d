from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from charlm.cli.console.slash import COMMANDS, parse_setting
from charlm.cli.console.slash.settings import setting_names
from charlm.config import SampleConfig
from charlm.errors import CharlmError, CheckpointError, CorpusError, UsageError


def test_help_lists_every_command(desk: Any) -> None:
    text = desk.shown("/help")
    assert all(f"/{name}" in text for name in COMMANDS)
    assert set(COMMANDS) == {
        "help", "set", "show", "model", "seed", "stop", "regex", "count", "beam", "step", "probs", "heat", "undo",
        "retry", "branch", "branches", "return", "clear", "save", "load", "export", "mix", "bye",
    }  # fmt: skip


def test_set_changes_and_shows(desk: Any) -> None:
    assert re.search("^temperature +0.5 *$", desk.shown("/set temp 0.5"), re.MULTILINE)
    assert desk.talk.config.temperature == 0.5
    assert re.search("^top-k +3 *$", desk.shown("/set top_k 3"), re.MULTILINE)
    assert re.search("^seed +3 *$", desk.shown("/set"), re.MULTILINE)


def test_a_setting_without_a_value_is_shown(desk: Any) -> None:
    assert desk.shown("/set temp") == desk.shown("/temp") == "temperature 0.8\n"
    assert desk.shown("/set stop") == desk.shown("/stop") == "stop none\n"
    assert desk.shown("/set template") == "template none\n"
    assert desk.talk.config == SampleConfig(length=5)


def test_every_setting_is_a_command_of_its_own(desk: Any) -> None:
    assert desk.shown("/temp 0.5") == "temperature 0.5\n"
    for name in setting_names():
        assert desk.shown(f"/{name}") == desk.shown(f"/set {name}")
    assert desk.shown("/top_k 3") == "top-k 3\n"
    assert desk.shown("/template a{y:b}") == "template a{y:b}\n"
    desk.shown("/template off")
    assert desk.talk.config == SampleConfig(length=5, temperature=0.5, top_k=3)


def test_other_names(desk: Any) -> None:
    assert desk.shown("/?") == desk.shown("/help")
    assert {desk.run(line) for line in ("/bye", "/quit", "/exit")} == {"leave"}


def test_a_command_that_there_is_not_has_one_like_it(desk: Any) -> None:
    for typed, meant in [("/tmep 1", "/temp"), ("/hlep", "/help"), ("/topk 3", "/top-k")]:
        with pytest.raises(UsageError, match=f"did you mean {meant}[?]"):
            desk.run(typed)


def test_show(desk: Any) -> None:
    assert desk.shown("/show") == desk.shown("/show settings")
    assert desk.shown("/show model").startswith("lstm 8 · 5 symbols")
    assert "␊ ␛ ␠ a b" in desk.shown("/show vocab")


def test_model_takes_a_name_with_spaces(desk: Any) -> None:
    assert desk.shown("/model a good one.npz").startswith("gru 9")
    assert desk.shown("/model") == desk.shown("/show model")
    with pytest.raises(CheckpointError):
        desk.run("/model nowhere")
    assert desk.talk.model.config.cell == "gru"


def test_seed(desk: Any) -> None:
    assert desk.shown("/seed") == "seed 3\n"
    assert desk.shown("/seed 12") == "seed 12\n"
    assert desk.talk.seed == 12


def test_answers_match_a_pattern_until_it_is_switched_off(desk: Any) -> None:
    assert desk.shown("/regex") == "regex: none, text is free\n"
    assert desk.shown("/regex [ab]{3}") == "regex [ab]{3}\n"
    for _ in range(5):
        desk.talk.append("")
        assert re.fullmatch("[ab]{3}", "".join(desk.talk.generate()))
    desk.shown("/regex off")
    assert desk.talk.config.regex == ""


def test_a_pattern_may_name_a_list_of_words(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "words").write_text("\n".join(f"a{'b' * k}" for k in range(1, 100)) + "\na\naab\n")
    assert desk.shown(f"/regex @file:{tmp_path}/words") == "regex (?:a|aab|… 99 more)\n"
    (tmp_path / "words").unlink()
    assert re.fullmatch("aab|ab*", desk.turn(""))
    desk.shown("/set regex ba")
    with pytest.raises(CorpusError, match="there is no list of words 'nope'"):
        desk.run("/set regex @file:nope")
    assert desk.talk.config.regex == "ba"


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("(", UsageError),
        (r"(a|b)\1", UsageError),
        ("@nothing", UsageError),
        ("z", CharlmError),
        ("a{9999}", CharlmError),
    ],
)
def test_a_pattern_that_cannot_be_changes_nothing(desk: Any, typed: str, problem: type[CharlmError]) -> None:
    desk.shown("/regex a+")
    for line in (f"/regex {typed}", f"/set regex {typed}"):
        with pytest.raises(problem):
            desk.run(line)
    assert desk.talk.config.regex == "a+"
    desk.talk.append("b")
    assert re.fullmatch("a+", "".join(desk.talk.generate()))


def test_single_characters_are_free_of_the_pattern(desk: Any) -> None:
    desk.shown("/regex a")
    desk.talk.append("")
    assert len("".join(desk.talk.generate_character())) == 1
    assert desk.talk.config.regex == "a"
    before = desk.shown("/probs")
    desk.shown("/regex off")
    assert desk.shown("/probs") == before


def test_undo_and_clear_tell_where_the_text_stands(desk: Any) -> None:
    desk.talk.append("ab\x1b[bold]"[:3])
    "".join(desk.talk.generate())
    assert desk.shown("/clear") == "the text is empty\n"
    assert "ab␛" in desk.shown("/undo")


def test_retry_and_bye_say_what_comes_next(desk: Any) -> None:
    desk.talk.append("a")
    assert desk.run("/retry") == "generate"
    assert desk.run("/bye") == "leave"
    assert desk.run("/step") == "step"


@pytest.mark.parametrize(
    "line",
    [
        "/", "/nope", "/Set", "/set nope 1", "/temp -1", "/top-k x", "/temperatur", "/set temp -1",
        "/set temp nan", "/set top-k 1.5",
        "/set on-unknown perhaps", "/show nope", "/seed -1", "/seed x", "/seed ²", "/undo", "/retry",
        "/beam -1", "/beam x", "/beam 10001", "/set beam 0x",
        "/count 0", "/count 17", "/count x", "/probs 0", "/heat x", "/probs 9999999999", "/seed " + "9" * 5000,
        "/branch a b", "/branch -x", "/branch \x1b[31m", "/branch \u202e", "/branch " + "x" * 41, "/return",
        "/return nowhere", "/save", "/save --force", "/load", "/export", "/save \0", "/save \ud800",
    ],
)  # fmt: skip
def test_mistakes_are_one_line_and_change_nothing(desk: Any, line: str) -> None:
    before = desk.talk.config
    with pytest.raises(CharlmError) as problem:
        desk.run(line)
    assert isinstance(problem.value, UsageError)
    assert "\n" not in str(problem.value)
    assert desk.talk.config == before


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("length", "30", SampleConfig(length=30)),
        ("top-p", "1", SampleConfig(top_p=1.0)),
        ("repeat-penalty", "1.3", SampleConfig(repeat_penalty=1.3)),
        ("repeat_last_n", "20", SampleConfig(repeat_last_n=20)),
        ("temperature", " 2 ", SampleConfig(temperature=2.0)),
        ("on-unknown", "skip", SampleConfig(on_unknown="skip")),
        ("stop", "END", SampleConfig(stop=("END",))),
        ("stop", "\\n\\n", SampleConfig(stop=("\n\n",))),
        ("stop", "", SampleConfig(stop=())),
    ],
)
def test_settings_are_parsed_by_their_type(name: str, value: str, expected: SampleConfig) -> None:
    assert parse_setting(SampleConfig(stop=("x",) if name == "stop" else ()), name, value) == expected


def test_every_setting_there_is_can_be_set() -> None:
    other = {int: "3", float: "0.5", bool: "on", str: "skip", tuple: "x", type(None): "x"}
    for field in dataclasses.fields(SampleConfig):
        value = other[type(field.default)]
        changed = parse_setting(SampleConfig(), field.name.replace("_", "-"), value)
        assert getattr(changed, field.name) != field.default, field.name


@pytest.mark.parametrize(
    ("typed", "stops"),
    [
        ("END", ("END",)),
        ("END \\n\\n", ("END", "\n\n")),
        ('"THE END" x', ("THE END", "x")),
        (r'"say \"hi\"" a\\b', ('say "hi"', "a\\b")),
        ('"off"', ("off",)),
        ("off", ()),
        ('""', ()),
    ],
)
def test_stop_texts(desk: Any, typed: str, stops: tuple[str, ...]) -> None:
    desk.run("/stop before")
    desk.run("/stop " + typed)
    assert desk.talk.config.stop == stops
    assert desk.shown("/stop") == f"stop {', '.join(map(repr, stops)) or 'none'}\n"


def test_count(desk: Any) -> None:
    assert (desk.shown("/count"), desk.shown("/count 4"), desk.context.count) == ("count 1\n", "count 4\n", 4)


def test_beam(desk: Any) -> None:
    assert desk.shown("/beam") == "beam off, text is sampled\n"
    assert (desk.shown("/set beam 4"), desk.context.beam) == ("beam 4\n", 4)
    assert re.search("^beam +4 *$", desk.shown("/set"), re.MULTILINE)
    assert (desk.shown("/set count 4"), desk.context.count) == ("count 4\n", 4)
    for off in ("/beam off", "/set beam 0"):
        desk.shown("/beam 5")
        assert (desk.shown(off), desk.context.beam) == ("beam off, text is sampled\n", 0)


@pytest.mark.parametrize("line", ["/set temp 0.5", "/set top-k 3", "/regex a+", "/set template a{y:b}", "/count 5"])
def test_a_beam_and_what_it_has_no_use_for(desk: Any, line: str) -> None:
    desk.shown("/beam 4")
    with pytest.raises(UsageError, match=r"^--beam draws nothing, so|^`count` is 5; it must be from"):
        desk.run(line)
    assert (desk.talk.config, desk.context.count) == (SampleConfig(length=5), 1)
    desk.shown("/beam off")
    desk.shown(line)
    with pytest.raises(UsageError, match=r"^--beam draws nothing, so|^`count` is 5; it must be from"):
        desk.run("/beam 4")
    assert desk.context.beam == 0


def test_length_and_stops_go_with_a_beam(desk: Any) -> None:
    desk.shown("/beam 4")
    desk.shown("/set length 7"), desk.shown("/stop b"), desk.shown("/set temp 0")
    assert desk.talk.config == SampleConfig(length=7, stop=("b",), temperature=0)
