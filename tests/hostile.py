"""Text that would control a terminal, and a strict reader of what reached one.

The reader knows nothing of charlm's sanitiser: it allows printable characters, line ends, tabs, and by name the few
sequences that rich and readline write themselves. Everything else is a fault. The hostile sequences are others than
those, so that whose they are is never in doubt.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["ARGUMENT", "BIDI", "CONTROLS", "MARKUP", "NAME", "SEQUENCES", "TEXT", "faults", "is_control", "shown"]

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = "".join(map(chr, (*range(1, 32), *range(0x7F, 0xA0))))
MARKUP = "[bold]b[/bold] [/nope] [link=https://example.org]l[/link] [red on blue] \\[x] :boom: "
MARKUP += "<b>&amp;</b> <script>alert()</script> ]]> --> '\""
SEQUENCES = (
    "\x1b]0;title\x07",
    "\x1b]0;title\x1b\\",
    "\x1b]2;title\x9c",
    "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJmIC8=\x07",
    "\x9d52;c;cm0gLXJmIC8=\x9c",
    "\x1b]4;1;rgb:00/00/00\x07\x1b]10;?\x07",
    "\x1b[8mconcealed\x1b[5m",
    "\x9b8m\x9b2J\x9b6n",
    "\x1b[2J\x1b[3J\x1b[12;34H\x1b[99A\x1b[r\x1b[6n\x1b[c\x1b[21t",
    "\x1b[?1047h\x1b[?1000h\x1b[?5h\x1b[?25;1l",
    "\x1bc\x1b7\x1b8\x1b#8\x1b(0\x1bD\x1bM\x1b=\x1bN\x1bO",
    "\x1bPq#0;2;0;0;0\x1b\\\x90q\x9c",
    "\x1b_Gpayload\x1b\\\x1b^private\x1b\\\x1bXstring\x1b\\",
    "honest\rforged",
    "a\b\b\bz\x0e\x0f\x05",
    "\u202eevil\u202c \u2066isolated\u2069",
)
# an argument can hold anything but NUL
ARGUMENT = CONTROLS + BIDI + "".join(SEQUENCES) + MARKUP
TEXT = "\0" + ARGUMENT + "\ufeff\ufffe\u2028\n"
# a file's name has at most 255 bytes and no slash, and may be no UTF-8 at all
NAME = CONTROLS + BIDI + SEQUENCES[0] + "\x1b]8;;x\x1b\\\x9b2J[bold][nope]:boom:<b>&'\udcff"

_STYLES = r"0|1|2|3|4|7|9|[34][0-79]|(?:9|10)[0-7]|[34]8;5;\d+|[34]8;2;\d+;\d+;\d+"
_SEQUENCE = re.compile(
    "|".join(
        (
            rf"\x1b\[(?:{_STYLES})(?:;(?:{_STYLES}))*m",
            r"\x1b\[1A\x1b\[\d+C",  # the console continues a row of the text
            r"\x1b\[(?:H|2K|1A)",  # rich paints a screen, or writes over a line of progress
            r"\x1b\[\?(?:25|1049)[hl]",  # the cursor, and the screen beside the ordinary one
            r"\x1b\[\?2004[hl]\r?|\x1b\[(?:K|C)",  # readline
            r"\r\x1b\[2K",
            r"\r\x1b\[\d+C\x1b\[0K",  # a word that did not fit into its row is taken back
            r"\r+\n",  # the terminal's own line end
        )
    )
)


def is_control(character: str) -> bool:
    """Tell by Unicode's own tables whether a character is one that a terminal obeys instead of showing it."""
    if character in "\n\t":
        return False
    directs = unicodedata.bidirectional(character) in (
        "LRE",
        "RLE",
        "LRO",
        "RLO",
        "PDF",
        "LRI",
        "RLI",
        "FSI",
        "PDI",
    )
    marks = unicodedata.category(character) == "Cf" and unicodedata.name(character, "").endswith(
        ("LEFT-TO-RIGHT MARK", "RIGHT-TO-LEFT MARK", "ARABIC LETTER MARK")
    )
    return unicodedata.category(character) in ("Cc", "Cs") or directs or marks


def faults(data: bytes) -> list[str]:
    """Return what should not have reached a terminal, each with what stands around it; no UTF-8 is a fault."""
    text = _SEQUENCE.sub("\n", data.decode("utf-8"))
    return [
        f"{character!r} in {text[max(place - 30, 0) : place + 30]!r}"
        for place, character in enumerate(text)
        if is_control(character)
    ]


def shown(data: bytes) -> str:
    """Return the characters that a terminal shows, without spaces and line ends: where lines break is no matter."""
    return "".join(_SEQUENCE.sub("", data.decode("utf-8", "replace")).split())
