"""Compressed texts and archives are read whole, in bounded memory, or refused in one line."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import charlm
from charlm.cli.entry import run
from charlm.errors import CorpusError
from charlm.text import unpacking
from charlm.text.corpus import read_corpus, read_text
from tests.figures import figure

TEXT = "The quick brown fox, été. " * 40
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def read(data: bytes) -> str:
    return read_text("-", stdin=io.BytesIO(data))


def refusal(data: bytes) -> str:
    with pytest.raises(CorpusError) as error:
        read(data)
    message = str(error.value)
    assert "; " in message
    assert message.isprintable()
    return message


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class TestCompressed:
    @pytest.mark.parametrize("suffix", PACKED)
    def test_its_first_bytes_tell_the_format(self, suffix: str) -> None:
        data = PACKED[suffix](TEXT.encode())
        assert read(data) == TEXT
        assert read(data + data) == 2 * TEXT
        Path("a.txt").write_bytes(data)
        assert read_text("a.txt") == TEXT

    @pytest.mark.parametrize("suffix", PACKED)
    def test_so_does_its_name(self, suffix: str) -> None:
        Path(f"tale.txt{suffix}").write_bytes(PACKED[suffix](TEXT.encode()))
        assert read_corpus([f"tale.txt{suffix}"]).stem == "tale"
        Path(f"b{suffix.upper()}").write_bytes(b"not packed at all")
        with pytest.raises(CorpusError, match=r"is not a whole .* file \(.*\); take another copy"):
            read_text(f"b{suffix.upper()}")

    @pytest.mark.parametrize("suffix", PACKED)
    def test_every_truncation_is_found(self, suffix: str) -> None:
        data = PACKED[suffix](b"some text " * 5)
        if suffix == ".lzma":  # its end is marked by its last bytes only
            data = data[:-1]
        for size in range(14, len(data)):
            assert "is not a whole" in refusal(data[:size])

    def test_what_is_inside_is_decoded_like_a_file(self) -> None:
        assert read(gzip.compress("\ufeffabc".encode("utf-16-be"))) == "abc"
        assert "is binary (a PNG image)" in refusal(bz2.compress(PNG))
        assert "at byte offset 1 " in refusal(lzma.compress(b"a\xff"))

    def test_a_padded_xz(self) -> None:
        assert read(lzma.compress(b"ab") + bytes(8) + lzma.compress(b"cd") + bytes(4)) == "abcd"

    def test_an_archive_within_an_archive(self) -> None:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            archive.addfile(tarfile.TarInfo("a.txt"))
        assert "standard input is a tar archive; unpack it" in refusal(out.getvalue())
        assert "holds another archive (tar); unpack it" in refusal(gzip.compress(out.getvalue()))
        assert "holds another archive (xz); unpack it" in refusal(bz2.compress(lzma.compress(b"a")))

    def test_zstandard(self) -> None:
        try:
            zstd = unpacking._zstandard()
        except ImportError:
            pytest.skip("neither Python 3.14 nor the extra zstd")
        data = zstd.compress(TEXT.encode())
        assert read(data + data) == 2 * TEXT
        assert "is not a whole zstandard file" in refusal(data[:-3])

    def test_what_this_python_cannot_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing(name: str) -> None:
            raise ImportError(name)

        monkeypatch.setattr(unpacking, "import_module", missing)
        message = refusal(b"\x28\xb5\x2f\xfd....")
        assert message.endswith('unpack it or pip install "charlm-toolkit[zstd]"')
        assert "is a bzip2 file, which this Python cannot read; unpack it" in refusal(bz2.compress(b"a"))


class TestZip:
    def test_it_is_read_like_a_folder(self) -> None:
        members = {
            "b/2.txt": b"2",
            "b/10.txt": b"10",
            "a.txt": b"a",
            ".hidden": b"x",
            "__MACOSX/._a.txt": b"\0\5\x16",
        }
        Path("a.zip").write_bytes(zipped(members))
        assert read_corpus(["a.zip"]).text == "a102"
        assert read_corpus(["a.zip"]).remarks == ()
        assert read_corpus(["a.zip"]).stem == "a"

    def test_binary_members_are_left_out(self) -> None:
        Path("a.zip").write_bytes(zipped({"a.txt": b"text", "logo.png": PNG}, zipfile.ZIP_STORED))
        corpus = read_corpus(["a.zip"])
        assert corpus.text == "text"
        assert corpus.remarks == ("left out 1 binary file: 'logo.png' in 'a.zip'",)
        Path("a.zip").write_bytes(zipped({"logo.png": PNG}))
        with pytest.raises(
            CorpusError, match=r"no text in 'a.zip' \(left out 1 binary file: 'logo.png' in 'a.zip'\)"
        ):
            read_corpus(["a.zip"])

    @pytest.mark.parametrize(
        ("members", "words"),
        [
            ({"a/in.zip": zipped({"b": b"b"})}, "'a/in.zip' in standard input is another archive (zip); unpack it"),
            ({"b.gz": gzip.compress(b"b")}, "is another archive (gzip); unpack it"),
            ({"[Content_Types].xml": b"<x/>"}, "is an Office document; save its text"),
            ({"mimetype": b"application/epub+zip"}, "an e-book; save its text"),
            ({}, "there is no text in standard input"),
        ],
    )
    def test_what_is_refused(self, members: dict[str, bytes], words: str) -> None:
        assert words in refusal(zipped(members))

    def test_encrypted_members_and_other_methods(self) -> None:
        data = bytearray(zipped({"a.txt": b"text" * 9}))
        central = data.index(b"PK\1\2")
        data[6] |= 1
        data[central + 8] |= 1
        assert "'a.txt' in standard input is encrypted; unpack it" in refusal(bytes(data))
        assert "compressed by method 14, not 8" in refusal(zipped({"a.txt": b"text"}, zipfile.ZIP_LZMA))

    def test_a_claim_of_terabytes(self) -> None:
        data = bytearray(zipped({"a.txt": b"text" * 9}))
        central = data.index(b"PK\1\2")
        data[central + 24 : central + 28] = b"\xf0\xff\xff\xff"
        assert "unpacks to more than 100 times its size; unpack it" in refusal(bytes(data))

    def test_every_truncation_is_found(self) -> None:
        data = zipped({"a.txt": b"some text " * 5, "b.txt": b"more"})
        for size in range(4, len(data)):
            assert "is not a whole zip file" in refusal(data[:size])

    @settings(max_examples=figure(200, 20_000), deadline=None)
    @given(st.integers(4, 260), st.binary(min_size=1, max_size=4))
    @example(221, b"\0")  # the name of a file is empty then
    def test_damage_is_one_line(self, place: int, noise: bytes) -> None:
        data = zipped({"a.txt": b"some text " * 5, "b.txt": b"more"}, zipfile.ZIP_STORED)
        damaged = data[:place] + noise + data[place + len(noise) :]
        try:
            read_text("-", stdin=io.BytesIO(damaged), allow_empty=True)
        except CorpusError as error:
            assert "; " in str(error)  # noqa: PT017  most damage is found, names may change


BOMBS = {
    "gzip": lambda: gzip.compress(bytes(10**7)) * 100,
    "bzip2": lambda: bz2.compress(bytes(10**7)) * 100,
    "xz": lambda: lzma.compress(bytes(10**7)) * 100,
    "zip": lambda: zipped({str(k): bytes(10**7) for k in range(20)}),
    "dictionary": lambda: lzma.compress(b"a", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 3 * 2**29}]),
}
SCRIPT = """
import resource, sys, bz2, lzma
from charlm.text.corpus import read_corpus
from charlm.errors import CorpusError
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2 * (64 * 2**20 + 101 * int(sys.argv[1])) + 2**24,) * 2)
try:
    read_corpus(["bomb"])
