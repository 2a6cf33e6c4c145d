"""``python``: the running interpreter's own standard library, a real text that is on every machine."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from charlm.errors import CorpusError

__all__ = ["lines", "modules"]

# tables, jokes and modules of a single machine
_LEFT_OUT = frozenset({"antigravity", "locale", "nturl2path", "sitecustomize", "this", "usercustomize"})


def modules() -> list[Path]:
    """Find the modules to read: single files directly in the library's folder, public, in ASCII, sorted by name.

    Packages are left out, and with them tests, encodings' tables, idlelib, lib2to3 and site-packages.

    Raises
    ------
    CorpusError
        If this Python has no sources.
    """
    folder = Path(sysconfig.get_path("stdlib"))
    names = sorted(n for n in sys.stdlib_module_names - _LEFT_OUT if not n.startswith("_"))
    found = [path for path in (folder / f"{name}.py" for name in names) if path.is_file()]
    if not found:
        raise CorpusError(
            f"this Python has no sources of its standard library in {str(folder)!r}; choose another corpus, "
            f"such as builtin:tales, or a Python that was not frozen or zipped"
        )
    return found


def lines() -> Iterator[str]:
    """Yield the modules' lines, one module after another, each with its newline.

    The few modules with a character beyond ASCII are left out: each would add symbols that occur once or twice.

    Raises
    ------
    CorpusError
        If there are no sources, or one cannot be read.
    """
    for path in modules():
        try:
            source = path.read_bytes()
        except OSError as error:
            raise CorpusError(f"cannot read {str(path)!r}: {error.strerror}; choose another corpus") from error
        if source.isascii():
            # sources may have CRLF on Windows
            text = source.decode("ascii").replace("\r\n", "\n")
            yield from (f"{line}\n" for line in text.removesuffix("\n").split("\n"))
