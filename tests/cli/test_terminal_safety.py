"""Nothing that is printed can control the terminal, whoever chose the words: every command, in a real terminal.

What a person types or pastes at the console is none of this: the system's line editor echoes it before charlm sees
it.
"""

from __future__ import annotations

import html
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyte
import pytest

from charlm.cli.app import build as program
from charlm.ui.inspect.connectivity import SCRIPT
from tests.figures import figure
from tests.hostile import ARGUMENT, MARKUP, NAME, faults, is_control, shown
from tests.markup import check_page, check_picture

from .hostile_world import CORPUS, RUN, SHORT, SMALL, build

Start = Callable[..., Any]

pytestmark = [
    pytest.mark.promise(12),
    pytest.mark.skipif(sys.platform == "win32", reason="no such names, and no pseudo-terminal"),
]

# one process for many calls, in a terminal; its standard input is a file
DRIVER = """
import json, os, sys, tempfile
from charlm.cli.entry import run

for arguments, typed in json.load(open("cases.json")):
    with tempfile.TemporaryFile() as file:
        file.write(typed.encode())
        file.seek(0)
        os.dup2(file.fileno() if typed else os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    code = run(arguments)
    sys.stderr.flush()
    print(f"<<<exit {code}>>>", flush=True)
"""
# a call of each command that takes little time; a new command needs one
BASES: dict[str, list[str]] = {
    "train": [CORPUS, *SMALL, "--steps", "2"],
    "resume": [RUN, "--steps", "8"],
    "sample": [RUN, "--length", "300", "--seed", "1", "--temp", "3"],
    "console": [RUN, "--length", "300", "--seed", "1", "--temp", "3"],
    "eval": [RUN, CORPUS],
    "score": [RUN, CORPUS],
    "inspect": [RUN, CORPUS, "--cell", "1"],
    "transduce": ["pairs.npz", ARGUMENT, "--temp", "3", "--seed", "1", "--length", "99"],
    "info": [RUN],
    "compare": [RUN, "checkpoints/evil"],
    "report": [RUN, "--force"],
    "plot": [RUN, "checkpoints/evil"],
    "corpus list": [],
    "corpus make": ["tales", "--size", "300"],
    "corpus stats": [CORPUS],
    "gradcheck": ["--hidden-size", "3", "--layers", "1", "--entries", "1"],
    "bench": ["--hidden-size", "8", "--batch-size", "4", "--seq-length", "4", "--seconds", "0.01"],
    "doctor": [],
}


class Case(NamedTuple):
    """A call, its exit code, something that it must show as it stands, and its standard input."""

    arguments: list[str]
    code: int = 0
    says: str = ""
    typed: str = ""


