"""The sanitiser of untrusted text for terminals.

Generated text, file names and checkpoints are untrusted. In a terminal, ESC sequences move the cursor, rename the
window and write to the clipboard; bidirectional controls reorder a line. `visible` replaces all of them by visible,
inert marks. Rich does not, and it interprets ``[bold]`` in a plain string: pass sanitised text as
``rich.text.Text``.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["json_text", "markup_text", "visible", "visible_line"]

_C0 = range(0x20)
_DEL = 0x7F
_C1 = range(0x80, 0xA0)
# all of Unicode's property Bidi_Control: UAX #9, section 2
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
# lone surrogates, which no encoding can write
_SURROGATES = range(0xD800, 0xE000)

_PICTURE = 0x2400  # U+2400 + c is the picture of control c

_LINE = {
    **{code: chr(_PICTURE + code) for code in _C0},
    _DEL: "␡",
    **{code: f"\\x{code:02x}" for code in _C1},
    **{code: f"\\u{code:04x}" for code in (*_BIDI, *_SURROGATES)},
}
_TEXT = {code: mark for code, mark in _LINE.items() if chr(code) not in "\n\t"}
# the remaining code points that are not in XML 1.0
_NOT_XML = {0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}
_JSON = {code: f"\\u{code:04x}" for code in (_DEL, *_C1, *_BIDI, *_SURROGATES)}


def visible(text: str) -> str:
    r"""Replace control characters by visible, inert marks.

    Line feed and tab stay. Other C0 controls and DEL become their pictures, C1 controls ``\x9b``, bidirectional
    controls and lone surrogates ``\u202e``. All other characters stay, so the result can be encoded. Characters are
    replaced independently, so a text may be passed in pieces.

    Examples
    --------
    >>> visible("red: \x1b[31m, a bell: \a")
    'red: ␛[31m, a bell: ␇'
    """
    return text.translate(_TEXT)


def visible_line(text: str) -> str:
    r"""Sanitise a name, a title or an error as one line: line feed and tab become pictures too.

    Examples
    --------
    >>> visible_line("a\nname")
    'a␊name'
    """
    return text.translate(_LINE)


def markup_text(text: str) -> str:
    r"""Sanitise and escape a line of text for SVG and HTML, between tags or in a quoted attribute.

    Examples
    --------
    >>> markup_text("a<b>\a & 'c'")
    'a&lt;b&gt;␇ &amp; &#x27;c&#x27;'
    """
    return html.escape(visible_line(text).translate(_NOT_XML))


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""Format a value as JSON that is safe in a terminal.

    Letters of every script stay. C0, C1, DEL, bidirectional controls and lone surrogates are escaped; NaN and
    infinity become ``null``.

    Parameters
    ----------
    value : JSON-able
    indent : int, optional
        Spaces of a level; None for one line.

    Examples
    --------
    >>> print(json_text({"text": "é\x9b", "loss": float("nan")}))
    {"text": "é\u009b", "loss": null}
    """
    # outside its strings JSON is ASCII, so only strings change
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, indent=indent).translate(_JSON)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return value
