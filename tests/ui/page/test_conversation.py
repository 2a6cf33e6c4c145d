from __future__ import annotations

from html.parser import HTMLParser
from xml.dom import minidom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.ui.page.conversation import FORMATS, to_page, to_picture, to_plain
from charlm.ui.sanitize import visible

UNSAFE = {chr(code) for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(
        ["\x1b]52;c;x\x07", "\x1b[2J", "[bold]", "[/nope]", "</pre><script>", "\u202e", "&amp;", "]]>", "\ud800"]
    ),
)


class Body(HTMLParser):
    """The text that a browser would show in <pre>, and in <b> there."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.bold, self._open = "", "", []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        self._open.append(tag)
        self.tags.add(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data) -> None:
        if "pre" in self._open:
            self.text += data
            self.bold += data if "b" in self._open else ""


@given(st.lists(st.tuples(HOSTILE, st.booleans()), max_size=5))
def test_whatever_the_text_the_files_are_well_formed_and_harmless(runs: list[tuple[str, bool]]) -> None:
    page, picture, plain = (write(runs, "a <title> & [more]\x1b") for write in (to_page, to_picture, to_plain))
    for file in (page, picture, plain):
        assert not (set(file) - {"\n", "\t"}) & UNSAFE
        file.encode("utf-8")
    minidom.parseString(page.encode())
    minidom.parseString(picture.encode())
    body = Body(page)
    expected = "".join(visible(text) for text, _ in runs).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    assert body.text == "\n" + expected
    assert len(body.bold) == sum(len(visible(text)) for text, typed in runs if typed)
    assert "script" not in body.tags
    assert plain == "".join(visible(text) for text, _ in runs)


@pytest.mark.parametrize("write", FORMATS.values())
def test_they_load_nothing_from_elsewhere(write) -> None:
    file = write([("one ", True), ("two", False)], "title")
    for known in ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"):
        file = file.replace(known, "")
    assert "http" not in file
    assert "url(" not in file.replace("url(#", "")
    assert "@import" not in file


def test_the_two_hands_are_told_apart_in_a_picture() -> None:
    import re

    picture = to_picture([("typed", True), ("written", False)], "t")
    classes = {text: found for found, text in re.findall(r'class="([^"]*)"[^>]*>(typed|written)<', picture)}
    assert classes["typed"] != classes["written"]
