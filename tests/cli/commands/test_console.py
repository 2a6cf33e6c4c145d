from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import charlm
from charlm.cli.entry import run
from tests.cli.console.world import below_greeting

Start = Callable[..., Any]
# the console's and readline's own
CONTROLS = re.compile(rb"\r\x1b\[2K(?:\x1b\[1A\x1b\[2K)*|\x1b\[(?:\?2004[hl]|[\d;]*m)")
GROWING = re.compile(rb"\x1b\[(?:\?25[hl]|1A|2K)")  # of rich's live display
COLOURS = re.compile(rb"\x1b\[[\d;]*[349]\d[\d;]*m")


def saved(folder: Path, symbols: str) -> Path:
    vocabulary = charlm.Vocabulary.from_text(symbols)
    charlm.save(charlm.CharModel(charlm.ModelConfig(hidden_size=16), vocabulary, seed=1), folder / "model.npz")
    return folder / "model.npz"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that writes Greek small letters only, so that its text is told from everything else."""
    return saved(tmp_path_factory.mktemp("greek"), "αβγδε")


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("nasty"), "a\x07\x1b[2J\x9b\x9d\r\b\x7f\u202e")


def prompted(screen: Any) -> bool:
    """Tell whether the console waits for a line."""
    return bool(screen.text.split("\n")[-1] == ">")


def greek(screen: Any) -> str:
    return "".join(c for c in screen.text if c in "αβγδε")


def test_a_line_becomes_part_of_the_text_and_the_model_goes_on(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "30", "--seed", "5")
    screen.wait(prompted)
    greeting = screen.text.replace("\n", " ")
    assert greeting.startswith(f"model {model}")
    assert " lstm 16 · 5 symbols" in greeting
    assert "seed 5 Type how a text begins, then Enter. /help lists commands" in greeting
    screen.send("βββ\r")
    screen.wait(lambda s: prompted(s) and len(greek(s)) == 33)
    top = below_greeting(screen)
    assert re.fullmatch("βββ[αβγδε]{30}", screen.rows[top])
    assert screen.rows[top + 1 : top + 3] == ["length 30 · 33 chars", ">"]
    assert screen.text.count("seed") == 1
    person, machine = screen.style("βββ"), screen._screen.buffer[top][3]
    assert (person.bold, person.fg) == (True, "cyan")
    assert (machine.bold, machine.fg) == (False, "default")
    screen.send("\r")  # an empty line goes on
    screen.wait(lambda s: prompted(s) and len(greek(s)) == 63)
    screen.send("/bye\r")
    assert screen.end() == 0


@pytest.mark.parametrize("columns", [80, 40])
def test_an_empty_line_continues_the_row(terminal: Start, model: Path, columns: int) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "27", "--seed", "5", columns=columns)
    screen.wait(prompted)
    screen.send("βββ\r")
    screen.wait(lambda s: prompted(s) and "30 chars" in s.text)
    screen.send("\r")
    screen.wait(lambda s: prompted(s) and "57 chars" in s.text)
    text = greek(screen)
    top = below_greeting(screen)
    assert screen.rows[top : top + -(-57 // columns)] == [text[k : k + columns] for k in range(0, 57, columns)]
    screen.send("/count 2\r")
    screen.wait(lambda s: "count 2 ·" in s.text and prompted(s))
    screen.send("\r")  # behind the row of the command
    screen.wait(lambda s: s.text.endswith("1-2>"))
    screen.send("2\r")
    screen.wait(lambda s: prompted(s) and "84 chars" in s.text)
    screen.send("γ\r")  # a candidate continues the row of what was typed
    screen.wait(lambda s: s.text.endswith("1-2>"))
    screen.send("\r")
    screen.wait(lambda s: prompted(s) and "112 chars" in s.text)
    rows = screen.text.split("\n")[:-2]
    assert "".join(rows[rows.index("count 2") + 1 :]) == greek(screen)[57:]
    assert any(re.fullmatch("γ[α-ε]{27}", row) for row in rows)


def test_input_that_is_refused_stays_without_the_row_above(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "9")
    screen.wait(prompted)
    screen.send("xyz\r")
    screen.wait(lambda s: "'x'" in s.text and prompted(s))
    assert "\n> xyz\n" in screen.text
    assert screen.text.count(" chars") == 1


def test_ctrl_c_stops_the_text_and_not_the_program(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "1000000000")
    screen.wait(prompted)
    screen.send("αβγ\r")
    screen.wait(lambda s: len(greek(s)) > 500)
    screen.send("\x03")
    screen.wait(prompted)
    screen.send("/set length 7\r")
    screen.wait(lambda s: re.search("length +7$", s.text, re.MULTILINE))
    screen.send("/undo\r")
    screen.wait("the text is empty")
    screen.send("\x04")
    assert screen.end() == 0


def test_ctrl_c_at_the_prompt_clears_the_line(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model)
    screen.wait(prompted)
    screen.send("unfinished")
    screen.wait("> unfinished")
    screen.send("\x03")
    screen.wait(prompted)
    screen.send("/bye\r")
    assert screen.end() == 0


@pytest.mark.parametrize("keys", ["\x04", "/bye\r"])
def test_leaving(terminal: Start, model: Path, keys: str) -> None:
    screen = terminal("-m", "charlm", "console", model)
    screen.wait(prompted)
    screen.send(keys)
    assert screen.end() == 0


def test_errors_are_shown_and_the_session_goes_on(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "9")
    screen.wait(prompted)
    for line, word in [
        ("xyz", "'x'"),
        ("/nonsense", "/help"),
        ("/set top-k many", "whole number"),
        ("/retry", "nothing to try again"),
        ("/model nowhere.npz", "nowhere.npz"),
    ]:
        screen.send(line + "\r")
        screen.wait(lambda s, word=word: word in s.text.replace("\n", " ") and prompted(s))
    screen.send("/bye\r")
    assert screen.end() == 0


@pytest.mark.skipif(not importlib.util.find_spec("readline"), reason="needs readline")
def test_lines_are_edited_and_remembered(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model)
    screen.wait(prompted)
    screen.send("/shaw model")
    screen.send("\x1b[D" * 7 + "\x7fo\r")  # back to the a, which becomes an o
    screen.wait(lambda s: s.text.count("lstm 16") == 2 and prompted(s))
    screen.send("\x1b[A\r")
    screen.wait(lambda s: s.text.count("lstm 16") == 3)


def test_narrow(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "50", columns=40, rows=40)
    screen.wait(prompted)
    start = screen.text.count("\n") - 1  # the row above the prompt goes, too
    screen.send("β" * 95 + "\r")  # three rows at the prompt
    screen.wait(lambda s: prompted(s) and len(greek(s)) == 145)
    rows = screen.rows[start:]
    assert re.match("β{40}\nβ{40}\nβ{15}[α-ε]{25}", "\n".join(rows))
    assert [row for row in rows if row.startswith(">")] == [">"]
    screen.send("/help\r")
    screen.wait(lambda s: "/bye" in s.text and prompted(s))


@pytest.mark.parametrize(("flags", "environment"), [([], {"NO_COLOR": "1"}), (["--no-color"], {})])
def test_without_colour(terminal: Start, model: Path, flags: list[str], environment: dict[str, str]) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "9", *flags, **environment)
    screen.wait(prompted)
    screen.send("βββ\r")
    screen.wait(lambda s: len(greek(s)) == 12 and prompted(s))
    assert screen.style("βββ").bold
    assert not COLOURS.search(screen.raw)


def test_on_a_dumb_terminal_nothing_is_painted(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "9", TERM="dumb")
    screen.wait(prompted)
    screen.send("βββ\r")
    screen.wait(lambda s: len(greek(s)) == 12 and prompted(s))
    assert b"\x1b" not in screen.raw


def test_a_model_cannot_control_the_terminal(terminal: Start, nasty: Path) -> None:
    screen = terminal("-m", "charlm", "console", nasty, "--length", "3000", "--temp", "2")
    screen.wait(prompted)
    screen.send("\r")
    screen.wait(lambda s: prompted(s) and "␛" in s.text)
    screen.send("/show vocab\r")
    screen.wait(lambda s: "12 symbols" in s.text and prompted(s))
    screen.send("/bye\r")
    assert screen.end() == 0
    left = CONTROLS.sub(b"", screen.raw).decode()
    assert not re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]|\r(?!\n|$)", left.replace("\n\r", "\n"))


def test_raw_is_refused_on_a_terminal(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--raw")
    assert screen.end() == 2


def piped(model: Path, text: bytes, *flags: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "charlm", "console", str(model), *flags]
    return subprocess.run(command, input=text, capture_output=True, timeout=60, check=False)


def test_through_a_pipe_there_is_text_and_nothing_else(model: Path) -> None:
    done = piped(model, "αα\n\n/set length 5\nββ\r\n/bye\nγγ\n".encode(), "--length", "20", "--seed", "1")
    assert done.returncode == 0
    assert re.fullmatch("αα[α-ε]{40}ββ[α-ε]{5}", done.stdout.decode())
    assert b"seed 1" in done.stderr
    assert piped(model, "αα\n\n/set length 5\nββ\n".encode(), "--length", "20", "--seed", "1").stdout == done.stdout


def test_the_prompt_flag_is_the_first_line(model: Path) -> None:
    text = piped(model, b"", "--prompt", "γγγ", "--length", "4", "--seed", "1").stdout.decode()
    assert re.fullmatch("γγγ[α-ε]{4}", text)
    assert piped(model, "γγγ\n".encode(), "--length", "4", "--seed", "1", "--no-echo").stdout.decode() == text[3:]


@pytest.mark.parametrize(("text", "code"), [(b"xyz\n", 3), (b"/nonsense\n", 2), (b"\xce\xb1\n\xff\n", 3)])
def test_through_a_pipe_the_first_error_ends_it(model: Path, text: bytes, code: int) -> None:
    done = piped(model, text, "--length", "2")
    assert done.returncode == code
    assert len(done.stderr.decode().strip().split("\n")) == 3  # the model, what it is, and the error
    assert b"Traceback" not in done.stderr


def test_what_is_piped_is_sanitised_unless_raw(nasty: Path) -> None:
    flags = ("--length", "300", "--seed", "1", "--temp", "2")
    raw, safe = piped(nasty, b"\n", *flags, "--raw").stdout, piped(nasty, b"\n", *flags).stdout
    assert b"\x1b" in raw
    assert "␛" in safe.decode()
    assert not re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", safe.decode())


def test_a_seed_below_zero(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["console", str(model), "--seed", "-1"]) == 2
    assert capsys.readouterr().err == "charlm: --seed is -1; it must be at least 0; see charlm console --help\n"


def asks(prompt: str) -> Callable[[Any], bool]:
    return lambda screen: bool(screen.text.split("\n")[-1] == prompt)


def started(terminal: Start, model: Path, *flags: str, columns: int = 80, **environment: str) -> Any:
    screen = terminal("-m", "charlm", "console", model, "--seed", "5", *flags, columns=columns, **environment)
    screen.wait(prompted)
    return screen


@pytest.mark.parametrize("columns", [80, 40])
def test_the_row_above_the_prompt(terminal: Start, model: Path, columns: int) -> None:
    screen = started(terminal, model, "--length", "3", columns=columns)
    screen.send("/set temp 0.25\r")
    screen.wait(lambda s: "temp 0.25" in s.text and prompted(s))
    screen.send("/set top-k 3\r")
    screen.wait(lambda s: s.text.count("top-k 3") == 3 and prompted(s))
    screen.send("/set min-p 0.01\r")
    screen.wait(lambda s: "min-p 0.01" in s.text and prompted(s))
    screen.send("αβ\r")
    screen.wait(lambda s: "5 chars" in s.text and prompted(s))
    rows = screen.text.split("\n")
    full = "length 3 · temp 0.25 · top-k 3 · min-p 0.01 · 5 chars"
    assert rows[-2] == (full if columns == 80 else "length 3 · temp 0.25 · top-k … · 5 chars")
    assert rows[-3][:2] == "αβ"
    assert len(re.findall("[0-9] chars$", screen.text, re.MULTILINE)) == 1  # it goes when something is entered


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
@pytest.mark.parametrize("columns", [80, 40])
def test_probabilities_and_surprisal(
    terminal: Start, model: Path, columns: int, environment: dict[str, str]
) -> None:
    screen = started(terminal, model, "--length", "20", columns=columns, **environment)
    screen.send("ααα\r")
    screen.wait(lambda s: prompted(s) and len(greek(s)) == 23)
    screen.send("/probs\r")
    screen.wait(lambda s: prompted(s) and s.text.count("%") == 5)
    screen.send("/heat\r")
    screen.wait(lambda s: prompted(s) and "22 predicted" in s.text.replace("\n", " "))
    coloured = COLOURS.search(screen.raw)
    assert bool(coloured) is (not environment)
    if environment:
        assert re.search("^·[0-9+]{22}$", screen.text, re.MULTILINE)


@pytest.mark.parametrize("columns", [80, 40])
def test_several_answers_of_which_one_is_picked(terminal: Start, model: Path, columns: int) -> None:
    screen = started(terminal, model, "--length", "15", columns=columns)
    screen.send("/count 2\r")
    screen.wait(lambda s: "count 2 ·" in s.text and prompted(s))
    screen.send("βββ\r")
    screen.wait(asks("1-2>"))
    rows = screen.text.split("\n")
    side_by_side = [row for row in rows if re.fullmatch("[α-ε]{15} +[α-ε]{15}", row)]
    alone = [row for row in rows if re.fullmatch("[α-ε]{15}", row)]
    assert (len(side_by_side), len(alone)) == ((1, 0) if columns == 80 else (0, 2))
    second = side_by_side[0].split()[1] if side_by_side else alone[1]
    screen.send("3\r")
    screen.wait(lambda s: "none of the candidates" in s.text and asks("1-2>")(s))
    screen.send("2\r")
    screen.wait(lambda s: prompted(s) and "18 chars" in s.text)
    assert screen.text.count(second) == 1
    screen.send("/retry\r")
    screen.wait(asks("1-2>"))
    screen.send("\x04")  # takes the first
    screen.wait(lambda s: prompted(s) and "18 chars" in s.text)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (40, 12)])
def test_a_picker_explains_itself_and_fits_the_screen(
    terminal: Start, model: Path, columns: int, rows: int
) -> None:
    flags = ("--seed", "5", "--length", "900", "--count", "4")
    screen = terminal("-m", "charlm", "console", model, *flags, columns=columns, rows=rows)
    screen.wait(prompted)
    screen.send("ββ\r")

    def complete(screen: Any) -> bool:
        above = screen.text.replace("\n", " ")
        numbers = re.findall(r"(?m)(?:── |^)([1-4]) (?!to)", screen.text)
        return asks("1-4>")(screen) and sorted(numbers) == [*"1234"] and "1 to 4 picks a candidate" in above

    screen.wait(lambda s: complete(s) and s.text.count("…") == 4)
    for wrong in ("5", "γ", "0"):
        screen.send(wrong + "\r")
        screen.wait(lambda s, wrong=wrong: complete(s) and f"{wrong!r} is none of the candidates" in s.text)
    screen.send("2?\r")  # the whole of it
    screen.wait(lambda s: asks("1-4>")(s) and "Enter picks 2; ? shows all again" in s.text)
    assert len(greek(screen)) >= (900 if rows == 24 else 40 * (rows - 3))
    screen.send("?\r")
    screen.wait(complete)
    screen.send("4\r")
    screen.wait(lambda s: prompted(s) and "902 chars" in s.text)


def test_ctrl_c_while_several_answers_are_written_loses_nothing(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, "--length", "1000000000", "--count", "3")
    screen.send("βββ\r")
    screen.wait(lambda s: len(greek(s)) > 300)  # they are seen while they grow
    screen.send("\x03")
    screen.wait(asks("1-3>"))
    screen.send("\x03")
    screen.wait(asks("1-3>"))
    screen.send("2\r")
    screen.wait(prompted)
    screen.send("/set length 4\r")
    screen.wait(lambda s: "length 4" in s.text and prompted(s))
    screen.send("/undo\r")
    screen.wait(lambda s: "the text is empty" in s.text and prompted(s))


def test_save_load_and_go_on_in_another_session(terminal: Start, model: Path, tmp_path: Path) -> None:
    screen = started(terminal, model, "--length", "40")
    screen.send("βββ\r")
    screen.wait(lambda s: prompted(s) and "43 chars" in s.text)
    screen.send(f"/save {tmp_path}/talk\r")
    screen.wait(lambda s: "saved in" in s.text and prompted(s))
    screen.send("\r")
    screen.wait(lambda s: prompted(s) and "83 chars" in s.text)
    (going_on,) = re.findall("^[α-ε]{40}$", screen.text, re.MULTILINE)
    other = terminal("-m", "charlm", "console", model, "--seed", "6", "--temp", "1.5")
    other.wait(prompted)
    other.send(f"/load {tmp_path}/talk\r")
    other.wait(lambda s: prompted(s) and "43 chars" in s.text)
    other.send("\r")
    other.wait(lambda s: prompted(s) and "83 chars" in s.text)
    assert going_on in other.text
    other.send(f"/save {tmp_path}/talk\r")
    other.wait(lambda s: "exists" in s.text and prompted(s))


def test_branches(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, "--length", "4", columns=40)
    screen.send("αα\r")
    screen.wait(lambda s: "6 chars" in s.text and prompted(s))
    screen.send("/branch fork\r")
    screen.wait(lambda s: "branch fork is here" in s.text and prompted(s))
    screen.send("ββ\r")
    screen.wait(lambda s: "12 chars" in s.text and prompted(s))
    screen.send("/return fork\r")
    screen.wait(lambda s: "· 6 chars" in s.text and prompted(s))
    screen.send("/return\r")
    screen.wait(lambda s: "12 chars" in s.text and prompted(s))
    screen.send("/branches\r")
    screen.wait(lambda s: re.search("^fork +6 +αα[α-ε]{4}$", s.text, re.MULTILINE) and prompted(s))


def test_export(terminal: Start, nasty: Path, tmp_path: Path) -> None:
    from xml.dom import minidom

    screen = started(terminal, nasty, "--length", "200", "--temp", "2")
    screen.send("aa\r")
    screen.wait(lambda s: prompted(s) and "202 chars" in s.text)
    for suffix in ("html", "svg", "txt"):
        screen.send(f"/export {tmp_path}/out.{suffix}\r")
        screen.wait(lambda s, suffix=suffix: f"out.{suffix}'" in s.text.replace("\n", "") and prompted(s))
        content = (tmp_path / f"out.{suffix}").read_bytes()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", content.decode())
        assert "␛" in content.decode()
        if suffix != "txt":
            minidom.parseString(content)


def test_a_text_of_several_lines(terminal: Start, tmp_path: Path) -> None:
    screen = started(terminal, saved(tmp_path, "αβγ\n"), "--length", "0")
    screen.send("αα\\\r")
    screen.wait(asks("|"))
    screen.send("ββ\r")
    screen.wait(lambda s: prompted(s) and "5 chars" in s.text)
    top = below_greeting(screen)
    assert screen.rows[top : top + 3] == ["αα", "ββ", "length 0 · 5 chars"]
    screen.send('"""\r')
    screen.wait(asks("|"))
    screen.send("γγ\r")
    screen.wait(lambda s: asks("|")(s) and "| γγ" in s.text)
    screen.send('"""\r')
    screen.wait(lambda s: prompted(s) and "8 chars" in s.text)
    assert screen.rows[top + 2 : top + 4] == ["γγ", "length 0 · 8 chars"]


