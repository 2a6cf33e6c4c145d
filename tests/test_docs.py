"""Everything that README.md, CONTRIBUTING.md and the documentation show exists and runs."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
import zipfile
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, get_args
from xml.etree import ElementTree as ET

import pytest

import charlm
from charlm.cli.app import build
from charlm.config.presets import PresetName
from charlm.errors import CharlmError
from charlm.runs.verdict import Word
from tests.pages import PAGES, ROOT, anchors, blocks, calls, prose

PROGRAM = build()
CALLS = [(page, words) for page in PAGES for words in calls(page)]
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
TEXT = "ROMEO: a rose by any other name\n" * 40
ALIASES = {"--max_new_tokens", "--num_samples", "--primetext", "--repetition_penalty"}


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that words call, and the words that follow its name."""
    name, *rest = words
    command = PROGRAM.commands[name]
    if rest and rest[0] in getattr(command, "commands", ()):
        return command.commands[rest[0]], rest[1:]
    return command, rest


def flags(command: Any) -> set[str]:
    inner = getattr(command, "commands", {}).values()
    own = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    return own.union(*map(flags, inner))


def first_cells(page: str, heading: str) -> list[str]:
    """Return the first cells of a page's table whose first heading this is."""
    rows = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGES[page], re.MULTILINE)
    assert rows
    return [row.split("|")[1].strip() for row in rows[1].splitlines()]


def test_there_is_something_to_check() -> None:
    assert len(PAGES) > 15
    assert len(CALLS) > 50
    assert len(PICTURES) >= 3


@pytest.mark.parametrize(("page", "words"), CALLS, ids=lambda value: value if isinstance(value, str) else None)
def test_calls_are_understood(page: str, words: list[str]) -> None:
    """The program takes every word: command, flags, and those values that it checks at once. Nothing is run."""
    if words[0].startswith("--"):
        assert words[0] in flags(PROGRAM)
        return
    command, rest = command_of(words)
    command.make_context(words[0], rest)


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_flags_in_the_text_exist(page: str) -> None:
    known = flags(PROGRAM) | ALIASES | {"--help"}
    for code in re.findall(r"`([^`\n]+)`", prose(page)):
        if code.startswith("charlm ") and (name := code.split()[1]).isalpha():
            assert name in PROGRAM.commands
        if code.startswith(("--", "charlm ")):
            assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", code)) <= known


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        name, _, anchor = target.partition("#")
        file = (ROOT / page).parent / name
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text("utf-8")), target


@pytest.mark.parametrize("page", PAGES)
def test_files_and_folders_in_the_text_exist(page: str) -> None:
    for name in re.findall(r"`((?:charlm|tests|docs|benchmarks|corpora)/[\w./]*)`", prose(page)):
        assert "NAME" in name or (ROOT / name).exists(), name


def test_programs_are_all_tried() -> None:
    count = {page: len(blocks(page, "python")) for page in PAGES if "```python" in PAGES[page]}
    # those of README.md are tried in test_readme.py, the others below
    assert count == {"README.md": 2, "docs/architecture.md": 1, "docs/files.md": 1, "docs/python.md": 4}


def test_the_program_on_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = blocks("docs/python.md", "python")[0]
    small = program.replace("steps=2000", "steps=4").replace("hidden_size=192", "hidden_size=12")
    assert small.count("steps=4") == small.count("hidden_size=12") == 1
    # a file that is not closed is a warning in tests only
    small = small.replace('open("corpus.txt", encoding="utf-8").read()', "TEXT")
    monkeypatch.chdir(tmp_path)
    exec(compile(small, "python.md", "exec"), {"TEXT": TEXT})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("start 0")
    assert any(line.startswith("step 4 ") for line in lines)
    model = charlm.load("model.npz")
    expected = [charlm.evaluate(model, TEXT, dynamic=how).nats for how in (None, charlm.DynamicConfig())]
    assert list(map(float, lines[-2:])) == pytest.approx(expected)


def test_the_program_on_mixtures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = blocks("docs/python.md", "python")[1]
    small = program.replace("steps=100", "steps=4")
    assert small != program
    monkeypatch.chdir(tmp_path)
    exec(compile(small, "python.md", "exec"), {"charlm": charlm, "text": TEXT})
    assert len(charlm.load("mixture.npz", charlm.Mixture).networks) == 3


