"""Make the pictures of README.md and of the documentation: ``python docs/pictures.py [NAME]...``.

Each shows the program in a terminal of 80 columns, drawn by its own SVG export. Two train a model first, which
takes some minutes on two quiet cores. The script needs the extra ``test``.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
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


def main(names: Sequence[str]) -> None:
    """Make pictures, all if none is named, in a folder without runs: charlm then takes the shipped model."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name in names or PICTURES:
            (FOLDER / f"{name}.svg").write_text(PICTURES[name](), "utf-8")


def console() -> str:
    """Write a text with the shipped model; draw the screen with its surprisal and the next characters."""
    with Screen("console", "--seed", "22", "--length", "216", rows=28) as screen:
        for line in ("/heat on", "Once upon a time", "/step"):
            screen.wait(lambda: screen.text.endswith("\n>"))
            screen.enter(line)
        screen.wait(lambda: "Esc ends" in screen.text)
        return screen.drawn()


def training() -> str:
    """Train; draw the dashboard towards the end."""
    with Screen("train", "--steps", "2000", rows=34) as screen:
        screen.wait(lambda: any(int(share) >= 95 for share in re.findall(r"(\d+)%", screen.text)), within_s=900)
        return screen.drawn()


def heat() -> str:
    """Draw a text by its surprisal."""
    return drawn("score", "Once upon a time there lived a young cobbler called Juna, who owned a submarine.")


def inspect() -> str:
    """Draw a text by the activation of one unit."""
    text = '"I am so bored," said the troll, "that I let nobody pass without a riddle." "Then ask," said Barnaby.'
    return drawn("inspect", text, "--cell", "48")


def line_position() -> str:
    """Train on Python code; draw other code by the unit that tracks the position in the line best."""
    charlm("train", "builtin:python", "--steps", "3000", "--out", "run", "--quiet")
    charlm("corpus", "make", "python", "--output", "python.txt")
    code = Path("python.txt").read_text("utf-8")
    held_out = code[len(code) * 9 // 10 :][:60_000]
    Path("held_out.txt").write_text(held_out, "utf-8")
    found = json.loads(charlm("inspect", "run", "held_out.txt", "--find", "--json"))["find"]
    print(charlm("inspect", "run", "held_out.txt", "--find"))
    unit = next(one["unit"] for one in found if one["feature"] == "line position")
    own = Path(__file__).parents[1].joinpath("charlm/nn/averaging.py").read_text("utf-8")
    passage = own[own.index("def ") :][:700].rpartition("\n")[0]
    return drawn("inspect", passage, "--cell", str(unit), model=("run",))


PICTURES = {one.__name__: one for one in (console, training, heat, inspect, line_position)}


def drawn(command: str, text: str, *flags: str, model: Sequence[str] = ()) -> str:
    """Return the picture that a command draws of a text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "picture.svg")
        charlm(command, *model, "--text", text, *flags, "--svg", str(file))
        return file.read_text("utf-8")


def charlm(*arguments: str) -> str:
    """Run charlm and return its standard output."""
    call = [sys.executable, "-m", "charlm", *arguments]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout


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

    def enter(self, line: str) -> None:
        """Type a line."""
        self._child.send(line)
        self.wait(lambda: self.text.endswith(line))
        self._child.send("\r")

    def wait(self, seen: Callable[[], bool], within_s: float = 60) -> None:
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

    def drawn(self) -> str:
        """Return the screen as an SVG picture."""
        rows = self.text.count("\n") + 1
        return to_svg(Text("\n").join(self._row(k) for k in range(rows)), title=self.title)

    def _row(self, k: int) -> Text:
        cells = (self._screen.buffer[k][x] for x in range(COLUMNS))
        return Text.assemble(*(("".join(cell.data for cell in group), key) for key, group in groupby(cells, style)))

    def __enter__(self) -> Screen:
        """Begin; the program runs already."""
        return self

    def __exit__(self, *_: object) -> None:
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
    main(sys.argv[1:])
