"""Lists of words in files, named by patterns and read by who gives the pattern."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

import charlm
from charlm.config import SampleConfig
from charlm.errors import CharlmError, CorpusError, UsageError
from charlm.generation import sample_many
from charlm.generation.constraint import check_pattern, constraint_for, with_word_lists


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("words.txt").write_bytes(b"\n plum \r\npear\nplum\nC++\nNew York\n@file:x\n")
    Path("my {own} words").write_text("fig")


@pytest.fixture
def model() -> charlm.CharModel:
    return charlm.CharModel(
        charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("pearlum figxyz."), seed=0
    )


LISTED = r"(?:\@file\:x|C\+\+|New\ York|pear|plum)"


@pytest.mark.parametrize(
    ("pattern", "resolved"),
    [
        ("@file:words.txt", LISTED),
        ("(@file:words.txt )+", f"({LISTED} )+"),
        ("x@file:./words.txt{2}", f"x{LISTED}{{2}}"),
        ("@file:words.txt.", f"{LISTED}."),
        (r"@file:words.txt\.", rf"{LISTED}\."),
        ("@file:words.txt|@file:words.txt", f"{LISTED}|{LISTED}"),
        ('@file:"my {own} words"', "(?:fig)"),
        ("@file:'my {own} words's", "(?:fig)s"),
        ("[@file:words.txt]", "[@file:words.txt]"),
        (r"\@file:words.txt", r"\@file:words.txt"),
        ("me@files.org", "me@files.org"),
        ("@date", "@date"),
    ],
)
def test_words_take_the_place_of_a_name(pattern: str, resolved: str) -> None:
    config = with_word_lists(SampleConfig(regex=pattern, length=7))
    assert config == SampleConfig(regex=resolved, length=7)
    assert with_word_lists(config) == config
    check_pattern(config)


def test_holes_of_a_template() -> None:
    template = "@file:words.txt {{a}} {x:@file:words.txt}, {y:@date}{z}{w:@file:'my {own} words'}"
    resolved = with_word_lists(SampleConfig(template=template)).template
    assert resolved == rf"@file:words.txt {{{{a}}}} {{x:{LISTED}}}, {{y:@date}}{{z}}{{w:(?:fig)}}"
    check_pattern(SampleConfig(template=resolved))
    plain = r"{{ @file:words.txt {x:[{]{2}@date\}} @file:words.txt } {y:@file:"
    with pytest.raises(UsageError, match="without a name"):
        with_word_lists(SampleConfig(template=plain))
    assert with_word_lists(SampleConfig(template=plain + "words.txt}")).template == f"{plain[:-6]}{LISTED}}}"


def test_lists_are_read_like_corpora(model: charlm.CharModel) -> None:
    Path("a.gz").write_bytes(gzip.compress("\ufeffpear\nplum\n".encode("utf-16-le")))
    assert with_word_lists(SampleConfig(regex="@file:a.gz")).regex == "(?:pear|plum)"
    Path("l").write_bytes("é\n".encode("latin-1"))
    assert with_word_lists(SampleConfig(regex="@file:l"), encoding="latin-1").regex == "(?:é)"
    assert with_word_lists(SampleConfig(regex="@file:l"), errors="replace").regex == "(?:\\\ufffd)"
    with pytest.raises(CorpusError, match="'l' is not utf-8: byte 0xe9 at byte offset 0"):
        with_word_lists(SampleConfig(regex="@file:l"))


@pytest.mark.parametrize(
    ("pattern", "kind", "words"),
    [
        ("@file:", UsageError, "without a name; write @file:words.txt"),
        ("@file:'words.txt", UsageError, "without a name"),
        ("@file:nope.txt", CorpusError, "there is no list of words 'nope.txt'; check the name"),
        ("@file:'a\0b'", CorpusError, "there is no list of words"),
        ("@file:'.'", UsageError, "'.' is no regular file; give a text file"),
        ("@file:blank", CorpusError, "there are no words in 'blank'; give a text file"),
        ("@file:logo.png", CorpusError, r"'logo.png' is binary \(a PNG image\); give a text"),
    ],
)
def test_errors(pattern: str, kind: type[CharlmError], words: str) -> None:
    Path("blank").write_text(" \n\n")
    Path("logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(kind, match=words) as error:
        with_word_lists(SampleConfig(regex=pattern))
    assert str(error.value).isprintable()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for() -> None:
    os.mkfifo("pipe")
    with pytest.raises(UsageError, match="'pipe' is no regular file"):
        with_word_lists(SampleConfig(regex="@file:pipe"))


@pytest.mark.parametrize(
    "config",
    [
        SampleConfig(regex="@file:words.txt"),
        SampleConfig(regex="x(?:a|@file:words.txt)"),
        SampleConfig(template="{x:@file:words.txt}"),
    ],
)
def test_a_configuration_reads_no_file(
    config: SampleConfig, model: charlm.CharModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Path, "read_bytes", never)
    with pytest.raises(UsageError, match="a list of words that has not been read; read it with"):
        constraint_for(config, model.vocabulary)
    with pytest.raises(UsageError, match="that has not been read"):
        list(sample_many(model, config, seeds=[1]))


def test_generate_reads_it(model: charlm.CharModel) -> None:
    texts = {"".join(charlm.generate(model, regex="(@file:words.txt.)+", length=10, seed=k)) for k in range(20)}
    texts |= {"".join(charlm.generate(model, template="{x:@file:words.txt}.", length=10, seed=k)) for k in range(9)}
    assert {word for text in texts for word in text.replace(" ", ".").split(".")} >= {"pear", "plum"}
    assert len(texts) > 2


def test_the_words_go_wherever_the_configuration_goes(model: charlm.CharModel) -> None:
    config = with_word_lists(SampleConfig(regex="(@file:words.txt )+", length=20))
    Path("words.txt").unlink()
    alone = [one.read() for one in sample_many(model, config, seeds=range(40))]
    shared = [one.read() for one in sample_many(model, config, seeds=range(40), workers=2)]
    assert alone == shared
