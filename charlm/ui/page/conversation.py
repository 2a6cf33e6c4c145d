"""A conversation as plain text, a picture, or a page, each self-contained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text

from charlm.ui.console.view import TYPED
from charlm.ui.page.export import to_svg
from charlm.ui.page.frame import framed
from charlm.ui.sanitize import markup_text, visible

__all__ = ["FORMATS", "to_page", "to_picture", "to_plain"]

Spans = Sequence[tuple[str, bool]]
"""Parts of a text, and whether the person typed them."""

_STYLE = """\
:root { color-scheme: light dark; }
body { margin: 2em auto; max-width: 50em; padding: 0 1em; font-family: system-ui, sans-serif; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, Menlo, Consolas, monospace; }
b { color: light-dark(#00687a, #5fd7ff); }
footer { opacity: 0.6; font-size: small; }"""


def to_plain(spans: Spans, title: str) -> str:  # noqa: ARG001
    """Return the text alone."""
    return visible("".join(text for text, _ in spans))


def to_picture(spans: Spans, title: str) -> str:
    """Draw the text as SVG, 80 columns wide.

    Parameters
    ----------
    spans : sequence of (str, bool)
    title : str
        One line.
    """
    shown = Text(overflow="fold")
    for text, typed in spans:
        shown.append(visible(text), TYPED if typed else "")
    return to_svg(shown, title=visible(title))


def to_page(spans: Spans, title: str) -> str:
    """Return a page of HTML, also well-formed XML.

    Parameters
    ----------
    spans : sequence of (str, bool)
    title : str
        One line.
    """
    parts = (f"<b>{_lines(text)}</b>" if typed else _lines(text) for text, typed in spans)
    name = markup_text(title)
    # browsers drop a line feed right behind <pre>, so there is one to drop
    text = f"<pre>\n{''.join(parts)}</pre>\n<footer>{name}; the person's text is <b>bold</b></footer>"
    return framed(text, title=name, style=_STYLE)


def _lines(text: str) -> str:
    """Escape a text except line feeds and tabs."""
    return "\n".join("\t".join(map(markup_text, line.split("\t"))) for line in text.split("\n"))


FORMATS: dict[str, Callable[[Spans, str], str]] = {".html": to_page, ".svg": to_picture, ".txt": to_plain}
"""The writers by the ends of file names."""