ONE_LINE = ARGUMENT.replace("\n", "")
MARKED, NAMED = MARKUP[:20], "[bold][nope]:boom:<b>&'"
TALK = f"{ONE_LINE}\n/show vocab\n/set stop {ONE_LINE}\n/set\n/undo\n\n/retry\n//{ONE_LINE}\n"
TALK += "/show\n/model checkpoints/evil\n"
CASES = {name: Case([*name.split(), *base]) for name, base in BASES.items()} | {
    "train: lines of JSON": Case(["train", *BASES["train"], "--json"]),
    "train: a plan": Case(["train", *BASES["train"], "--dry-run", "--init-from", RUN], says=NAMED),
    "train: a folder that exists": Case(["train", CORPUS, "--out", RUN], 2, NAMED),
    "train: no such text": Case(["train", ARGUMENT], 3, MARKED),
    "train: no text at all": Case(["train", f"bad{NAME}.txt"], 3, NAMED),
    "train: no such preset": Case(["train", CORPUS, "--preset", ARGUMENT], 2, MARKED),
    "train: standard input": Case(["train", "-", *SMALL, "--steps", "1"], typed=ARGUMENT * 20),
    "resume: finished": Case(["resume", RUN, "--steps", "6"], 0, NAMED),
    "resume: which": Case(["resume"], says=NAMED),
    "resume: a stranger's": Case(["resume", "checkpoints/evil"], 4),
    "resume: the text is gone": Case(["resume", "moved-sources"], 3, MARKED),
    "resume: in what encoding": Case(["resume", "moved-encoding"], 4),
    "resume: another text": Case(["resume", "moved-sha256"], 3, NAMED),
    "sample: a prompt": Case(["sample", *BASES["sample"], "--prompt", ARGUMENT], says=MARKED),
    "sample: standard input": Case(["sample", *BASES["sample"]], says=MARKED, typed=ARGUMENT),
    "sample: lines of JSON": Case(["sample", *BASES["sample"], "--prompt", ARGUMENT, "--json"], says=MARKED),
    "sample: a stop": Case(["sample", *BASES["sample"], "--stop", ARGUMENT, "--count", "3"]),
    "sample: documents": Case(["sample", "checkpoints/lines", "--length", "900", "--temp", "2"]),
    "sample: unknown": Case(["sample", RUN, "--prompt", f"日{ARGUMENT}"], 3),
    "sample: raw": Case(["sample", RUN, "--raw"], 2),
    "console: typed": Case(["console", *BASES["console"], "--prompt", ARGUMENT], typed=TALK, says=MARKED),
    "console: nothing of the kind": Case(["console", RUN], 2, typed=f"/{ONE_LINE}\n"),
    "console: another model": Case(["console", RUN], 4, MARKED, typed=f"/mix {ONE_LINE}:0.3\n"),
    "console: raw": Case(["console", RUN, "--raw"], 2),
    "eval: literal": Case(["eval", RUN, "--text", ARGUMENT, "--baseline", CORPUS]),
    "eval: unknown": Case(["eval", RUN, "--text", "日"], 3),
    "eval: labels": Case(
        ["eval", "labels.npz", "--text", f"{ONE_LINE.replace(chr(9), '').replace(chr(92), '')}\ta"], 3
    ),
    "eval: other labels": Case(["eval", "labels.npz", "--text", f"b\t{NAMED}", "--on-unknown", "skip"]),
    "eval: no pairs": Case(["eval", "labels.npz", CORPUS], 3, NAMED),
    "score: literal": Case(["score", RUN, "--text", ARGUMENT], says=MARKED),
    "score: pictures": Case(["score", RUN, SHORT, "--svg", f"{NAME}.svg", "--html", f"{NAME}.html"]),
    "score: there already": Case(["score", RUN, SHORT, "--svg", f"{NAME}.svg"], 2, NAMED),
    "score: lines of JSON": Case(["score", RUN, "--text", ARGUMENT, "--json"]),
    "inspect: connectivity": Case(
        ["inspect", RUN, "--text", ARGUMENT, "--connectivity", "--against", RUN, "--html", f"i{NAME}.html"]
    ),
    "inspect: neighbours": Case(["inspect", RUN, "--neighbours"]),
    "inspect: lines of JSON": Case(["inspect", RUN, "--text", ARGUMENT, "--cell", "0", "--json"]),
    "transduce: attention": Case(["transduce", "pairs.npz", MARKUP, "--length", "9", "--attention"]),
    "transduce: pictures": Case(
        ["transduce", "pairs.npz", ARGUMENT, MARKUP, "--svg", f"t{NAME}.svg", "--html", f"t{NAME}.html"]
    ),
    "transduce: labels": Case(["transduce", "labels.npz", ARGUMENT], says=MARKED),
    "transduce: standard input": Case(["transduce", "labels.npz"], says=MARKED, typed=MARKUP.replace("\\", "")),
    "transduce: lines of JSON": Case(["transduce", "labels.npz", ARGUMENT, "--json"], says=MARKED),
    "transduce: unknown": Case(["transduce", "labels.npz", f"日{ARGUMENT}"], 3),
    "transduce: no such": Case(["transduce", ARGUMENT, ARGUMENT], 4, MARKED),
    "transduce: raw": Case(["transduce", "labels.npz", "a", "--raw"], 2),
    "transduce: a language model": Case(["transduce", RUN, ARGUMENT], 4, NAMED),
    "sample: a model of pairs": Case(["sample", "labels.npz"], 4),
    "info: labels": Case(["info", "labels.npz"], says=MARKED),
    "info: runs": Case(["info"], says=NAMED),
    "info: runs as JSON": Case(["info", "--json"], says=NAMED),
    "info: a stranger's": Case(["info", "checkpoints/evil"], says=MARKED),
    "info: a stranger's as JSON": Case(["info", "checkpoints/evil", "--json"], says=MARKED),
    "info: no such": Case(["info", ARGUMENT], 4, MARKED),
    "plot: pictures": Case(["plot", RUN, "checkpoints/evil", "--svg", f"p{NAME}.svg", "--html", f"p{NAME}.html"]),
    "plot: one": Case(["plot", RUN, "--x", "epochs"]),
    "plot: no such axis": Case(["plot", RUN, "--x", ARGUMENT], 2),
    "corpus make: no such": Case(["corpus", "make", ARGUMENT], 3, MARKED),
    "corpus make: pairs": Case(["corpus", "make", ARGUMENT, "--pairs"], 3, MARKED),
    "corpus make: JSON": Case(["corpus", "make", "python", "--size", "300", "--json"]),
    "corpus stats: baseline": Case(["corpus", "stats", CORPUS, "--baseline"], says=NAMED),
    "corpus stats: JSON": Case(["corpus", "stats", CORPUS, "--json"], says=NAMED),
    **{f"damaged: {name}": Case(["info", f"{name}.npz"], 4) for name in ("symbols", "unit", "strange", "setting")},
    **{f"damaged: {name}": Case(["sample", f"{name}.npz"], 4) for name in ("cell", "training", "member", NAME)},
    "no such command": Case([ARGUMENT], 2, MARKED),
    "no such flag": Case(["info", f"--{ARGUMENT}"], 2),
}


