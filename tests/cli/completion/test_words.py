from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from charlm.cli.app import build
from charlm.cli.commands import COMMANDS
from charlm.cli.completion.values import VALUES, file_names
from charlm.cli.completion.words import candidates
from charlm.cli.help.page import is_flag, takes_value, value_name
from charlm.config.presets import PresetName
from charlm.text.builtin import NAMES

PROGRAM = build()
BUILTIN = [f"builtin:{name}" for name in NAMES]
FILES = ["a$b.txt", "checkpoints/", "it's.txt", "old.npz", "sub/", "train/", "two words.txt"]
TYPED = {"N", "N[-M]", "K", "X", "P", "STRING", "PATTERN"}


def found(*words: str) -> list[str]:
    return [one.value for one in candidates(PROGRAM, words[:-1], words[-1])]


def leaves(command: Any = PROGRAM) -> Iterator[Any]:
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from leaves(inner)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([""], [*COMMANDS]),
        (["tr"], ["train", "transduce"]),
        (["nonsense", ""], []),
        (["--v"], ["--version"]),
        (["corpus", ""], ["list", "make", "stats"]),
        (["corpus", "make", "s"], ["skazki", "sums", "sort"]),
        (["corpus", "make", "sums", ""], []),
        (["train", "--mod"], ["--model"]),
        (["train", "--no-d"], ["--no-documents"]),
        (["train", "--model", ""], ["rnn", "lstm", "gru"]),
        (["train", "--model", "l"], ["lstm"]),
        (["train", "--model=l"], ["--model=lstm"]),
        (["train", "--on_nan", "r"], ["rollback"]),
        (["train", "--nonsense=", ""], [*BUILTIN, *FILES]),
        (["train", "--hidden-size", ""], []),
        (["train", "--quiet=x"], []),
        (["train", "--preset", ""], [*get_args(PresetName)]),
        (["train", "--encoding", "utf-1"], ["utf-16"]),
        (["train", "--out", ""], ["checkpoints/", "sub/", "train/"]),
        (["train", "builtin:s"], ["builtin:skazki", "builtin:sums"]),
        (["train", "two words.txt", "--quiet", "i"], ["it's.txt"]),
        (["train", "--", "--mod"], []),
        (["train", "sub/"], ["sub/x.txt"]),
        (["train", ".h"], [".hidden"]),
        (["train", "bad"], []),
        (["train", "--init-from", "p"], ["poems", "pretrained/tales"]),
        (["sample", "m"], ["my run"]),
        (["sample", "o"], ["old.npz"]),
        (["sample", "checkpoints/p"], ["checkpoints/poems/"]),
        (["sample", "checkpoints/poems/"], ["checkpoints/poems/last.npz"]),
        (["sample", "poems", ""], []),
        (["sample", "--prompt", "a b", "--num_samples", "3", "po"], ["poems"]),
        (["resume", "po"], ["poems"]),
        (["plot", "poems", "my"], ["my run"]),
        (["eval", "poems", "it"], ["it's.txt"]),
        (["score", "--html", "a"], ["a$b.txt"]),
    ],
)  # fmt: skip
def test_what_a_word_may_become(here: Path, words: list[str], expected: list[str]) -> None:
    assert found(*words) == expected


def test_the_newest_run_comes_first_and_folders_stay(here: Path) -> None:
    assert found("sample", "")[:2] == ["my run", "poems"]
    assert found("sample", "")[-3:] == ["old.npz", "sub/", "train/"]


def test_a_flag_is_offered_once_unless_it_may_be_repeated(here: Path) -> None:
    flags = found("sample", "--")
    assert {"--temp", "--stop", "--json", "--help"} <= set(flags)
    assert "--primetext" not in flags
    again = found("sample", "--temp", "1", "--stop", "x", "--json", "--")
    assert "--stop" in again
    assert not {"--temp", "--json"} & set(again)


def test_explanations_are_those_of_the_help(here: Path) -> None:
    explained = {one.value: one.help for one in candidates(PROGRAM, [], "")}
    assert explained["resume"] == "Continue a run exactly where it stopped"
    explained = {one.value: one.help for one in candidates(PROGRAM, ["train"], "--")}
    assert explained["--out"].startswith("Run folder")


@pytest.mark.parametrize("command", list(leaves()), ids=lambda command: command.name)
def test_every_value_can_be_completed_or_has_to_be_typed(command: Any) -> None:
    names = {value_name(param) for param in command.params if not is_flag(param) or takes_value(param)}
    assert {name for name in names if "|" not in name} <= {*VALUES, *TYPED}


def test_files_of_a_home(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("USERPROFILE", str(here))
    assert file_names("~/tw") == ["~/two words.txt"]
    assert file_names("nowhere/") == file_names("a\0b/") == file_names("~nobody-at-all/") == []