@pytest.mark.skipif(not importlib.util.find_spec("readline"), reason="needs readline")
def test_a_paste_is_one_text(terminal: Start, tmp_path: Path) -> None:
    screen = started(terminal, saved(tmp_path, "αβγ/\n"), "--length", "0")
    if "libedit" in (importlib.import_module("readline").__doc__ or ""):
        pytest.skip("libedit does not tell a paste from typing")
    screen.send("\x1b[200~/α\rβ\x1b[201~\r")
    screen.wait(lambda s: prompted(s) and "4 chars" in s.text)
    top = below_greeting(screen)
    assert screen.rows[top : top + 2] == ["/α", "β"]


@pytest.mark.skipif(not importlib.util.find_spec("readline"), reason="needs readline")
def test_the_tab_key_completes(terminal: Start, model: Path) -> None:
    screen = started(terminal, model)
    screen.send("/und\t")
    screen.wait("> /undo")
    screen.send("\x03")
    screen.wait(prompted)
    screen.send("/se\t\t")
    screen.wait(lambda s: "/seed" in s.text and "/set" in s.text)
    screen.send("t on\t re\t\r")
    screen.wait(lambda s: "on-unknown" in s.text and "replace" in s.text and prompted(s))


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_resizing_while_it_streams(terminal: Start, model: Path, unbuffered: str) -> None:
    screen = started(terminal, model, "--length", "1000000000", PYTHONUNBUFFERED=unbuffered)
    screen.send("βββ\r")
    for columns in (60, 40, 100):
        seen = len(screen.raw)
        screen.wait(lambda s, seen=seen: len(s.raw) > seen + 2000)
        screen.resize(columns, 24)
    screen.wait(lambda s: len(s.raw) > 20_000)
    screen.send("\x03")
    screen.wait(prompted)
    screen.send("/set length 7\r")
    screen.wait(lambda s: "length 7 ·" in s.text and prompted(s))
    screen.send("γγγ\r")
    screen.wait(lambda s: prompted(s) and re.search("^γγγ[α-ε]{7}$", s.text, re.MULTILINE))
    assert len(re.findall("[0-9] chars$", screen.text, re.MULTILINE)) == 1
    text = CONTROLS.sub(b"", screen.raw).decode().replace("\x1b[K", "")  # readline's; nothing is torn
    assert not re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", text)


