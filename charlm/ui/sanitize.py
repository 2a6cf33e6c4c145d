"""The one sanitiser: what stands between a text that nobody vouches for and a terminal.

Models write whatever they were trained on, file names and checkpoints come from strangers, and a terminal
obeys what it is sent: ESC sequences move the cursor, rename the window, write to the clipboard;
bidirectional controls make one line read as another. `visible` turns all of these into marks that can be
seen and do nothing. Rich does not do it, and it also reads ``[bold]`` in a plain string: pass what comes out
of here as ``rich.text.Text``.
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
# Unicode's property Bidi_Control, whole: UAX #9, section 2
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
# half a character: no encoding can write it
_SURROGATES = range(0xD800, 0xE000)

_PICTURE = 0x2400  # U+2400 + c pictures the control c

_LINE = {
    **{code: chr(_PICTURE + code) for code in _C0},
    _DEL: "␡",
    **{code: f"\\x{code:02x}" for code in _C1},
    **{code: f"\\u{code:04x}" for code in (*_BIDI, *_SURROGATES)},
}
_TEXT = {code: mark for code, mark in _LINE.items() if chr(code) not in "\n\t"}
# the only code points left that are not in XML 1.0
_NOT_XML = {0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}
_JSON = {code: f"\\u{code:04x}" for code in (_DEL, *_C1, *_BIDI, *_SURROGATES)}


def visible(text: str) -> str:
    r"""Make every character of a text harmless to a terminal, and visible.

    Line feed and tab pass. Other C0 controls and DEL become their pictures, C1 controls ``\x9b``,
    bidirectional controls and lone surrogates ``\u202e``. Every other character stays as it is, so the result
    can always be encoded. Each character is treated alone: a text may be handed over piece by piece.

    Examples
    --------
    >>> visible("red: \x1b[31m, a bell: \a")
    'red: ␛[31m, a bell: ␇'
    """
    return text.translate(_TEXT)


def visible_line(text: str) -> str:
    r"""Do the same and keep to one line: line feed and tab too become pictures. For names, titles and errors.

    Examples
    --------
    >>> visible_line("a\nname")
    'a␊name'
    """
    return text.translate(_LINE)


def markup_text(text: str) -> str:
    r"""Write a line of text for SVG and HTML, between tags or in a quoted attribute.

    Examples
    --------
    >>> markup_text("a<b>\a & 'c'")
    'a&lt;b&gt;␇ &amp; &#x27;c&#x27;'
    """
    return html.escape(visible_line(text).translate(_NOT_XML))


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""Write a value as JSON that is readable and harmless to a terminal.

    Letters of every script stay; C0, C1, DEL, bidirectional controls and lone surrogates are escaped, and
    numbers that JSON does not have (NaN, infinities) become ``null``.

    Parameters
    ----------
    value : JSON-able
    indent : int, optional
        Spaces a level; None keeps to one line.

    Examples
    --------
    >>> print(json_text({"text": "é\x9b", "loss": float("nan")}))
    {"text": "é\u009b", "loss": null}
    """
    # outside its strings JSON is ASCII, so the marks can only land inside them
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, indent=indent).translate(_JSON)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return value
