"""``charlm corpus``, as its user sees it: what is on stdout, what is in a file, and what is refused."""

from __future__ import annotations

import gzip
import io
import json
import math
import sys
from pathlib import Path

import pytest

from charlm.cli.entry import run
from charlm.text.builtin import NAMES, make_text, true_entropy
from charlm.text.builtin.tasks import TASKS, pairs_of
from charlm.text.pair_corpus import read_pair_corpus


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_list_names_every_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", "list"]) == 0
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()]
    assert rows[0][:3] == ["corpus", "characters", "bits/char"]
    blank = rows.index([])
    assert tuple(row[0] for row in rows[1:blank]) == NAMES
    assert rows[blank + 1][:4] == ["task", "pairs", "output", "minutes"]
    assert [row[:4] for row in rows[blank + 2 :]] == [
        [name, f"{task.count:,}", task.output, f"{task.minutes:g}"] for name, task in TASKS.items()
    ]
    sums = true_entropy("sums")
    assert sums is not None
    assert next(row for row in rows if row[0] == "sums")[:3] == ["sums", "500,000", f"{sums.bits:.4f}"]
    assert next(row for row in rows if row[0] == "tales")[:3] == ["tales", "1,000,000", "–"]
    assert err == ""


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    corpora, tasks = listed["corpora"], listed["tasks"]
    assert [
        (task["name"], task["pairs"], task["output"], task["minutes"], task["description"]) for task in tasks
    ] == [(name, task.count, task.output, task.minutes, task.description) for name, task in TASKS.items()]
    assert tuple(corpus["name"] for corpus in corpora) == NAMES
    for corpus in corpora:
        entropy = true_entropy(corpus["name"])
        assert corpus["true_nats"] == (entropy and entropy.nats)
        assert corpus["true_bits"] == (entropy and entropy.bits)
        assert corpus["description"]


def test_make_writes_the_text_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", "make", "sums", "--size", "300", "--seed", "4"]) == 0
    assert capsys.readouterr() == (make_text("sums", size=300, seed=4), "")