def commands(group: Any = None, *path: str) -> Iterator[tuple[str, Any]]:
    """Yield each command that can be called, with its name."""
    group = group or program()
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield " ".join((*path, name)), command


def sweep() -> dict[str, list[str]]:
    """Return a call for each flag that takes a value, and for each argument: what is hostile in its place."""
    calls = {}
    for name, command in commands():
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                calls[f"{name} {parameter.name}"] = [*name.split(), ARGUMENT]
            elif not parameter.is_flag and not parameter.count:
                flag = parameter.opts[0]
                calls[f"{name} {flag}"] = [*name.split(), *BASES.get(name, []), flag, ARGUMENT]
        calls[f"{name} --help"] = [*name.split(), "--help"]
    return calls


class Played(NamedTuple):
    """The output of a call on the terminal, and its exit code."""

    data: bytes
    code: int


def play(
    world: Path, calls: Mapping[str, tuple[list[str], str]], columns: int = 80, first: str = "", **environment: str
) -> dict[str, Played]:
    """Make calls in a terminal, one after the other; each has its arguments and its standard input."""
    import pexpect

    (world / "cases.json").write_text(json.dumps(list(calls.values())), "ascii")
    inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")}
    child = pexpect.spawn(
        sys.executable,
        ["-c", first + DRIVER],
        cwd=os.fsencode(world),
        dimensions=(24, columns),
        env={**inherited, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        timeout=270,
    )
    data = child.read()
    child.close()
    parts = re.split(rb"<<<exit (-?\d+)>>>\r\n", data)
    assert (child.exitstatus, parts.pop()) == (0, b"")
    return {name: Played(*found) for name, *found in zip(calls, parts[::2], map(int, parts[1::2]), strict=True)}


TERMINALS: list[tuple[int, dict[str, str]]] = figure(
    [(80, {})], [(80, {}), (40, {}), (40, {"TERM": "dumb"}), (80, {"NO_COLOR": "1"})]
)
in_terminals = pytest.mark.parametrize("played", TERMINALS, ids=str, indirect=True, scope="module")


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Played]]:
    columns, environment = request.param
    world = build(tmp_path_factory.mktemp("world"))
    calls = {name: (case.arguments, case.typed) for name, case in CASES.items()}
    return world, play(world, calls, columns, **environment)


@in_terminals
@pytest.mark.parametrize("name", CASES, ids=ascii)
def test_a_call(played: tuple[Path, dict[str, Played]], name: str) -> None:
    case, (data, code) = CASES[name], played[1][name]
    assert faults(data) == []
    assert (code, b"Traceback" in data) == (case.code, False)
    assert "".join(case.says.split()) in shown(data)  # what looks like markup, as it stands
    obeyed = pyte.Screen(80, 24)
    pyte.ByteStream(obeyed).feed(data)
    assert (obeyed.title, obeyed.icon_name) == ("", "")
    if "--json" in case.arguments:
        assert all(isinstance(json.loads(line), dict) for line in data.decode().split("\r\n") if line[:1] == "{")


@in_terminals
def test_the_dashboard_was_there(played: tuple[Path, dict[str, Played]], request: pytest.FixtureRequest) -> None:
    dumb = "dumb" in request.node.name
    for name in ("train", "resume"):
        assert (b"\x1b[?1049h" in played[1][name].data) is not dumb


