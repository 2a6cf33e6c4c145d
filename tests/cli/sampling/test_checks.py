from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import regex

import charlm
from charlm.cli.entry import run


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> charlm.CharModel:
    """A model as the newest run, in the folder in which the test runs."""
    monkeypatch.chdir(tmp_path)
    known = charlm.Vocabulary.from_text("abcdefABC0123-: \n")
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=5), known, seed=2)
    Path("run").mkdir()
    charlm.save(model, Path("run/last.npz"))
    return model


def sample(*flags: str) -> int:
    return run(["sample", "run", "--prompt", "ab", "--no-echo", "--seed", "3", *flags])


def test_every_sample_matches_and_says_why_it_ended(trained, capsys):
    assert sample("--regex", "[a-c]+ (?:[0-3]{2}:?)+", "--length", "20", "--count", "40", "--json") == 0
    out, err = capsys.readouterr()
    assert err == ""
    objects: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    assert len(objects) == 40
    for one in objects:
        assert regex.fullmatch("[a-c]+ (?:[0-3]{2}:?)+", one["text"])
        assert one["finish_reason"] == "regex"
        assert one["parameters"]["regex"] == "[a-c]+ (?:[0-3]{2}:?)+"
        assert len(one["logprobs"]) == len(one["text"])


def test_python_writes_the_same(trained, capsys):
    assert sample("--regex", "[a-f]{3,9}") == 0
    text = "".join(charlm.generate(trained, prompt="ab", regex="[a-f]{3,9}", seed=3))
    assert capsys.readouterr().out == text


def test_anchors_and_word_boundaries(trained, capsys):
    pattern = r"^\b[a-c ]+\b: \m[0-3]+$"
    assert sample("--regex", pattern, "--length", "20", "--count", "20", "--json") == 0
    out, err = capsys.readouterr()
    assert err == ""
    texts = [json.loads(line)["text"] for line in out.splitlines()]
    assert all(regex.fullmatch(pattern, text) for text in texts)
    assert any(" " in text.split(":")[0] for text in texts)


def test_a_template_and_a_name(trained, capsys):
    assert sample("--template", r"a {x:[abc]{2}}: {when:[0-3]+-\d}") == 0
    assert regex.fullmatch(r"a [abc]{2}: [0-3]+-\d", capsys.readouterr().out)
    assert sample("--regex", "@word") == 0
    assert regex.fullmatch(r"\p{L}+", capsys.readouterr().out)


def test_a_list_of_words(trained, capsys):
    Path("words.txt").write_text("bad\nface\ncafé\n", "latin-1")
    flags = ("--length", "20", "--count", "20", "--encoding", "latin-1", "--json")
    for pattern in (("--regex", "(@file:words.txt )+"), ("--template", "{x:@file:words.txt} {y:@file:words.txt}")):
        assert sample(*pattern, *flags) == 0
        out, err = capsys.readouterr()
        assert err == ""
        objects = [json.loads(line) for line in out.splitlines()]
        assert {word for one in objects for word in one["text"].split()} == {"bad", "face"}
        assert pattern[1] in (objects[0]["parameters"]["regex"], objects[0]["parameters"]["template"])
    assert sample("--regex", "@file:words.txt") == 3
    assert "is not utf-8: byte 0xe9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--regex", "z+"), 8, "no 'z'"),
        (("--regex", "a{600}"), 8, "600 characters; raise --length"),
        (("--regex", "(?=a)b"), 2, "lookahead"),
        (("--regex", "(a"), 2, "group without an end"),
        (("--regex", "@nope"), 2, "choose one of date"),
        (("--regex", "\x1b[2J\u202e"), 2, "pattern"),
        (("--template", "{x"), 2, "does not close"),
        (("--regex", "a", "--template", "b"), 2, "one of them"),
        (("--regex", "(?:(?:(?:a{1000}){1000}){1000})"), 8, "raise --length"),
        (("--regex", r"a\bb"), 8, "no text of at most"),
        (("--regex", r"([abc]+)-\1"), 2, "a backreference at offset 9; it must be regular: write every case"),
        (("--template", r"a {x:([abc])\1}"), 2, "a backreference at offset 7"),
        (("--regex", "@file:nope.txt"), 3, "there is no list of words 'nope.txt'; check the name"),
        (("--template", "a{x:@file:'\x1b[2J\u202e'}"), 3, "there is no list of words"),
    ],
)
def test_errors_are_one_line(trained, capsys, flags, code, words):
    assert sample(*flags) == code
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert words in line
    assert "\x1b" not in err
    assert "\u202e" not in err


def test_the_console_takes_them_too(trained):
    program = [sys.executable, "-c", "from charlm.cli.entry import main; main()"]
    command = [*program, "console", "run", "--regex", "[0-3]{4}", "--seed", "1", "--no-echo"]
    done = subprocess.run(command, input="ab\nba\n", capture_output=True, text=True, timeout=60, check=True)
    assert regex.fullmatch(r"([0-3]{4}\n*){2}", done.stdout)
    Path("words.txt").write_text("bad\nface\n")
    command[-4] = "@file:words.txt"
    lines = "ab\n/regex (@file:words.txt){2}\nba\n"
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60, check=True)
    assert regex.fullmatch(r"(?:bad|face)\n*(?:bad|face){2}\n*", done.stdout)