def test_the_program_on_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    program = blocks("docs/python.md", "python")[2]
    small = program.replace("steps=1000", "steps=4")
    assert small != program
    exec(compile(small, "python.md", "exec"), {"charlm": charlm})
    loss, *numbers = capsys.readouterr().out.replace("[", " ").replace("]", " ").split()
    assert 0 < float(loss) < 2
    assert len([float(x) for x in numbers]) == 50


def test_the_program_on_conversations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # where the only model is the one that is installed
    exec(compile(blocks("docs/python.md", "python")[3], "python.md", "exec"), {"charlm": charlm})
    first, second, begins = capsys.readouterr().out.rsplit("\n", 3)[:3]
    assert first != second
    assert begins == "True"


def test_the_program_that_reads_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("hello"))
    charlm.save(model, "model.npz")
    program = blocks("docs/files.md", "python")[0]
    exec(compile(program.replace('"model.npz"', "FILE"), "files.md", "exec"), {"FILE": tmp_path / "model.npz"})
    assert capsys.readouterr().out == "(4, 4)\n2 ['e', 'h', 'l', 'o']\n"
    with zipfile.ZipFile("model.npz") as archive:
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_program_on_layers(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks("docs/architecture.md", "python")[0], "architecture.md", "exec"), {})
    assert capsys.readouterr().out == "(7, 2, 5) (7, 2, 3) (180,)\n"


def test_tables_are_complete() -> None:
    assert first_cells("docs/train.md", "preset") == [f"`{name}`" for name in get_args(PresetName)[1:]]
    assert sorted(first_cells("docs/train.md", "verdict")) == sorted(get_args(Word))


def test_exit_codes_are_those_of_the_errors() -> None:
    rows = re.findall(r"^\| (\d+) \| (`.*?`) \|", PAGES["docs/promises.md"], re.MULTILINE)
    shown = {name: int(code) for code, names in rows for name in re.findall(r"`(\w+)`", names)}
    assert shown == {error.__name__: error.exit_code for error in (CharlmError, *CharlmError.__subclasses__())}


def test_every_public_name_is_in_the_reference() -> None:
    page = PAGES["docs/api.md"]
    shown = set(re.findall(r"auto(?:function|class):: charlm\.(\w+)$", page, re.MULTILINE))
    errors = {name for name in charlm.__all__ if name.endswith("Error")}
    assert shown | errors | {"nn", "__version__"} == set(charlm.__all__)
    assert "automodule:: charlm.errors\n" in page
    assert "automodule:: charlm.nn\n" in page


def test_every_package_is_on_the_map() -> None:
    page = PAGES["docs/architecture.md"]
    for folder in (ROOT / "charlm").iterdir():
        if (folder / "__init__.py").exists():
            assert f"charlm/{folder.name}/" in page


def test_the_map_is_in_the_order_of_imports() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    (map_,) = re.findall(r"^\| package \|.*?\n\n", PAGES["docs/architecture.md"], re.MULTILINE | re.DOTALL)
    rows = [[map_.index(f"`charlm/{name.removeprefix('charlm.')}") for name in row.split(" | ")] for row in layers]
    for above, below in pairwise(rows):
        assert max(above) < min(below)


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_of_commands_is_up_to_date() -> None:
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert page == script("commands").page(), "run: python docs/commands.py"


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_pictures_are_small_whole_and_load_nothing(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text) < 150_000
    assert ET.fromstring(text).tag.endswith("svg")
    assert not re.search(r"href|@import|url\((?!#)|<script", text)
    assert any(f"pictures/{path.name})" in page for page in PAGES.values())


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("name", ["console", "heat", "inspect"])
def test_pictures_are_up_to_date(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They show what the program shows now. That of a training run has times, and is left out."""
    monkeypatch.chdir(tmp_path)
    pictures = script("pictures")
    assert {path.stem for path in PICTURES} == set(pictures.PICTURES)
    made, stored = pictures.PICTURES[name](), (pictures.FOLDER / f"{name}.svg").read_text("utf-8")
    shown = [[one.text for one in ET.fromstring(svg).findall(".//{*}text")] for svg in (made, stored)]
    assert len(shown[1]) > 4
    assert shown[0] == shown[1], f"run: python docs/pictures.py {name}"
