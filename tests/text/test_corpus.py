"""The corpus reader: any bytes are read as they stand, or refused in one line."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from charlm.errors import CharlmError, CorpusError, UsageError
from charlm.text.corpus import read_corpus, read_text


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], str]:
    def write(name: str, data: bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    return write


@pytest.fixture
def builtin(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("charlm.text.builtin")
    module.make_text = "text of {}".format  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "charlm.text.builtin", module)


def refused(error: pytest.ExceptionInfo[CharlmError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    assert message.isprintable()
    assert "; " in message, "a cause and a remedy"
    return message


# what is read


@given(st.text(min_size=1), st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-32", "utf-8-sig"]))
def test_text_is_read_as_it_stands(text: str, encoding: str) -> None:
    data = io.BytesIO(text.encode(encoding))
    assert read_text("-", encoding=encoding, stdin=data, allow_empty=True) == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\r\nb\rc\n\x0b\x0c\x1c\xc2\x85\xe2\x80\xa8", "a\r\nb\rc\n\x0b\x0c\x1c\x85\u2028"),
        (b"a\0b\x1b[31m\x7f\x1a", "a\0b\x1b[31m\x7f\x1a"),
        (b"\xef\xbb\xbfa\xef\xbb\xbf", "a\ufeff"),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", "\ufeffa"),
        (b"a", "a"),
        ("é😀\U0010ffff".encode(), "é😀\U0010ffff"),
    ],
)
def test_newlines_controls_and_marks(write: Callable[[str, bytes], str], data: bytes, text: str) -> None:
    assert read_corpus([write("a.txt", data)]).text == text


def test_files_are_joined_without_a_separator(write: Callable[[str, bytes], str]) -> None:
    first, second = write("one.txt", b"\xef\xbb\xbfone"), write("two.txt", "\ufeffzwö".encode())
    corpus = read_corpus([second, first])
    assert corpus.text == "zwöone"
    assert corpus.sources == (second, first)
    assert corpus.sha256 == hashlib.sha256("zwöone".encode()).hexdigest()
    assert corpus.stem == "two"


def test_a_folder_is_read_in_sorted_order_without_hidden_files(
    tmp_path: Path, write: Callable[[str, bytes], str]
) -> None:
    for name in (
        "b/2.txt",
        "b/10.txt",
        "a.txt",
        "b-.txt",
        "c/d/deep.txt",
        "é",
        ".hidden",
        ".git/config",
        "b/.DS_Store",
    ):
        write(f"folder/{name}", f"[{name}]".encode())
    (tmp_path / "folder" / "empty").mkdir()
    write("folder/z.txt.gz", gzip.compress(b"[z]"))
    folder = tmp_path / "folder"
    hidden = [p for p in folder.rglob("*") if any(part.startswith(".") for part in p.relative_to(folder).parts)]
    visible = [p for p in sorted(folder.rglob("*")) if p.is_file() and p not in hidden and p.suffix != ".gz"]
    expected = "".join(f"[{p.relative_to(folder).as_posix()}]" for p in visible)
    assert expected.startswith("[a.txt][b/10.txt][b/2.txt][b-.txt][c/d/deep.txt]")
    assert read_corpus([str(folder)]).text == expected.replace("[é]", "[z][é]")
    assert read_corpus([str(folder)]).stem == "folder"


def test_a_hidden_folder_can_be_named(tmp_path: Path, write: Callable[[str, bytes], str]) -> None:
    write(".notes/a.txt", b"text")
    corpus = read_corpus([str(tmp_path / ".notes")])
    assert (corpus.text, corpus.stem) == ("text", "notes")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_links_in_a_folder(tmp_path: Path, write: Callable[[str, bytes], str]) -> None:
    write("folder/a.txt", b"a")
    target = write("elsewhere.txt", b"link")
    folder = tmp_path / "folder"
    os.mkfifo(folder / "pipe")  # reading it would wait for ever
    (folder / "link.txt").symlink_to(target)
    (folder / "broken.txt").symlink_to(tmp_path / "missing")
    (folder / "loop").symlink_to(folder)
    assert read_corpus([str(folder)]).text == "alink"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = "é" * 100_000
    writer = threading.Thread(target=pipe.write_bytes, args=(text.encode(),))
    writer.start()
    assert read_corpus([str(pipe)]).text == text
    writer.join()


def test_gzip_is_unpacked(write: Callable[[str, bytes], str]) -> None:
    data = gzip.compress("é\r\n".encode()) + gzip.compress("\ufeffb".encode())
    corpus = read_corpus([write("tale.txt.gz", data)])
    assert corpus.text == "é\r\n\ufeffb"
    assert corpus.stem == "tale"
    assert read_text(write("TALE.GZ", data)) == corpus.text


def test_standard_input(write: Callable[[str, bytes], str]) -> None:
    corpus = read_corpus(["-", write("a.txt", b"a")], stdin=io.BytesIO(b"\xef\xbb\xbf in\r\n"))
    assert (corpus.text, corpus.stem) == (" in\r\na", "stdin")


@pytest.mark.usefixtures("builtin")
def test_what_is_built_in() -> None:
    assert read_corpus([]).text == "text of tales"
    assert read_corpus([]).sources == ("builtin:tales",)
    corpus = read_corpus(["builtin:sums"])
    assert (corpus.text, corpus.stem) == ("text of sums", "sums")
    assert read_text("builtin:sums") == "text of sums"


def test_a_file_may_have_the_name_of_something_else(
    tmp_path: Path, write: Callable[[str, bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("-", b"dash")
    monkeypatch.chdir(tmp_path)
    assert read_text("./-") == "dash"


# decoding


@pytest.mark.parametrize("border", [4096, 8192, 65536, 1 << 20])
def test_a_character_may_lie_across_any_border(write: Callable[[str, bytes], str], border: int) -> None:
    for character in ("é", "€", "😀"):
        for before in range(border - 4, border + 1):
            data = b"a" * before + character.encode()
            assert read_text("-", stdin=io.BytesIO(data)) == "a" * before + character
    path = write("a.txt", b"a" * (border - 1) + "é".encode()[:1])
    with pytest.raises(CorpusError, match=f"byte 0xc3 at byte offset {border - 1} "):
        read_corpus([path])


@pytest.mark.parametrize(
    ("data", "encoding", "byte", "offset"),
    [
        (b"\xff", "utf-8", 0xFF, 0),
        (b"ab\xffcd", "utf-8", 0xFF, 2),
        (b"ab\xc0\xaf", "utf-8", 0xC0, 2),
        (b"ab\xed\xa0\x80", "utf-8", 0xED, 2),
        (b"\xf4\x90\x80\x80", "utf-8", 0xF4, 0),
        (b"ab\xe2\x82", "utf-8", 0xE2, 2),
        (b"\xef\xbb\xbfab\x80", "utf-8", 0x80, 5),
        (b"\xef\xbb\xbfab\x80", "utf-8-sig", 0x80, 5),
        (b"a\xe9", "ascii", 0xE9, 1),
        (b"a\x81", "cp1252", 0x81, 1),
        (b"a\0b\0\0\xd8a\0", "utf-16-le", 0x00, 4),
        (b"\xff\xfea\0\0", "utf-16", 0x00, 4),
    ],
)
def test_undecodable_bytes_are_refused_or_replaced(
    write: Callable[[str, bytes], str], data: bytes, encoding: str, byte: int, offset: int
) -> None:
    path = write("odd\nname.txt" if os.name == "posix" else "odd.txt", data)
    with pytest.raises(CorpusError) as error:
        read_corpus([path], encoding=encoding)
    message = refused(error)
    assert f"byte {byte:#04x} at byte offset {offset} " in message
    assert message.startswith(repr(path))
    assert message.endswith('give its `encoding`, or `errors="replace"`')
    assert data[offset] == byte
    assert "\ufffd" in read_corpus([path], encoding=encoding, errors="replace").text


@given(st.binary(min_size=1, max_size=40))
def test_any_bytes_are_read_or_refused_at_their_first_fault(data: bytes) -> None:
    assume(data[:2] not in (b"\xff\xfe", b"\xfe\xff"))  # UTF-16
    try:
        text = read_text("-", stdin=io.BytesIO(data), allow_empty=True)
    except CorpusError as error:
        if re.search("is binary|is not a whole", str(error)):
            return
        offset = int(str(error).split("byte offset ")[1].split()[0])
        data[:offset].decode()
        with pytest.raises(UnicodeDecodeError) as fault:
            data.decode()
        assert fault.value.start == offset
        if "looks binary" in str(error):
            return  # not even replaced
        assert read_text("-", stdin=io.BytesIO(data), errors="replace") == data.decode(
            errors="replace"
        ).removeprefix("\ufeff")
    else:
        assert text.encode() == data.removeprefix(b"\xef\xbb\xbf")


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "hex", "a\0b"])
def test_unknown_encodings_are_a_wrong_flag(write: Callable[[str, bytes], str], encoding: str) -> None:
    with pytest.raises(UsageError, match="is no text encoding; give one such as utf-8") as error:
        read_corpus([write("a.txt", b"a")], encoding=encoding)
    refused(error)


def test_codecs_that_do_not_say_where(write: Callable[[str, bytes], str]) -> None:
    with pytest.raises(CorpusError, match=r"is not 'undefined': .*; give its `encoding`") as error:
        read_corpus([write("a.txt", b"a")], encoding="undefined")
    refused(error)


def test_other_error_handlers_are_refused(write: Callable[[str, bytes], str]) -> None:
    with pytest.raises(UsageError, match="`errors` is 'ignore'; choose strict or replace"):
        read_corpus([write("a.txt", b"a")], errors="ignore")  # type: ignore[arg-type]


# what cannot be read


@pytest.mark.parametrize("name", ["missing.txt", "tales", "mis\nsing\x1b[31m", "\udcff", "x" * 5000, "a\0b"])
def test_names_that_lead_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    for read in (lambda: read_corpus([name]), lambda: read_text(name)):
        with pytest.raises(CorpusError) as error:
            read()
        message = refused(error)
        assert repr(name) in message
        assert "check the name" in message


def test_an_empty_name_is_not_this_folder() -> None:
    with pytest.raises(CorpusError, match="a source has an empty name; give a file") as error:
        read_corpus([""])
    refused(error)


def test_a_file_is_no_folder(write: Callable[[str, bytes], str]) -> None:
    with pytest.raises(CorpusError) as error:
        read_corpus([write("a.txt", b"a") + "/b.txt"])
    refused(error)


@pytest.mark.parametrize("read", [read_text, lambda path: read_corpus([path])])
def test_permissions(
    write: Callable[[str, bytes], str], monkeypatch: pytest.MonkeyPatch, read: Callable[[str], object]
) -> None:
    def deny(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    path = write("a.txt", b"a")
    monkeypatch.setattr(Path, "read_bytes", deny)
    with pytest.raises(CorpusError, match=r"^cannot read '.*a\.txt': Permission denied; ") as error:
        read(path)
    refused(error)


def test_an_unreadable_folder_is_not_read_in_part(
    tmp_path: Path, write: Callable[[str, bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("folder/a.txt", b"a")
    write("folder/secret/b.txt", b"b")
    scan = os.scandir

    def deny(path: str) -> object:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(CorpusError, match=r"^cannot read '.*folder': Permission denied; ") as error:
        read_corpus([str(tmp_path / "folder")])
    refused(error)


def test_nothing_to_read(tmp_path: Path, write: Callable[[str, bytes], str]) -> None:
    empty, packed, mark = (
        write("empty.txt", b""),
        write("e.gz", gzip.compress(b"")),
        write("m.txt", b"\xef\xbb\xbf"),
    )
    for sources in ([empty], [packed], [mark], [empty, packed, mark]):
        with pytest.raises(CorpusError, match=r"^there is no text in ") as error:
            read_corpus(sources)
        assert all(repr(source) in refused(error) for source in sources)
    with pytest.raises(CorpusError, match="no text in standard input; give one that is not empty") as error:
        read_text("-", stdin=io.BytesIO())
    refused(error)
    assert read_text("-", stdin=io.BytesIO(), allow_empty=True) == ""
    assert read_corpus([empty, write("a.txt", b"a")]).text == "a"
    (tmp_path / "none" / ".hidden").mkdir(parents=True)
    with pytest.raises(CorpusError, match=r"folder '.*none' holds no files") as error:
        read_corpus([str(tmp_path / "none")])
    refused(error)


def damaged_gzips() -> list[bytes]:
    whole = gzip.compress(b"some text " * 50, mtime=0)
    flipped = bytearray(whole)
    flipped[-6] ^= 1  # in the checksum
    broken = bytearray(whole)
    broken[10] |= 0b110  # a kind of block that there is not: zlib's own error
    return [b"not gzip at all", whole[:5], whole[:-9], whole[:-1], bytes(flipped), bytes(broken), whole + b"tail"]


@pytest.mark.parametrize("data", damaged_gzips())
def test_damaged_gzip(write: Callable[[str, bytes], str], data: bytes) -> None:
    path = write("a.txt.gz", data)
    with pytest.raises(CorpusError, match="is not a whole gzip file") as error:
        read_corpus([path])
    assert repr(path) in refused(error)


def test_every_truncation_of_a_gzip_is_found(write: Callable[[str, bytes], str]) -> None:
    whole = gzip.compress(b"some text " * 5, mtime=0)
    for size in range(1, len(whole)):
        path = write("a.gz", whole[:size])
        with pytest.raises(CorpusError, match="is not a whole gzip file"):
            read_corpus([path])


def test_a_built_in_corpus_that_is_not() -> None:
    with pytest.raises(CorpusError, match=r"no built-in corpus 'tails'; choose one of .*tales") as error:
        read_corpus(["builtin:tails"])
    refused(error)


def test_standard_input_that_cannot_be_read() -> None:
    with pytest.raises(UsageError, match="no standard input to read here; give a file") as error:
        read_text("-")
    refused(error)
    with pytest.raises(UsageError, match="standard input can be read once; give - once") as error:
        read_corpus(["-", "-"], stdin=io.BytesIO(b"a"))
    refused(error)
    closed = io.BytesIO(b"a")
    closed.close()
    with pytest.raises(CorpusError, match=r"cannot read standard input: .*; give a file") as error2:
        read_text("-", stdin=closed)
    refused(error2)


# names for run folders


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("tinyshakespeare.txt", "tinyshakespeare"),
        ("no_suffix", "no_suffix"),
        ("a.b.txt", "a.b"),
        ("tale.txt.GZ", "tale"),
        ("tale.gz", "tale"),
        (".hidden", "hidden"),
        (" .txt", "corpus"),
        ("été 東京.txt", "été 東京"),
        ("é" * 80 + ".txt", "é" * 50),
    ],
)
def test_stems(write: Callable[[str, bytes], str], name: str, stem: str) -> None:
    assert read_corpus([write(name, gzip.compress(b"a") if name.lower().endswith("gz") else b"a")]).stem == stem


@pytest.mark.skipif(os.name != "posix", reason="names that only POSIX allows")
@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a:b?.txt", "a-b-"),
        ("a\nb\x1b[m.txt", "a-b-[m"),
        ("back\\slash.txt", "back-slash"),
        ("CON.txt", "CON-"),
        ("lpt1.tar.txt", "lpt1.tar-"),
        ("....txt", "corpus"),
    ],
)
def test_stems_are_usable_on_every_system(write: Callable[[str, bytes], str], name: str, stem: str) -> None:
    assert read_corpus([write(name, b"a")]).stem == stem


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.txt"
    Path(os.fsdecode(path)).write_bytes(b"a")
    assert read_corpus([os.fsdecode(path)]).stem == "-"


def test_stems_of_relative_folders(
    tmp_path: Path, write: Callable[[str, bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("texts/inner/a.txt", b"a")
    monkeypatch.chdir(tmp_path / "texts" / "inner")
    assert read_corpus(["."]).stem == "inner"
    assert read_corpus([".."]).stem == "texts"
