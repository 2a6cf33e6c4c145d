from __future__ import annotations

import inspect
import itertools
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from charlm.cli.app import build
from charlm.cli.entry import run
from charlm.cli.help.examples import EXAMPLES
from charlm.cli.help.page import NARROW, takes_value
from charlm.cli.parsing import ProgramCommand, ProgramGroup
from charlm.config import ModelConfig, TrainConfig
from charlm.config.presets import PRESETS, preset_settings
from charlm.text.vocabulary import Vocabulary

PROGRAM = build()


def tree(command: Any = PROGRAM, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command and group with the words that lead to it."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from tree(inner, f"{path} {name}".strip())


ALL = dict(tree())


def page(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run([*command.split(), "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.mark.parametrize("columns", [30, 40, NARROW - 1, NARROW, 80, 120])
@pytest.mark.parametrize("command", ALL)
def test_help_stays_within_the_terminal_and_says_all(
    command: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = page(command, capsys, monkeypatch, columns)
    assert [row for row in text.split("\n") if len(row) > columns and len(row.split()) > 1] == []
    assert "..." not in text.replace("]...", "").replace("RUN...", "")
    assert "\u2026" not in text
    words = " ".join(text.split())
    assert "Show this message and exit." in words
    for param in ALL[command].params:
        assert " ".join((param.help or "").split()) in words
        assert all(name in words for name in (*param.opts, *param.secondary_opts) if name.startswith("-"))


@pytest.mark.parametrize("command", ALL)
def test_every_command_reads_its_arguments_as_the_others_do(command: str) -> None:
    assert isinstance(ALL[command], (ProgramCommand, ProgramGroup))
    for param in ALL[command].params:
        assert param.help, param.name
        if not param.opts[0].startswith("-") or takes_value(param):
            assert param.metavar, f"{command} {param.name}: its value has no name in the help"
            assert not set(param.metavar) & set("[]. ") or param.metavar == "N[-M]"


@pytest.mark.parametrize("command", ALL)
def test_examples_are_calls_that_the_command_takes(command: str) -> None:
    assert EXAMPLES[command]
    for line, purpose in EXAMPLES[command]:
        program, *words = shlex.split(line)
        assert program == "charlm"
        assert purpose
        assert words[: len(command.split())] == command.split()
        found: Any = PROGRAM
        while hasattr(found, "commands"):
            found = found.commands[words.pop(0)]
        found.make_context("charlm", words)


def test_nothing_else_has_examples() -> None:
    assert set(EXAMPLES) <= set(ALL)


def test_flags_of_train_are_in_panels(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = page("train", capsys, monkeypatch, 80).split("\n")
    titles = [row for row in rows if row.endswith(":") and not row.startswith(" ")]
    assert titles == [
        *("Arguments:", "Common:", "Model:", "Learning:", "Text:", "Pairs:", "Run:", "Output:", "Examples:"),
    ]
    ends = [*(rows.index(title) for title in titles), len(rows)]
    sizes = {rows[a]: sum(row.startswith("  -") for row in rows[a:b]) for a, b in itertools.pairwise(ends)}
    assert max(sizes.values()) <= 18
    assert rows[0] == "Usage: charlm train [OPTIONS] [CORPUS]..."


def test_defaults_of_train_are_those_in_force(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = {param.name: param.show_default for param in ALL["train"].params}
    by_default = [preset_settings(name, 10**6, {}) for name in ("quick", "small", "base", "large")]
    values = {
        name: getattr(config, name)
        for config in (ModelConfig(), TrainConfig())
        for name in config.__dataclass_fields__
        if name in shown
    }
    names = inspect.signature(Vocabulary.from_text).parameters
    values |= {name: names[name].default for name in ("unit", "normalize")}
    assert len(values) > 30
    for name, value in values.items():
        if any(name in settings.model or name in settings.train for settings in by_default):
            assert shown[name] == "by preset", name
        elif value is None or value is False:
            assert shown[name] is False, name
        else:
            assert str(shown[name]).removesuffix(".0") == f"{value}".removesuffix(".0"), name
    text = " ".join(page("train", capsys, monkeypatch, 80).split())
    assert "[default: by preset]" in text
    assert "Held-out share of the text; 0: none. [default: 0.1]" in text
    assert set(PRESETS) <= set(text.replace(",", "").replace(".", "").split())


def test_defaults_of_sample_are_those_of_its_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = " ".join(page("sample", capsys, monkeypatch, 80).split())
    for said in (
        "continuation; left out, 500 and the rest of the line.",
        "become likelier. [default: 0.8]",
        "[default: utf-8]",
        "[default: 1]",
    ):
        assert said in text


def test_in_a_narrow_terminal_a_commands_sentence_is_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert "Measure the speed of training and sampling on this machine" in " ".join(text.split())
