"""Messages about work that takes long."""

from __future__ import annotations

import contextlib
import importlib
import io
import pkgutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import charlm
from charlm.cli import commands
from charlm.cli.entry import run
from charlm.cli.terminal import waiting
from charlm.cli.terminal.waiting import adding

ERASED = "\r\x1b[2K"
TEXT = "the cat sat on the mat. " * 40


def until(file: io.StringIO, words: str) -> None:
    end = time.monotonic() + 20
    while words not in file.getvalue():
        assert time.monotonic() < end, file.getvalue()
        time.sleep(0.01)


def screen(**settings: Any) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=24, **{"force_terminal": True, "color_system": None, **settings}), file


def test_a_row_on_a_terminal_that_goes_again() -> None:
    console, file = screen()
    with waiting.waiting("evaluating", console=console, patience_s=0) as progress:
        until(file, "evaluating: 0:00")
        progress(1, 4)
        until(file, "evaluating: 25%, ")
    assert "\n" not in file.getvalue()
    assert file.getvalue().endswith(ERASED)


def test_it_keeps_to_the_width() -> None:
    console, file = screen()
    with waiting.waiting("looking for what takes more than a row", console=console, patience_s=0):
        until(file, "…")
    rows = file.getvalue().split(ERASED)
    assert max(map(len, rows)) == 23


@pytest.mark.parametrize(
    ("moving", "settings"),
    [(True, {"force_terminal": False}), (False, {}), (True, {"_environ": {"TERM": "dumb"}})],
    ids=["no terminal", "no moving screen", "a dumb terminal"],
)
def test_lines_elsewhere(moving: bool, settings: dict[str, Any]) -> None:
    console, file = screen(**settings)
    with waiting.waiting("evaluating", moving=moving, console=console, patience_s=0):
        until(file, "\n")
    assert file.getvalue() == "evaluating: 0:00\n"


def test_nothing_about_what_is_quick() -> None:
    console, file = screen()
    with waiting.waiting("evaluating", console=console, patience_s=1000) as progress:
        progress(1, 4)
    assert file.getvalue() == ""


def test_an_error_takes_the_row_away_too() -> None:
    console, file = screen()
    row = contextlib.ExitStack()
    row.enter_context(waiting.waiting("evaluating", console=console, patience_s=0))
    until(file, "evaluating")
    with pytest.raises(KeyboardInterrupt), row:
        raise KeyboardInterrupt
    assert file.getvalue().endswith(ERASED)


def test_a_terminal_that_is_gone_ends_nothing() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            super().write(text)
            raise OSError(5, "Input/output error")

    file = Gone()
    with waiting.waiting("evaluating", console=Console(file=file, force_terminal=True), patience_s=0):
        until(file, "\r")


def test_adding() -> None:
    seen: list[tuple[int, int]] = []
    add = adding(lambda *now: seen.append(now), 9)
    add(2)
    add(3)
    assert seen == [(2, 9), (5, 9)]


