"""Any bytes are a corpus: they are trained on, or refused in one line with the offset and what to do."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import charlm
from charlm.cli.entry import run
from tests.figures import figure

pytestmark = pytest.mark.promise(14)

TINY = ["--steps", "1", "--hidden-size", "2", "--shards", "1", "--sample-every", "0", "--quiet", "--force"]
TINY += ["--out", "r"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> None:
    monkeypatch.chdir(tmp_path)


def train(source: str, *flags: str) -> tuple[int, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", io.StringIO())
        code = run(["train", source, *TINY, *flags])
        return code, sys.stderr.getvalue()


def holds(code: int, error: str) -> None:
    """Check that a training went well, or was refused in one line with a remedy."""
    if code == 0:
        assert error == ""
        return
    assert code == 3
    assert re.fullmatch(r"charlm: [^\n]+; [^\n]+\n", error)
    assert error[:-1].isprintable()


REFUSED = {
    b"abc\xffdef": "byte 0xff at byte offset 3 (invalid start byte); give its --encoding, or --errors replace",
    b"ab\xc0\xaf": "byte 0xc0 at byte offset 2",  # an overlong slash
    b"\xf0\x80\x80\xafab": "byte 0xf0 at byte offset 0",  # an overlong one of four bytes
    b"a\xed\xa0\x80b": "byte 0xed at byte offset 1",  # half of a pair for UTF-16
    b"a\xf4\x90\x80\x80b": "byte 0xf4 at byte offset 1",  # beyond the last character
    b"abc\xe2\x82": "byte 0xe2 at byte offset 3",  # cut off in a character
    b"ab\x80": "byte 0x80 at byte offset 2",
    b"\xff\xfea\0b": "is not utf-16-le: byte 0x62 at byte offset 4",  # half a character of UTF-16
    b"\x89PNG\r\n\x1a\nabc": "'x' is binary (a PNG image); give a text",
    b"PK\3\4abc": "is not a whole zip file",
    b"\x1f\x8b\x08abc": "is not a whole gzip file",
    b"\xef\xbb\xbfab\xff": "byte 0xff at byte offset 5",  # counted with the mark before it
    b"": "there is no text in 'x'; give one that is not empty",
    b"\xef\xbb\xbf": "there is no text in 'x'; give one that is not empty",
    b"a": "'a' over and over; a model needs at least two symbols",
    b"\n\n\n": "over and over; a model needs at least two symbols",
}
TRAINED = {
    b"ab": "ab",
    b"\0\1\0\1": "\0\1",
    b"\0": None,
    b"\xff\xfea\0b\0": "ab",  # UTF-16
    b"\0\0\xfe\xff\0\1\xf6\0\0\0\0a": "a\U0001f600",  # UTF-32
    b"a\r\nb\rc\n": "\n\rabc",
    b"\xef\xbb\xbfab": "ab",
    b"a\xef\xbb\xbfb": "ab\ufeff",
    b"\x1b]0;x\x07\x9c"[:-1]: "\x07\x1b0;]x",
    "\u202eab\u2028".encode(): "ab\u2028\u202e",
    "\U0010ffff\U0001f600".encode(): "\U0001f600\U0010ffff",
    "\ud7ff\ue000".encode(): "\ud7ff\ue000",
}


@pytest.mark.parametrize("data", REFUSED, ids=ascii)
def test_what_is_refused(data: bytes) -> None:
    Path("x").write_bytes(data)
    code, error = train("x")
    holds(code, error)
    assert code == 3
    assert REFUSED[data] in error
    assert not Path("r").exists()


@pytest.mark.parametrize("data", TRAINED, ids=ascii)
def test_what_is_trained_on(data: bytes) -> None:
    Path("x").write_bytes(data)
    code, error = train("x")
    holds(code, error)
    if TRAINED[data] is not None:
        assert code == 0
        assert "".join(charlm.load("r").vocabulary.symbols) == TRAINED[data]


@settings(max_examples=figure(25, 1000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=40) | st.text(max_size=30).map(str.encode) | st.binary(min_size=300, max_size=400),
    flags=st.sampled_from([(), ("--errors", "replace"), ("--encoding", "latin-1"), ("--unit", "byte")])
    | st.sampled_from([("--documents",), ("--unit", "grapheme"), ("--normalize", "NFKC"), ("--val-frac", "0.5")]),
)
@example(data=b"\r\n\r\n", flags=("--documents",))
def test_anything(data: bytes, flags: tuple[str, ...]) -> None:
    Path("x").write_bytes(data)
    holds(*train("x", *flags))


def test_a_character_on_the_border_of_a_chunk() -> None:
    for size in (4096, 8192, 65536, 1 << 20):
        for character in ("é", "€", "😀"):
            for before in range(1, len(character.encode())):
                Path("x").write_bytes(b"a" * (size - before) + character.encode() + b"a" * 9)
                corpus = charlm.text.corpus.read_corpus(["x"])
                assert corpus.text == "a" * (size - before) + character + "a" * 9
    assert train("x")[0] == 0
    assert "".join(charlm.load("r").vocabulary.symbols) == "a😀"


@pytest.mark.skipif(os.name == "nt", reason="named pipes of another kind")
class TestPipes:
    def feed(self, parts: list[bytes]) -> threading.Thread:
        os.mkfifo("pipe")

        def write() -> None:
            with Path("pipe").open("wb", buffering=0) as pipe:
                for part in parts:
                    pipe.write(part)

        thread = threading.Thread(target=write)
        thread.start()
        return thread

    def test_one_is_read_whatever_it_is_cut_into(self) -> None:
        writer = self.feed([b"ab\xe2", b"\x82", b"\xacab" * 3])
        code, error = train("pipe", "--errors", "replace")
        writer.join()
        assert (code, error) == (0, "")
        assert "€" in charlm.load("r").vocabulary

    def test_an_empty_one(self) -> None:
        writer = self.feed([])
        code, error = train("pipe")
        writer.join()
        assert (code, "there is no text in 'pipe'" in error) == (3, True)

    def test_going_on_does_not_wait_for_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        writer = self.feed([b"abcabc" * 9])
        assert train("pipe")[0] == 0
        writer.join()
        assert run(["resume", "r", "--steps", "2"]) == 3
        assert capsys.readouterr().err == (
            "charlm: this run read its text from the pipe 'pipe', which is gone; save it to a file and train\n"
        )