def test_resizing_at_the_prompt_erases_nothing_else(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, "--length", "30")
    screen.send("βββ\r")
    screen.wait(lambda s: prompted(s) and len(greek(s)) == 33)
    top = below_greeting(screen)
    text = screen.rows[top]
    screen.resize(60, 24)
    screen.send("γγ\r")
    screen.wait(lambda s: prompted(s) and len(greek(s)) == 65)
    assert screen.rows[top] == text
    assert re.fullmatch("γγ[α-ε]{30}", screen.rows[top + 1])
    assert len(re.findall("[0-9] chars$", screen.text, re.MULTILINE)) == 1


def test_names_and_prompts_cannot_control_the_terminal(terminal: Start, nasty: Path, tmp_path: Path) -> None:
    folder = tmp_path / "\u202e[bold]\x9b31m"
    folder.mkdir()
    screen = started(terminal, nasty, "--length", "50", "--prompt", "a\x1b[2J\u202e\x9b")
    for line in (f"/save {folder}/talk", f"/load {folder}/nowhere", f"/export {folder}/out.svg", "/branch \u202ea"):
        before = len(screen.raw)
        screen.child.sendline(line)
        screen.wait(lambda s, before=before: len(s.raw) > before + 20 and prompted(s))
    for line in ("/step", "1/step", "/count 2", "", "1", "/probs", "/heat", "/set stop \\n", "/branches"):
        before = len(screen.raw)
        screen.send(line + "\r")
        screen.wait(lambda s, before=before: len(s.raw) > before + 5 and s.text.split("\n")[-1].endswith(">"))
    screen.send("/bye\r")
    assert screen.end() == 0
    # what is typed is echoed by the line editor, so it is left out of account
    left = GROWING.sub(b"", CONTROLS.sub(b"", screen.raw)).decode()
    left = re.sub(r"(?m)^(> |)/(save|load|export|branch).*$", "", left)
    assert not re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", left)


