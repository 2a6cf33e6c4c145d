"""What the console tells beside the text itself: greeting, settings, model, help, and where a text stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from charlm.config import ModelConfig, SampleConfig
from charlm.text.vocabulary import Vocabulary
from charlm.ui.sanitize import visible, visible_line
from charlm.ui.wording import model_line

__all__ = ["commands", "error", "greeting", "model_card", "note", "settings", "tail", "vocabulary"]

TAIL = 200


def note(message: str) -> Text:
    """Write a remark, one line."""
    return Text(visible_line(message), "dim")


def error(message: str) -> Text:
    """Write an error, one line."""
    return Text(visible_line(message), "bold red")


def greeting(config: ModelConfig, symbols: int, parameters: int, seed: int) -> Text:
    """Write the line with which a session begins."""
    return note(f"{_model(config, symbols, parameters)} · seed {seed} · /help")


def settings(config: SampleConfig, seed: int) -> Table:
    """List what ``/set`` can change, and the seed."""
    values = {name.replace("_", "-"): _setting(value) for name, value in dataclasses.asdict(config).items()}
    return _pairs({**values, "seed": str(seed)})


def _setting(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(repr(entry) for entry in value) or "none"
    return str(value)


def model_card(config: ModelConfig, symbols: int, parameters: int) -> Text:
    """Describe a model in a line."""
    return Text(_model(config, symbols, parameters))


def _model(config: ModelConfig, symbols: int, parameters: int) -> str:
    details = {"config": {"model": dataclasses.asdict(config)}, "vocabulary": symbols, "parameters": parameters}
    return model_line(details)


def vocabulary(known: Vocabulary) -> Text:
    """List all symbols that a model can write."""
    symbols = (f"{s:02x}" if isinstance(s, int) else _symbol(s) for s in known.symbols)
    return Text(f"{len(known)} symbols, unit {known.unit}: " + " ".join(symbols))


def _symbol(symbol: str) -> str:
    return "␠" if symbol == " " else visible_line(symbol)


def commands(lines: Mapping[str, str]) -> Table:
    """List the commands: how each is typed, and what it does."""
    return _pairs(lines)


def tail(text: str) -> Text:
    """Show how a text ends, for a person who has gone back in it."""
    if not text:
        return note("the text is empty")
    return Text.assemble(("the text ends:\n", "dim"), ("…" if len(text) > TAIL else "") + visible(text[-TAIL:]))


def _pairs(rows: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(Text(visible_line(name), "bold"), Text(visible_line(value)))
    return table
