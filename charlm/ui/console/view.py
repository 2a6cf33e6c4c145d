"""Renderables of the console beside the text: greeting, settings, model, help, step mode, the end of the text."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from charlm.config import SampleConfig
from charlm.config.settings import settings_of
from charlm.generation.constraint.trie import shortened
from charlm.models.mixture import Mixture
from charlm.models.predictor import Predictor
from charlm.text.vocabulary import Vocabulary
from charlm.ui.console.probability_bars import ProbabilityBars, SymbolProbability, symbol_name
from charlm.ui.flags import as_flags
from charlm.ui.predictor import predictor_line
from charlm.ui.sanitize import visible, visible_line

__all__ = [
    "TAIL",
    "TYPED",
    "branches",
    "commands",
    "error",
    "first_steps",
    "greeting",
    "mixture",
    "model_card",
    "note",
    "pattern",
    "setting",
    "settings",
    "status",
    "step_panel",
    "stops",
    "tail",
    "vocabulary",
]

TAIL = 200
TYPED = "bold cyan"
"""Style of typed text."""
_LAST_WORDS = 30
_LONGEST = 200  # displayed characters of a setting


def note(message: str) -> Text:
    """Return a note, one line."""
    return Text(visible_line(message), "dim")


def error(message: str) -> Text:
    """Return an error, one line, with settings as ``/set`` names them."""
    return Text(visible_line(as_flags(message, dashes="")), "bold red")


def greeting(model: Predictor, seed: int) -> Text:
    """Return the first line of a session."""
    return note(f"{predictor_line(model)} · seed {seed}")


def first_steps() -> Text:
    """Return the line on how to begin."""
    return note("Type how a text begins, then Enter. /help lists commands, Ctrl-D leaves.")


def settings(config: SampleConfig, *, beam: int, count: int, seed: int) -> Table:
    """List the settings that ``/set`` changes, and the seed."""
    values = {name.replace("_", "-"): _setting(value) for name, value in dataclasses.asdict(config).items()}
    return _pairs({**values, "beam": str(beam or "off"), "count": str(count), "seed": str(seed)})


def setting(config: SampleConfig, name: str) -> Text:
    """Return a setting by its field, one line."""
    return note(f"{name.replace('_', '-')} {_setting(getattr(config, name))}")


def status(
    config: SampleConfig, *, beam: int, count: int, heat: bool, characters: int, mix: Mapping[str, float]
) -> RenderableType:
    """Return the row above a prompt: settings that differ from the defaults, and the length of the text."""
    declared = settings_of(SampleConfig).values()
    changed = {
        one.typed_name: getattr(config, one.name) for one in declared if getattr(config, one.name) != one.default
    }
    members = " ".join(f"{name}:{weight:.2f}" for name, weight in mix.items())
    modes = (
        [f"mix {members}"] * bool(mix)
        + ["heat"] * heat
        + [f"beam {beam}"] * (beam > 0)
        + [f"count {count}"] * (count > 1)
    )
    settings = [f"{name} {_setting(value)}" for name, value in changed.items()]
    return _Status(" · ".join(modes + settings), f"{characters:,} chars")


class _Status:
    """A renderable: a row of two parts, of which the first is cut if necessary."""

    def __init__(self, first: str, second: str) -> None:
        self._first, self._second = visible_line(first), visible_line(second)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width - cell_len(self._second) - len(" · ")
        first = Text(self._first, no_wrap=True)
        first.truncate(max(room, 0), overflow="ellipsis")
        row = Text(first.plain + (" · " if first.plain else "") + self._second, "dim", no_wrap=True)
        row.truncate(options.max_width, overflow="ellipsis")
        yield row


def stops(texts: Sequence[str]) -> Text:
    """List the stop texts."""
    return note(f"stop {_setting(tuple(texts))}")


def pattern(regex: str) -> Text:
    """Return the pattern of the text."""
    return note(f"regex {_setting(regex)}" if regex else "regex: none, text is free")


def branches(rows: Mapping[str, tuple[int, str]]) -> RenderableType:
    """List branches: name, characters, end of the text."""
    if not rows:
        return note("there are no branches; /branch names this position")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for name, (characters, end) in rows.items():
        table.add_row(Text(visible_line(name), "bold"), f"{characters:,}", Text(visible_line(end[-_LAST_WORDS:])))
    return table


def step_panel(
    before: Iterable[tuple[str, bool]], rows: Sequence[SymbolProbability], remark: RenderableType | None = None
) -> RenderableType:
    """Show the end of the text in one row, the next-character distribution, and a remark."""
    end = Text(no_wrap=True, end="")
    for text, typed in before:
        end.append(visible_line(text), TYPED if typed else "")
    return Group(_LastRow(end), ProbabilityBars(rows, numbered=True), *([] if remark is None else [remark]))


class _LastRow:
    """A renderable: the end of a text, as much as fits into a row, and a mark for the next character."""

    def __init__(self, text: Text) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width - 2
        begin = len(self._text)
        while begin and (room := room - cell_len(self._text.plain[begin - 1])) >= 0:
            begin -= 1
        yield Text.assemble(self._text[begin:], ("▁", "dim"), no_wrap=True, overflow="crop")


def _setting(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(repr(entry) for entry in value) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    text = "none" if value in (None, "") else str(value)
    if len(text) > _LONGEST:
        text = shortened(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… {len(text):,} characters"


def model_card(model: Predictor) -> Text:
    """Return the description of a model, one line."""
    return Text(predictor_line(model))


def mixture(members: Sequence[tuple[str, float, Predictor]]) -> RenderableType:
    """List the members of a mixture: weight, name, description."""
    if len(members) == 1:
        ((name, _, model),) = members
        return note(f"mix off, {name} writes alone{f': {predictor_line(model)}' * isinstance(model, Mixture)}")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, weight, model in members:
        described = Text.assemble((visible_line(name), "bold"), (f" · {predictor_line(model)}", "dim"))
        table.add_row(Text(f"{weight:.3f}"), described)
    return table


def vocabulary(known: Vocabulary) -> Text:
    """List all symbols of a vocabulary."""
    symbols = (f"{s:02x}" if isinstance(s, int) else symbol_name(s) for s in known.symbols)
    return Text(f"{len(known)} symbols, unit {known.unit}: " + " ".join(symbols))


def commands(lines: Mapping[str, str]) -> Table:
    """List commands: how each is typed, and what it does."""
    return _pairs(lines)


def tail(text: str, *, length: int) -> Text:
    """Show the end of a text of `length` characters, after a command has moved there."""
    if not text:
        return note("the text is empty")
    return Text.assemble(("the text ends:\n", "dim"), ("…" if length > TAIL else "") + visible(text[-TAIL:]))


def _pairs(rows: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(Text(visible_line(name), "bold"), Text(visible_line(value)))
    return table
