"""Make the pictures of README.md and of the documentation: ``python docs/pictures.py``.

Each shows the program in a terminal of 80 columns, drawn by its own SVG export. One shows a training run, which
takes a minute on two quiet cores. The script needs the extra ``test``.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pexpect
import pyte
from pyte import graphics
from rich.style import Style
from rich.text import Text

from charlm.ui.page.export import to_svg

FOLDER = Path(__file__).with_name("pictures").absolute()
COLUMNS = 80

graphics.TEXT[2] = "+blink"  # pyte knows no faint text; charlm shows nothing that blinks
COLOURS = {name: code - 30 for code, name in graphics.FG_ANSI.items()}
COLOURS |= {name: code - 90 + 8 for code, name in graphics.FG_AIXTERM.items()}


def main() -> None:
    """Make all pictures, in a folder without runs, where the model that came with charlm is taken."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        picture("console", write())
        read()
        picture("training", train())


def train() -> Screen:
    """Train; return the dashboard towards the end."""
    screen = Screen("train", "--steps", "2000", rows=34)
    screen.wait(lambda: any(int(share) >= 95 for share in re.findall(r"(\d+)%", screen.text)), within_s=900)
    return screen


def write() -> Screen:
    """Write a text with the shipped model; return the screen with its surprisal and the next characters."""
    screen = Screen("console", "--seed", "22", "--length", "216", rows=28)
    for line in ("/heat on", "Once upon a time", "/step"):
        screen.wait(screen.is_ready)
        screen.type(f"{line}\r")
    screen.wait(lambda: "Esc ends" in screen.text)
    return screen


def read() -> None:
    """Draw a text by its surprisal, and another by one unit of the shipped model."""
    strange = "Once upon a time there lived a young cobbler called Juna, who owned a submarine."
    spoken = '"I am so bored," said the troll, "that I let nobody pass without a riddle." "Then ask," said Barnaby.'
    for name, *command in (
        ("heat", "score", "--text", strange),
        ("inspect", "inspect", "--text", spoken, "--cell", "48"),
    ):
        call = [sys.executable, "-m", "charlm", *command, "--svg", str(FOLDER / f"{name}.svg"), "--force"]
        subprocess.run(call, check=True, stdout=subprocess.DEVNULL)


def picture(name: str, screen: Screen) -> None:
    """Write what a screen shows as an SVG picture, and end its program."""
    (FOLDER / f"{name}.svg").write_text(to_svg(screen.shown(), title=screen.title), "utf-8")
    screen.close()


class Screen:
    """A call of charlm in a terminal.

    Parameters
    ----------
    arguments : str
    rows : int
    """

    def __init__(self, *arguments: str, rows: int) -> None:
        self.title = " ".join(["charlm", *arguments])
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "CHARLM_HISTORY": "off"}
        self._child = pexpect.spawn(
            sys.executable, ["-m", "charlm", *arguments], dimensions=(rows, COLUMNS), env=environment
        )
        self._screen: Any = pyte.Screen(COLUMNS, rows)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def text(self) -> str:
        """The rows down to the last that is not empty."""
        return "\n".join(row.rstrip() for row in self._screen.display).rstrip("\n")

    def is_ready(self) -> bool:
        """Whether the console waits for a line."""
        return self.text.endswith("\n>")

    def type(self, keys: str) -> None:
        """Press keys."""
        self._child.send(keys)
        self._read()

    def wait(self, seen: Callable[[], bool], within_s: float = 20) -> None:
        """Read until the screen shows something and nothing more is being drawn."""
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            if not self._read() and seen():
                return
        raise SystemExit(f"waited in vain; the screen is:\n{self.text}")

    def _read(self) -> bool:
        """Read what is drawn within a tenth of a second; return whether there was anything."""
        try:
            self._stream.feed(self._child.read_nonblocking(1 << 16, timeout=0.1))
        except pexpect.TIMEOUT:
            return False
        return True

    def shown(self) -> Text:
        """Return the screen as rich text."""
        rows = self.text.count("\n") + 1
        return Text("\n").join(self._row(k) for k in range(rows))

    def _row(self, k: int) -> Text:
        cells = (self._screen.buffer[k][x] for x in range(COLUMNS))
        return Text.assemble(*(("".join(cell.data for cell in group), key) for key, group in groupby(cells, style)))

    def close(self) -> None:
        """End the program."""
        self._child.close(force=True)


def style(cell: Any) -> Style:
    """Return the style of a cell of the screen."""
    return Style(
        color=colour(cell.fg),
        bgcolor=colour(cell.bg),
        bold=cell.bold,
        dim=cell.blink,
        italic=cell.italics,
        underline=cell.underscore,
        reverse=cell.reverse,
    )


def colour(name: str) -> str | None:
    """Return a colour of pyte by its name in rich; None for the default."""
    if name == "default":
        return None
    return f"color({COLOURS[name]})" if name in COLOURS else f"#{name}"


if __name__ == "__main__":
    main()