except CorpusError as error:
    print(error)
"""


@pytest.mark.promise(14)
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads the size of a process")  # noqa: PTH110
@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_takes_no_more_than_it_may(kind: str) -> None:
    data = BOMBS[kind]()
    Path("bomb").write_bytes(data)
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(len(data))], capture_output=True, text=True)
    assert done.stderr == ""
    assert "Memory usage limit" in done.stdout if kind == "dictionary" else "more than 100 times" in done.stdout


class TestFolders:
    def test_binary_files_are_left_out_and_counted(self) -> None:
        Path("src/sub").mkdir(parents=True)
        Path("src/a.py").write_text("def f(x): ...\n")
        for k in range(5):
            Path(f"src/sub/{k}.png").write_bytes(PNG)
        Path("src/sub/data").write_bytes(b"\xfe" + bytes(range(32)) * 300)
        Path("src/sub/z.tar").write_bytes(bytes(257) + b"ustar\x0000" + bytes(500))
        Path("src/sub/z.docx").write_bytes(zipped({"[Content_Types].xml": b"<x/>"}))
        for errors, encoding in (("strict", "utf-8"), ("replace", "utf-8")):
            corpus = read_corpus(["src"], errors=errors, encoding=encoding)  # type: ignore[arg-type]
            assert corpus.text == "def f(x): ...\n"
            names = ", ".join(repr(str(Path("src/sub") / f"{k}.png")) for k in range(3))
            assert corpus.remarks == (f"left out 8 binary files: {names} and 5 more",)
        assert "PNG" not in read_corpus(["src"], encoding="latin-1").text

    def test_text_in_another_encoding_is_still_refused(self) -> None:
        Path("src").mkdir()
        Path("src/a.txt").write_bytes("naïve café, ".encode("latin-1") * 20)
        with pytest.raises(CorpusError, match=r'at byte offset 2 .*; give its `encoding`, or `errors="replace"`$'):
            read_corpus(["src"])
        Path("src/a.txt").write_bytes("широкая электрификация".encode("koi8-r") * 20)
        with pytest.raises(CorpusError, match=r"; give its `encoding`$"):
            read_corpus(["src"])


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
    def test_a_byte_order_mark_tells_it(self, encoding: str) -> None:
        Path("a.txt").write_bytes(("\ufeff" + TEXT).encode(encoding))
        corpus = read_corpus(["a.txt"])
        assert corpus.text == TEXT
        assert corpus.remarks == (f"read as {encoding[:6]}, by the byte order mark: 'a.txt'",)
        assert read_corpus(["a.txt"], encoding=encoding).remarks == ()

    def test_binary_data_named_alone(self) -> None:
        assert refusal(PNG) == "standard input is binary (a PNG image); give a text"
        assert refusal(b"%PDF-1.7\n\xe2\xe3") == "standard input is binary (a PDF document); give a text"
        message = refusal(b"\xfe" + bytes(range(32)) * 9)
        assert "looks binary: not utf-8 from byte 0xfe at byte offset 0 (invalid start byte)" in message
        assert "replace" not in message
        with pytest.raises(CorpusError, match="is binary"):
            read_text("-", stdin=io.BytesIO(PNG), errors="replace")

    @pytest.mark.parametrize("text", ["%PDF-1.4 is how it begins", "GIF89a", "BZh9 PK RIFF", "\0\1\2\3" * 9])
    def test_valid_utf_8_is_text_whatever_it_begins_with(self, text: str) -> None:
        assert read(text.encode()) == text


class TestCommands:
    """One reader serves them all."""

    TINY = ("--hidden-size", "2", "--shards", "1", "--sample-every", "0", "--force", "--out", "r")

    @pytest.mark.parametrize("name", ["a.bz2", "a.xz", "a.zip", "a.txt", "src"])
    def test_train_and_resume(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        Path("src").mkdir()
        Path("src/a").write_text(TEXT)
        Path("src/b").write_bytes(PNG)
        Path("a.bz2").write_bytes(bz2.compress(TEXT.encode()))
        Path("a.xz").write_bytes(lzma.compress(TEXT.encode()))
        Path("a.zip").write_bytes(zipped({"a": TEXT.encode()}))
        Path("a.txt").write_bytes(TEXT.encode("utf-16"))
        assert run(["train", name, "--val-file", name, "--steps", "1", "--quiet", *self.TINY]) == 0
        assert capsys.readouterr().err == ""
        assert set(charlm.load("r").vocabulary.symbols) == set(TEXT)
        assert run(["resume", "r", "--steps", "2", "--quiet"]) == 0
        assert run(["sample", "r", "--novelty", "--length", "3", "--prompt-file", "a.txt"]) == 0
        assert "read as utf-16, by the byte order mark: 'a.txt'" in capsys.readouterr().err

    def test_a_remark_is_shown_unless_quiet(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("src").mkdir()
        Path("src/a").write_text(TEXT)
        Path("src/logo\x1b[31m.png").write_bytes(PNG)
        assert run(["train", "src", "--steps", "1", *self.TINY, "--json"]) == 0
        assert capsys.readouterr().err.startswith(r"left out 1 binary file: 'src/logo\x1b[31m.png'")
        for command in (["eval", "r", "src"], ["score", "r", "src"], ["corpus", "stats", "src"]):
            assert run(command) == 0
            assert "left out 1 binary file" in capsys.readouterr().err
