"""The next-character distribution as bars, for the console's ``/probs`` and ``/step``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from charlm.text.symbols import STOP
from charlm.text.vocabulary import Vocabulary
from charlm.ui.sanitize import visible_line

__all__ = ["ProbabilityBars", "SymbolProbability", "likeliest", "symbol_name"]

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_WIDEST = 40


class SymbolProbability(NamedTuple):
    """A symbol and its probability.

    Parameters
    ----------
    symbol : int
        Its id.
    name : str
        For display.
    probability : float
    """

    symbol: int
    name: str
    probability: float


def symbol_name(symbol: str | int) -> str:
    r"""Return a visible name of a symbol: spaces and controls as pictures, bytes beyond ASCII in hexadecimal.

    Examples
    --------
    >>> symbol_name(" "), symbol_name("\n"), symbol_name(0x41), symbol_name(0xe4)
    ('␠', '␊', 'A', '\\xe4')
    """
    if symbol == STOP:
        return "end"
    if isinstance(symbol, int):
        return symbol_name(chr(symbol)) if symbol < 0x80 else f"\\x{symbol:02x}"
    if symbol == " ":
        return "␠"
    shown = visible_line(symbol)
    if shown.isspace():  # another blank of Unicode
        return f"U+{ord(shown[0]):04X}"
    return shown if cell_len(shown) else "◌" + shown


def likeliest(vocabulary: Vocabulary, probabilities: NDArray[np.float64], most: int) -> list[SymbolProbability]:
    """Return the `most` likeliest symbols, the likeliest first, without those of probability 0."""
    order = np.argsort(-probabilities, kind="stable")[:most]
    return [
        SymbolProbability(k, symbol_name(vocabulary.symbols[k]), float(probabilities[k]))
        for k in order.tolist()
        if probabilities[k] > 0
    ]


class ProbabilityBars:
    """A renderable: a row for each symbol with name, probability and bar; the last row is the sum of all others.

    Parameters
    ----------
    rows : sequence of SymbolProbability
    numbered : bool
        Whether the rows have numbers.
    """

    def __init__(self, rows: Sequence[SymbolProbability], *, numbered: bool = False) -> None:
        self.rows = rows
        self.numbered = numbered

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names = max((cell_len(row.name) for row in self.rows), default=0)
        numbers = len(str(len(self.rows))) + 1 if self.numbered else 0
        width = min(_WIDEST, options.max_width - numbers - names - len(" 100.0 % ") - 1)
        for k, row in enumerate(self.rows, 1):
            number = Text(f"{k:>{numbers - 1}} " if self.numbered else "", "dim")
            name = Text(row.name + " " * (names - cell_len(row.name)), "bold")
            figure = f" {_percent(row.probability)} "
            yield Text.assemble(number, name, figure, _bar(row.probability, width), no_wrap=True, overflow="crop")
        others = 1 - sum(row.probability for row in self.rows)
        if others > 5e-4:
            blank = " " * (numbers + names)
            yield Text(f"{blank} {_percent(others)} all others", "dim", no_wrap=True, overflow="crop")


def _percent(share: float) -> str:
    """Format a share in seven columns."""
    return f"{100 * share:5.1f} %" if share >= 5e-4 else " <0.1 %"


def _bar(share: float, width: int) -> str:
    r"""Draw a bar of eighths of a cell.

    Examples
    --------
    >>> _bar(0.5, 3)
    '█▌'
    """
    eighths = round(8 * share * max(width, 0))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
