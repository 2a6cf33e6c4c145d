"""README.md, CONTRIBUTING.md and the pages of the documentation, and what they show: calls, programs and links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
GENERATED = {"commands.md"}
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
    if path.name not in GENERATED
}


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)


def calls(page: str) -> Iterator[list[str]]:
    """Yield the words of each call of ``charlm`` in a page's shell, comments and redirections left out."""
    for block in blocks(page, "sh"):
        for command in re.split(r"&&|\|(?!\w)|\n(?=\w)", block):
            words = shlex.split(command, comments=True)
            if "charlm" in words[:1] or words[:1] == ["mpiexec"]:
                words = words[words.index("charlm") + 1 :]
                yield words[: next((k for k, word in enumerate(words) if word in ("<", ">")), None)]


def prose(page: str) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """Return the names by which a page's headings can be linked."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