def test_make_into_a_file_and_never_over_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "made.txt"
    command = ["corpus", "make", "tales", "--size", "2000", "--output", str(file)]
    assert run(command) == 0
    assert file.read_bytes() == make_text("tales", size=2000).encode()
    assert run([*command, "--seed", "1"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "exists; choose another --output, or replace it with --force" in err
    assert file.read_bytes() == make_text("tales", size=2000).encode()
    assert run([*command, "--seed", "1", "--force"]) == 0
    assert file.read_bytes() == make_text("tales", size=2000, seed=1).encode()


def test_make_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", "make", "dates", "--size", "50", "--json"]) == 0
    text = make_text("dates", size=50)
    made = {"name": "dates", "seed": 0, "characters": len(text)}
    assert json.loads(capsys.readouterr().out) == {**made, "text": text}
    file = tmp_path / "dates.txt"
    assert run(["corpus", "make", "dates", "--size", "50", "--json", "--output", str(file)]) == 0
    assert json.loads(capsys.readouterr().out) == {**made, "output": str(file)}
    assert file.read_text("utf-8") == text


def test_make_writes_pairs_that_are_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["corpus", "make", "dates", "--pairs", "--count", "20", "--seed", "3"]
    assert run(command) == 0
    made = capsys.readouterr().out
    assert made.splitlines() == ["\t".join(pair) for pair in pairs_of("dates", 20, seed=3)]
    file = tmp_path / "dates.tsv"
    assert run([*command, "--output", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"name": "dates", "seed": 3, "characters": len(made), "output": str(file)}
    assert read_pair_corpus(str(file)).pairs == pairs_of("dates", 20, seed=3)


def test_make_shows_controls_on_a_terminal_and_keeps_them_off_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("charlm.cli.commands.corpus.make_text", lambda *_, **__: "a\f\x1b[31m\n")
    assert run(["corpus", "make", "python"]) == 0
    assert capsys.readouterr().out == "a\f\x1b[31m\n"
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert run(["corpus", "make", "python"]) == 0
    assert sys.stdout.getvalue() == "a␌␛[31m\n"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["make", "poems"],
            3,
            "no built-in corpus 'poems'; choose one of brackets, dates, python, skazki, sums, tales",
        ),
        (["make", "sort"], 3, "sort is a built-in task of pairs, not a text; use --pairs for it"),
        (["make", "tales", "--pairs"], 3, "no built-in task of pairs 'tales'; choose one of add, dates, "),
        (["make", "dates", "--pairs", "--size", "9"], 2, "--size 9 counts the characters of a text; give --count"),
        (["make", "dates", "--count", "9"], 2, "--count 9 counts pairs; give --size, or --pairs as well"),
        (["make", "dates", "--pairs", "--count", "0"], 2, "--count is 0; it must be at least 1 and at most 100000"),
        (["make", "sums", "--size", "0"], 2, "--size is 0; it must be at least 1"),
        (["make", "sums", "--seed", "-1"], 2, "--seed is -1; it must be at least 0"),
        (["make", "python", "--size", "1000000000"], 3, "ask for at most those"),
        (["make", "sums", "--size", "9", "--output", "no/such/folder/x"], 5, "folder"),
        (["make"], 2, "NAME"),
        (["stats", "no-such-file"], 3, "no-such-file"),
        (["stats", "builtin:poems"], 3, "poems"),
        (["stats", "-", "-"], 2, "standard input can be read once"),
        (["stats", "builtin:sums", "--errors", "maybe", "pyproject.toml"], 2, "maybe"),
    ],
)
def test_refusals_are_one_line(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["corpus", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err


def test_stats_count_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("ab\nabé\n\nx".encode())
    packed = tmp_path / "b.gz"
    packed.write_bytes(gzip.compress(b"aaaa\n"))
    assert run(["corpus", "stats", "--json", str(file), str(packed)]) == 0
    first, second = json.loads(capsys.readouterr().out)["corpora"]
    # a b e-acute x newline: 2 2 1 1 3 of 9
    nats = -sum(n / 9 * math.log(n / 9) for n in (2, 2, 1, 1, 3))
    assert first.pop("unigram_nats") == pytest.approx(nats, rel=1e-12)
    assert first.pop("unigram_bits") == pytest.approx(nats / math.log(2), rel=1e-12)
    assert first == {
        "name": str(file),
        "characters": 9,
        "symbols": 5,
        "lines": 4,
        "longest_line": 3,
        "utf8_bytes": 10,
        "non_ascii": 1,
        "true_nats": None,
        "true_bits": None,
    }
    assert (second["characters"], second["lines"], second["longest_line"]) == (5, 1, 4)


def test_stats_show_the_true_entropy_beside_the_unigrams(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", "stats", "builtin:brackets", "builtin:tales"]) == 0
    out = capsys.readouterr().out
    rows = {label: values for label, *values in (line.rsplit(maxsplit=2) for line in out.splitlines()[1:])}
    entropy = true_entropy("brackets")
    assert entropy is not None
    assert rows["true nats/char"] == [f"{entropy.nats:.4f}", "–"]
    assert rows["true bits/char"] == [f"{entropy.bits:.4f}", "–"]
    assert rows["distinct symbols"] == ["7", "61"]


def test_stats_with_a_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.txt"
    file.write_text("to be or not to be\n" * 40, "utf-8")
    short = tmp_path / "b.txt"
    short.write_text("a", "utf-8")
    assert run(["corpus", "stats", "--baseline", "--json", str(file), str(short)]) == 0
    first, second = json.loads(capsys.readouterr().out)["corpora"]
    assert first["baseline"]["tested_on"] == 76
    assert 0 < first["baseline"]["nats"] < first["unigram_nats"]
    assert second["baseline"] is None
    assert run(["corpus", "stats", "--baseline", str(file), str(short)]) == 0
    rows = {
        label: values
        for label, *values in (line.rsplit(maxsplit=2) for line in capsys.readouterr().out.splitlines()[-3:])
    }
    assert rows["baseline nats/char"] == [f"{first['baseline']['nats']:.4f}", "–"]
    assert rows["baseline bits/char"] == [f"{first['baseline']['nats'] / math.log(2):.4f}", "–"]
    assert rows["baseline model"] == [f"{first['baseline']['order']}-gram", "–"]


def test_stats_of_nothing_are_those_of_the_tales(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", "stats"]) == 0
    out = capsys.readouterr().out
    assert "builtin:tales" in out
    assert f"{len(make_text('tales')):,}" in out


def test_stats_of_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo\n")))
    assert run(["corpus", "stats", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["corpora"][0]["lines"] == 2


def test_a_name_cannot_control_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "[bold]\u202eodd.txt"
    file.write_text("text\n", "utf-8")
    assert run(["corpus", "stats", str(file)]) == 0
    out = "".join(line.split()[-1] for line in capsys.readouterr().out.splitlines() if line.strip())
    assert "\u202e" not in out
    assert "[bold]" in out


def test_help_is_short_and_names_no_more_than_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", "--help"]) == 0
    out = capsys.readouterr().out
    commands = out.partition("Commands:")[2].partition("\n\n")[0].split("\n")
    assert [line.split()[0] for line in commands if line.strip()] == ["list", "make", "stats"]


def test_details_survey_the_text_and_forecast_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("to be or not to be\x07\n" * 60, "utf-8")
    assert run(["corpus", "stats", "a.txt", "--details", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["corpora"][0]["details"]
    assert found["controls"] == {"U+0007": 60}
    assert (found["encoding"], found["remarks"]) == ("utf-8", [])
    assert found["preset"] == "quick"
    assert found["minutes"] > 0
    assert found["bits"]["1-gram"] > found["bits"]["6-gram"]
    assert run(["corpus", "stats", "a.txt", "--details"]) == 0
    shown = capsys.readouterr().out
    assert "preset that fits" in shown
    assert "\x07" not in shown
    Path("b.txt").write_text("a", "utf-8")
    assert run(["corpus", "stats", "b.txt", "--details", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["corpora"][0]["details"]["preset"] is None