class TestCommands:
    """Every command that may take long says what it is about, and where it can, how far it is."""

    @pytest.fixture
    def told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[int, int]]]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.stdin", None)
        Path("t.txt").write_text(TEXT, "utf-8")
        small = ["--steps", "1", "--hidden-size", "4", "--batch-size", "2", "--seq-length", "9", "--quiet"]
        assert run(["train", "t.txt", *small]) == 0
        seen: dict[str, list[tuple[int, int]]] = {}

        @contextlib.contextmanager
        def noted(task: str, *, moving: bool = True) -> Iterator[waiting.Progress]:
            seen.setdefault(task, [])
            yield lambda *now: seen[task].append(now)

        for found in pkgutil.iter_modules(commands.__path__, "charlm.cli.commands."):
            importlib.import_module(found.name)
        real = waiting.waiting
        for name, module in list(sys.modules.items()):
            if name.startswith("charlm.cli") and getattr(module, "waiting", None) is real:
                monkeypatch.setattr(module, "waiting", noted)
        return seen

    @pytest.mark.parametrize(
        ("words", "silent", "counted"),
        [
            (["eval", "t", "t.txt"], ["reading the text"], {"evaluating": len(TEXT) - 1}),
            (["eval", "t", "t.txt", "--dynamic"], ["reading the text"], {"evaluating": len(TEXT) - 1}),
            (["eval", "t"], ["reading the training text"], {"evaluating": 95}),
            (
                ["eval", "t", "t.txt", "--baseline", "t.txt"],
                ["reading the text", "fitting the n-gram baseline"],
                {"evaluating": len(TEXT) - 1},
            ),
            (["score", "t", "t.txt"], ["reading the text"], {"scoring": len(TEXT) - 1}),
            (
                ["corpus", "stats", "t.txt", "--baseline"],
                ["reading the text", "counting", "fitting the n-gram baseline"],
                {},
            ),
            (["corpus", "make", "sums", "--size", "99"], ["making the text"], {}),
            (["train", "t.txt", "--steps", "1", "--dry-run"], ["reading the text", "planning the run"], {}),
            (["sample", "t", "--length", "9"], ["reading the prompt"], {}),
            (
                ["sample", "t", "--length", "9", "--count", "3", "--output", "o"],
                ["reading the prompt"],
                {"writing": 27},
            ),
            (["sample", "t", "--length", "9", "--json", "--output", "o"], ["reading the prompt"], {"writing": 9}),
            (["sample", "t", "--length", "9", "--beam", "2"], [], {"searching": 9}),
            (
                ["sample", "t", "--length", "9", "--novelty"],
                ["reading the prompt", "reading the training text"],
                {"writing": 9, "looking for quotations": 864},
            ),
            (["gradcheck", "--hidden-size", "2", "--entries", "1"], ["checking"], {}),
            (["bench", "--hidden-size", "4", "--seconds", "0.01", "--workers", "1"], ["measuring"], {}),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_what_they_tell(
        self,
        words: list[str],
        silent: list[str],
        counted: dict[str, int],
        told: dict[str, list[tuple[int, int]]],
        capsys: pytest.CaptureFixture[str],  # a standard output that is no file
    ) -> None:
        assert run(words) == 0
        assert {task for task, calls in told.items() if not calls} == set(silent)
        assert {task: calls[-1] for task, calls in told.items() if calls} == {
            task: (total, total) for task, total in counted.items()
        }

    def test_a_person_who_types_the_text_is_not_disturbed(
        self, told: dict[str, list[tuple[int, int]]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Typed(io.TextIOWrapper):
            def isatty(self) -> bool:
                return True

        monkeypatch.setattr("sys.stdin", Typed(io.BytesIO(b"the cat")))
        assert run(["eval", "t", "-"]) == 0
        assert set(told) == {"evaluating"}


class TestLibrary:
    @pytest.mark.parametrize("stop", [False, True])
    @pytest.mark.parametrize("dynamic", [None, charlm.DynamicConfig(length=7)])
    def test_evaluate_tells_and_returns_the_same(self, stop: bool, dynamic: charlm.DynamicConfig | None) -> None:
        text = "abc cab\n" * 30
        vocabulary = charlm.Vocabulary.from_text(text, stop=stop)
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=4), vocabulary)
        seen: list[tuple[int, int]] = []
        result = charlm.evaluate(model, text, dynamic=dynamic, progress=lambda *now: seen.append(now))
        assert result == charlm.evaluate(model, text, dynamic=dynamic)
        assert seen == sorted(seen)
        assert seen[-1] == (result.symbols, result.symbols)

    @pytest.mark.parametrize("stop", [False, True])
    def test_score_tells(self, stop: bool) -> None:
        text = "abc cab\n" * 30
        vocabulary = charlm.Vocabulary.from_text(text, stop=stop)
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=4), vocabulary)
        seen: list[tuple[int, int]] = []
        charlm.score(model, text, progress=lambda *now: seen.append(now))
        symbols = charlm.evaluate(model, text).symbols
        assert seen[-1] == (symbols, symbols)
