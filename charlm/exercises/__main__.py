"""``python -m charlm.exercises``: write an exercise, or check a learner's file."""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import textwrap
from pathlib import Path

from charlm.errors import INTERRUPTED, CharlmError
from charlm.exercises.sheet import NAMES, sheet
from charlm.ui.sanitize import visible, visible_line

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit code: 0 if all lines are right, 1 if one is wrong or missing."""
    parser = argparse.ArgumentParser(
        prog="python -m charlm.exercises",
        description="Write a backward pass by yourself. The first call writes a file with gaps. Fill them, and the "
        "same call checks the file line by line and names the first that is wrong.",
        epilog="A file that exists is never overwritten: to begin again, delete it or name another.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help=f"one of {', '.join(NAMES)}; without it, a list")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: exercise_NAME.py")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for (5′) in a pipe that is not UTF-8
    try:
        if options.name is None:
            return _list()
        exercise = sheet(options.name)
        file = options.file or Path(f"exercise_{exercise.name}.py")
        return _check(exercise.name, file) if file.exists() else _write(exercise.name, file)
    except KeyboardInterrupt:
        return INTERRUPTED
    except CharlmError as error:
        print(f"Error: {visible_line(str(error))}", file=sys.stderr)
        return error.exit_code


def _list() -> int:
    for name in NAMES:
        _say(f"{name:10} {sheet(name).title}: {len(sheet(name).gaps())} lines to find", indent=11)
    _say("Begin with: python -m charlm.exercises rnn")
    return 0


def _write(name: str, file: Path) -> int:
    from charlm.checkpoint.atomic import disk_error

    try:
        with file.open("x", encoding="utf-8", newline="\n") as stub:
            stub.write(sheet(name).stub())
    except OSError as error:
        raise disk_error(file, error) from error
    _say(f"{visible_line(str(file))} is written: {len(sheet(name).gaps())} lines to find, each marked by ...")
    _say(f"Fill them in, then check them: {_command(name, file)}")
    return 0


def _check(name: str, file: Path) -> int:
    from charlm.exercises.child import check_file

    verdict, printed = check_file(sheet(name), file)
    if printed:
        print("Your file prints:", visible(printed.rstrip()), sep="\n")
    if verdict.problem is None:
        _say(f"All {verdict.gaps} lines are right.")
        return 0
    if verdict.right:
        _say(f"Right so far: {verdict.right} of {verdict.gaps} lines.")
    _say(visible_line(verdict.problem))
    return 1


def _say(text: str, indent: int = 2) -> None:
    """Print a line, wrapped to the width of a terminal."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    print(textwrap.fill(text, width, subsequent_indent=" " * indent, break_on_hyphens=False))


def _command(name: str, file: Path) -> str:
    given = "" if str(file) == f"exercise_{name}.py" else f" {visible_line(str(file))}"
    return f"python -m charlm.exercises {name}{given}"


if __name__ == "__main__":
    raise SystemExit(main())
