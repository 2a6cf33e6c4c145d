"""Pictures and pages as strict parsers see them: whole, without scripts, and loading nothing from elsewhere."""

from __future__ import annotations

import html.parser
import re
from xml.parsers import expat

__all__ = ["check_page", "check_picture"]

EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
KNOWN = {"circle", "clippath", "defs", "g", "line", "path", "polyline", "rect", "svg", "text", "title"}
KNOWN |= {"body", "code", "div", "footer", "h1", "h2", "head", "html", "meta", "p", "pre", "section", "span"}
KNOWN |= {"dd", "dl", "dt", "figcaption", "figure", "h3", "style", "table", "td", "th", "tr"}


def check_picture(text: str) -> None:
    """Check an SVG."""
    tags: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        tags.append(tag)
        _check_element(tag.lower(), attributes)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.Parse(text, True)
    assert tags[0] == "svg"
    _check_text(text)


def check_page(text: str) -> None:
    """Check a page of HTML."""
    _Page().check(text)
    _check_text(text)


class _Page(html.parser.HTMLParser):
    def check(self, text: str) -> None:
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        _check_element(tag, {name: value or "" for name, value in attrs})
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        _check_element(tag, {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data!r}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data!r}")


def _check_element(tag: str, attributes: dict[str, str]) -> None:
    assert tag in KNOWN, tag
    for name, value in attributes.items():
        assert not name.startswith("on"), (tag, name)
        assert name not in ("href", "src", "srcset", "xlink:href", "action", "data", "http-equiv"), (tag, name)
        if "url(" in value:
            assert re.fullmatch(r"url\(#[\w-]+\)", value), value


def _check_text(text: str) -> None:
    for style in re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL):
        assert "@import" not in style
        assert "url(" not in style
    outside = re.sub(r'xmlns(:\w+)?="http://www\.w3\.org/[^"]*"', "", re.sub(r">[^<]*<", "><", text))
    assert "http" not in outside.lower()
