"""Each example runs and prints what its docstring says, on at most 40 lines of code."""

from __future__ import annotations

import ast
import importlib
import io
import os
import re
import subprocess
import sys
import tokenize
from functools import cache
from pathlib import Path
from xml.dom import minidom

import pytest

import charlm.examples

ROOT = Path(__file__).parents[2]
FOLDER = Path(charlm.examples.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
NUMBER = r"([-+.\de]+)"
LONGER = {"sine": 60}  # lines of code of those that need more than 40: it compares five models, and draws


@cache
def printed(name: str, *arguments: str) -> str:
    """Run an example as a program, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"charlm.examples.{name}", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def numbers(pattern: str, text: str) -> list[float]:
    """Return the number of each match."""
    return [float(found) for found in re.findall(pattern.replace("NUMBER", NUMBER), text)]


def lines_of_code(source: str) -> int:
    """Count lines that are neither blank, nor comments, nor docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            lines |= set(range(token.start[0], token.end[0] + 1)) if token.string else set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(lines)


def test_lines_of_code() -> None:
    source = '"""Says\n\nmuch."""\n\nx = [  # one\n    1,\n]\n# two\ndef f():\n    """Three."""\n    return x\n'
    assert lines_of_code(source) == 5


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_page(name: str) -> None:
    source = (FOLDER / f"{name}.py").read_text("utf-8")
    most = LONGER.get(name, 40)
    assert lines_of_code(source) <= most
    assert len(source.splitlines()) <= most + 40
    assert "\nPrints " in source
    assert importlib.import_module(f"charlm.examples.{name}").__all__ == ["main"]


def test_each_is_listed() -> None:
    assert sorted(re.findall(r"`(\w+)`(?=[,:])", charlm.examples.__doc__ or "")) == NAMES
    page = (ROOT / "docs" / "examples.md").read_text("utf-8")
    assert sorted(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == NAMES


def test_toy_lstm() -> None:
    losses = numbers("loss NUMBER", printed("toy_lstm"))
    assert 0.4 < losses[0] < 0.8
    assert losses[-1] < 1e-5
    targets, outputs = (numbers(" NUMBER", line) for line in re.findall(r"\[(.*)\]", printed("toy_lstm")))
    assert outputs == pytest.approx(targets, abs=0.01)


def test_gru_step() -> None:
    differences = numbers("differs by NUMBER", printed("gru_step"))
    assert len(differences) == 7 + 6  # with reset before there is no b_hn
    assert max(differences) < 1e-14


def test_lstm_step() -> None:
    shown = printed("lstm_step").splitlines()
    assert {"z", "i", "f", "g", "o", "c", "h"} | {"dz", "di", "df", "dg", "do", "dc", "dh"} <= set(shown)
    errors = numbers("finite differences by NUMBER", printed("lstm_step"))
    assert len(errors) == 6
    assert max(errors) < 1e-6


def test_lstm_sequence() -> None:
    naive, fast = re.search(rf"naive {NUMBER}  fast {NUMBER}", printed("lstm_sequence")).groups()
    assert naive == fast
    rows = re.findall(rf"naive - fast {NUMBER}  finite differences {NUMBER}", printed("lstm_sequence"))
    assert len(rows) == 6
    assert max(float(difference) for difference, _ in rows) < 1e-13
    assert max(float(error) for _, error in rows) < 1e-6


def test_own_cell() -> None:
    errors = numbers("relative error NUMBER", printed("own_cell"))
    assert len(errors) == 5
    assert max(errors) < 1e-6
    assert printed("own_cell").endswith("passed\n")


def test_a_wrong_line_of_ones_own_cell_shows(capsys: pytest.CaptureFixture[str]) -> None:
    source = (FOLDER / "own_cell.py").read_text("utf-8")
    assert source.count("dn * (1 - n**2)") == 1
    module: dict[str, object] = {"__name__": "__main__"}
    exec(source.replace("dn * (1 - n**2)", "dn * (1 - n)"), module)
    assert "wrong: " in capsys.readouterr().out


def test_vanishing_gradients() -> None:
    header, *rows = printed("vanishing_gradients").splitlines()
    assert re.split(" {2,}", header.strip()) == ["distance", "RNN", "GRU", "LSTM", "LSTM, b_f = 3"]
    table = {int(row.split()[0]): [float(cell) for cell in row.split()[1:]] for row in rows}
    assert table[0] == [1, 1, 1, 1]
    rnn, gru, lstm, open_lstm = table[50]
    assert rnn < 1e-12 < gru < 1e-9 < lstm < 1e-3 < open_lstm


def test_sine(tmp_path: Path) -> None:
    picture = tmp_path / "sine.svg"
    shown = printed("sine", "--svg", str(picture))
    errors = dict(re.findall(rf"^(.+): squared error {NUMBER}$", shown, re.MULTILINE))
    *networks, order_25, order_50 = map(float, errors.values())
    assert [*errors][:3] == ["RNN", "LSTM", "GRU"]
    assert max(networks) < 0.8 * order_25
    assert order_50 < order_25 < 0.0012
    assert max(map(len, shown.splitlines())) <= 79
    svg = minidom.parseString(picture.read_bytes())
    titles = [text.firstChild.data for text in svg.getElementsByTagName("text")]  # type: ignore[union-attr]
    assert titles == [f"{name}: squared error {error}" for name, error in errors.items()]


def test_sigmoid_head() -> None:
    losses = numbers("loss NUMBER", printed("sigmoid_head"))
    assert losses[0] == pytest.approx(0.693, abs=0.02)
    assert losses[-1] < 0.1
    seen_a, odd_b = numbers("NUMBER%", printed("sigmoid_head"))
    assert seen_a > 99
    assert odd_b > 95


def test_wide_and_deep() -> None:
    right = numbers("right NUMBER%", printed("wide_and_deep"))
    deep, wide, both = right
    assert deep < wide - 10  # after one pass
    assert both > deep + 10
    assert min(numbers("NUMBER% after 3", printed("wide_and_deep"))) > 95


def test_names_to_language() -> None:
    right = numbers("right NUMBER%", printed("names_to_language"))
    assert len(right) == 5
    assert right[-1] > 98


def test_names_to_language_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "names.tsv"
    roots = [f"{first}{second}n" for first in ("Bla", "Dro", "Mi", "Pe", "Sto", "Vle") for second in "aeioubcdfg"]
    endings = (("ová", "Czech"), ("escu", "Romanian"))
    rows = [f"{root}{end}\t{language}" for root in roots for end, language in endings]
    file.write_text("\n".join(rows) + "\n", "utf-8")
    output = printed("names_to_language", str(file))
    assert numbers("right NUMBER%", output)[-1] == 100
    assert "'Czech'" in output


def test_captioning() -> None:
    known, unknown = numbers("NUMBER% right", printed("captioning"))
    assert known > 95
    assert unknown > 60


def test_truncation() -> None:
    right = numbers("right NUMBER%", printed("truncation"))
    assert len(right) == 5
    assert max(right[:2]) < 65  # T = 4 and 8
    assert min(right[2:]) > 80  # T = 12, 24, and 4 to 24


def test_clipping() -> None:
    losses = numbers("loss NUMBER", printed("clipping"))
    off, by_value, by_norm = losses[4], losses[9], losses[14]
    assert max(by_value, by_norm) < 0.3  # the run that is not clipped is chaotic: last bits of a product decide it
    assert off > 1.5 * max(by_value, by_norm)
    assert max(numbers("largest norm NUMBER", printed("clipping"))) > 10


def test_mask() -> None:
    alone, on, on_other, off, off_other = numbers(r"  NUMBER\n", printed("mask"))
    assert alone == on == on_other
    assert len({on, off, off_other}) == 3
    shown_on, shown_off = numbers("shown NUMBER", printed("mask"))
    real_on, real_off = numbers("characters NUMBER", printed("mask"))
    assert shown_on == real_on
    assert shown_off < shown_on < real_off


def test_teacher_forcing() -> None:
    rows = re.findall(r"forcing (on|off) +update +(\d+) .*reversed (\d+)%", printed("teacher_forcing"))
    right = {(name, int(update)): int(share) for name, update, share in rows}
    assert right["on", 100] > right["off", 100] + 10
    assert min(right["on", 400], right["off", 400]) > 90


def test_gradient_checks() -> None:
    entries, directions = (
        numbers(f"{name} +NUMBER", printed("gradient_checks")) for name in ("entries", "direction")
    )
    right, bias, factor, single = range(4)
    assert max(entries[right], directions[right], entries[single]) < 1e-6 < directions[single]
    assert min(entries[bias], entries[factor], directions[bias], directions[factor]) > 1e-6
    assert re.findall(r"^  (passed|wrong)$", printed("gradient_checks"), re.MULTILINE) == ["passed", *["wrong"] * 3]


def test_windows() -> None:
    shown = printed("windows")
    first = re.findall(r"^sequential .*\d  '(.*?)'", shown, re.MULTILINE)
    assert "".join(first) == "the quick brown fox jump"
    losses = numbers("loss NUMBER", shown)
    assert len(losses) == 6
    assert losses[2] < losses[0] < 2.5
    assert losses[5] < losses[3] < 2.5


def test_optimizers() -> None:
    header, *rows = (line.split() for line in printed("optimizers").splitlines())
    assert header[1:] == ["0", "10", "30", "100", "300"]
    losses = {name: list(map(float, row)) for name, *row in rows}
    assert [*losses] == ["SGD", "momentum", "Nesterov", "Adagrad", "RMSprop", "Adam", "AdamW"]
    assert len({row[0] for row in losses.values()}) == 1
    assert max(row[-1] for row in losses.values()) < 0.4
    assert losses["SGD"][3] > losses["momentum"][3] > losses["Adam"][3]


def test_bidirectional() -> None:
    one_way, both_ways = numbers("right tags NUMBER%", printed("bidirectional"))
    assert one_way < 90
    assert both_ways > 98


def test_reverse() -> None:
    off, on = numbers("reversed NUMBER%", printed("reverse"))
    assert off < on
    assert on > 97
    map_of = [re.split(" +", line) for line in printed("reverse").splitlines()[3:]]
    assert [row[0] for row in map_of] == [*"hgfedcba", "end"]


def test_update_gate() -> None:
    same, converted = (
        numbers(rf"{name} weights .*differs by NUMBER", printed("update_gate")) for name in ("same", "converted")
    )
    assert len(same) == len(converted) == 4
    assert max(converted) < 1e-14
    assert min(same) > 1e-3


def test_conversation() -> None:
    lines = printed("conversation").splitlines()
    bits = numbers("^NUMBER bits", "\n".join(lines[:4]))
    assert len(numbers("NUMBER bits ", "\n".join(lines))) == 4
    assert all(0 < value < 2 for value in bits)
    text = "\n".join(lines[4:])
    opening = re.findall(r"^(\[Once upon a time\].*?)\[ But the (king|cat) said\]", text, re.MULTILINE | re.DOTALL)
    assert [typed for _, typed in opening] == ["king", "cat"]
    assert opening[0][0] == opening[1][0]
    assert lines[-1] == "alike: True - branches: opening"