@in_terminals
def test_pictures_are_whole_and_load_nothing(played: tuple[Path, dict[str, Played]]) -> None:
    written = [path for path in played[0].iterdir() if path.suffix in (".svg", ".html")]
    asked = [
        word
        for case in CASES.values()
        if not case.code
        for word in case.arguments
        if word in ("--svg", "--html", "report")  # which is a page in any case
    ]
    assert len(written) == len(asked) > 6
    for path in written:
        text = path.read_text("utf-8")
        assert [c for c in set(text) if is_control(c)] == []
        assert text.encode().decode("utf-8")
        text = text.replace(f"<script>\n{SCRIPT}</script>", "")  # charlm's own, without a word of the run's
        check_page(text) if path.suffix == ".html" else check_picture(text)
        shows = "".join(re.sub(r"<[^>]*>", "", text).split())
        assert "[bold]" in html.unescape(shows)


def test_a_png_says_nothing_beside_its_picture(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    world = build(tmp_path)
    assert play(world, {"png": (["plot", RUN, "--png", "a.png"], "")})["png"].code == 0
    data, kinds = (world / "a.png").read_bytes()[8:], []
    while data:
        kinds.append(data[4:8])
        data = data[12 + int.from_bytes(data[:4]) :]
    assert set(kinds) <= {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


@in_terminals
def test_what_a_run_writes_is_harmless_to_cat(played: tuple[Path, dict[str, Played]]) -> None:
    for name in ("log.jsonl", "config.json"):
        text = (played[0] / RUN / name).read_text("ascii")
        assert [c for c in text if is_control(c)] == []


def test_every_command_is_called() -> None:
    assert set(BASES) == {name for name, _ in commands()}


def test_whatever_a_flag_or_an_argument_is_given(tmp_path: Path) -> None:
    found = play(build(tmp_path), {name: (arguments, "") for name, arguments in sweep().items()})
    assert {name: faults(data) for name, (data, _) in found.items() if faults(data)} == {}
    assert {name: code for name, (_, code) in found.items() if code not in (0, 2, 3, 4, 5, 8)} == {}


def test_raw_is_refused_by_every_command_that_has_it(tmp_path: Path) -> None:
    raw = {name for name, command in commands() if "--raw" in {flag for p in command.params for flag in p.opts}}
    assert raw >= {"sample", "console"}
    found = play(build(tmp_path), {name: ([*name.split(), *BASES[name], "--raw"], "") for name in raw})
    assert {code for _, code in found.values()} == {2}
    assert all(b"--raw on a terminal would let the text control it" in data for data, _ in found.values())


@pytest.mark.parametrize("table", ["_TEXT", "_LINE", "_JSON"])
def test_a_sanitiser_that_lets_one_kind_pass_is_noticed(tmp_path: Path, table: str) -> None:
    names = {
        "_TEXT": ["sample: a prompt", "console: typed"],
        "_LINE": ["info: a stranger's", "score: literal", "corpus stats", "console: typed", "info: runs"],
        "_JSON": ["info: runs as JSON", "score: lines of JSON", "corpus stats: JSON"],
    }[table]
    calls = {name: (CASES[name].arguments, CASES[name].typed) for name in names}
    found = play(build(tmp_path), calls, first=f"import charlm.ui.sanitize as s; s.{table}.pop(0x9b)")
    assert [name for name, (data, _) in found.items() if not faults(data)] == []


def test_a_person_who_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: Start) -> None:
    monkeypatch.chdir(build(tmp_path))
    screen = terminal("-m", "charlm", "resume", PYTHONPATH=os.pathsep.join(sys.path))
    screen.wait("[Y/n]:")
    screen.send("y\r")
    assert screen.end() == 0
    assert faults(screen.raw) == []
    assert NAMED in shown(screen.raw)


def test_a_person_who_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: Start) -> None:
    monkeypatch.chdir(build(tmp_path))
    screen = terminal("-m", "charlm", *CASES["console: typed"].arguments, PYTHONPATH=os.pathsep.join(sys.path))
    for keys in ("[bold]x[/nope]\r", "/show vocab\r", "/[bold]\r", f"/model {MARKUP}\r", "/undo\r", "/bye\r"):
        screen.wait(lambda screen: screen.text.endswith("\n>"))
        screen.send(keys)
    assert screen.end() == 0
    assert faults(screen.raw) == []
    assert "[bold]x[/nope]" in shown(screen.raw)


def test_a_traceback_that_was_asked_for(tmp_path: Path, terminal: Start) -> None:
    screen = terminal("-m", "charlm", "info", ARGUMENT, CHARLM_DEBUG="1", PYTHONPATH=os.pathsep.join(sys.path))
    assert screen.end() == 1
    assert faults(screen.raw) == []
    assert "Traceback" in shown(screen.raw)