def test_step_and_count_through_a_pipe(model: Path) -> None:
    typed = "αα\n/step\nβ\n\n1\n/step\n/count 2\n\n2\n/count 1\n\n"
    done = piped(model, typed.encode(), "--length", "6", "--seed", "1")
    assert done.returncode == 0
    assert re.fullmatch("αα[α-ε]{6}β[α-ε]{2}[α-ε]{12}", done.stdout.decode())
    told = done.stderr.decode()
    assert "\x1b" not in told
    assert "█" in told
    second = re.search("── 2 ─+\n([α-ε]{6})\n", told)
    assert second
    assert done.stdout.decode()[11:17] == second[1]
    assert piped(model, typed.encode(), "--length", "6", "--seed", "1").stdout == done.stdout


def test_the_end_of_a_pipe_ends_every_mode(model: Path) -> None:
    done = piped(model, "/step\nβ\n".encode(), "--length", "6")
    assert (done.returncode, done.stdout.decode()) == (0, "β")
    done = piped(model, "β\n".encode(), "--length", "6", "--count", "3")
    assert done.returncode == 0
    assert re.fullmatch("β[α-ε]{6}", done.stdout.decode())


def test_a_text_piped_to_a_terminal_erases_nothing(terminal: Start, model: Path, tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("ββ\n/step\nγ\n", "utf-8")
    program = f"import sys; sys.stdin = open({str(tmp_path / 'lines')!r}); import charlm.cli.entry as e; e.main()"
    screen = terminal("-c", program, "console", model, "--length", "4")
    assert screen.end() == 0
    assert re.search("^lstm 16", screen.text, re.MULTILINE)
    assert re.search("^ββ[α-ε]{4}$", screen.text, re.MULTILINE)
    assert re.search("^γ$", screen.text, re.MULTILINE)
    assert b"\x1b[1A" not in screen.raw
    assert " chars" not in screen.text  # which is for people


def test_count_out_of_range(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["console", str(model), "--count", "0"]) == 2
    assert capsys.readouterr().err.startswith("charlm: --count is 0; ")


@pytest.mark.skipif(not importlib.util.find_spec("readline"), reason="needs readline")
@pytest.mark.parametrize("pasted", ["a\x1b]0;title\x07b", "a\x1b[31mb", "a\x1b[2Jb", "a\x07\x0e\x7fb"])
def test_control_characters_that_are_pasted_do_nothing(terminal: Start, model: Path, pasted: str) -> None:
    import readline

    if "libedit" in (readline.__doc__ or ""):
        pytest.skip("needs GNU readline, which knows a paste")
    screen = terminal("-m", "charlm", "console", model, "--on-unknown", "skip", "--length", "1")
    screen.wait(prompted)
    before = len(screen.raw)
    screen.send(f"\x1b[200~{pasted}\x1b[201~")
    screen.wait("> a^")
    screen.send("\r")
    screen.wait(lambda s: "␛" in s.text or "␇" in s.text)
    screen.send("/bye\r")
    assert screen.end() == 0
    assert pasted[1:-1].encode() not in screen.raw[before:]
    left = CONTROLS.sub(b"", screen.raw[before:]).replace(b"\x1b[C", b"")  # readline's own cursor
    assert not re.findall(b"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", left)
