from __future__ import annotations

import pytest

from charlm.cli.app import COMMANDS
from charlm.cli.entry import run
from charlm.cli.help import NARROW


@pytest.mark.parametrize("columns", [30, 40, NARROW - 1, NARROW, 80])
@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS), ["corpus"], ["corpus", "make"]])
def test_help_stays_within_the_terminal(
    command: list[str], columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run([*command, "--help"]) == 0
    text = capsys.readouterr().out
    too_long = [row for row in text.split("\n") if len(row) > columns]
    assert all(row.startswith("  --") or len(row.split()) == 1 for row in too_long)  # what cannot be broken
    assert "Show this message and exit." in " ".join(text.split())


def test_in_a_narrow_terminal_a_commands_sentence_is_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert "..." not in text.partition("Commands:")[2]
    assert "Show how much each character of a text surprises a model" in " ".join(text.split())
