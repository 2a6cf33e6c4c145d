"""What the README says is so."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import charlm
from charlm.cli.app import build

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PROGRAM = build()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELL = [text for language, text in BLOCKS if language == "sh"]


def used() -> list[list[str]]:
    """Return the words of every call of ``charlm`` in the README's shell, comments left out."""
    calls = []
    for block in SHELL:
        for command in re.split(r"&&|\|(?!\w)|\n(?=\w)", block):
            words = shlex.split(command, comments=True)
            if words and words[0] == "charlm":
                calls.append(words[1:])
    return calls


def options(command: str, *rest: str) -> set[str]:
    found = PROGRAM.commands[command]
    if rest and rest[0] in getattr(found, "commands", ()):
        found = found.commands[rest[0]]
    return {name for option in found.params for name in option.opts if name.startswith("-")}


def test_there_is_something_to_check() -> None:
    assert len(SHELL) >= 3
    assert len(used()) >= 10
    assert "train" in PROGRAM.commands


@pytest.mark.parametrize("words", used(), ids=" ".join)
def test_what_is_shown_exists(words: list[str]) -> None:
    command, *rest = words
    if command.startswith("--"):
        assert command in {name for option in PROGRAM.params for name in option.opts}
        return
    assert command in PROGRAM.commands
    given = {word.split("=")[0] for word in rest if word.startswith("--")}
    assert given <= options(command, *rest) | {"--help"}


def test_commands_in_the_text_exist() -> None:
    mentioned = set(re.findall(r"`charlm ([a-z]+)", README))
    assert mentioned <= set(PROGRAM.commands)


def test_every_command_is_in_the_table() -> None:
    table = re.findall(r"^\| (`charlm .*?) \|", README, re.MULTILINE)
    documented = re.findall(r"`charlm (\w+)", " ".join(table))
    assert sorted(documented) == sorted(PROGRAM.commands)
    forms = " ".join(table).replace("\\|", "|")
    for name in PROGRAM.commands["corpus"].commands:
        assert re.search(rf"corpus [\w|]*\b{name}\b", forms)


def test_the_files_and_folders_it_names_exist() -> None:
    for name in re.findall(r"\]\((\w+\.md)\)|`(charlm/[\w./]*)`", README):
        assert (ROOT / "".join(name)).exists(), name


def test_it_opens_with_the_two_lines_that_are_checked(tmp_path: Path) -> None:
    first = SHELL[0].splitlines()
    assert len(first) == 2
    assert re.fullmatch(r"pip install \S+ && charlm train .*&& charlm sample", first[0])
    assert re.fullmatch(r"pip install \S+ && python -m pytest .*", first[1])
    assert README.startswith(f"# charlm\n\n```sh\n{SHELL[0]}```\n")
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert not any(line in script for line in first)  # it has no copy of its own
    found = re.search(r"mapfile -t lines < <\(awk '(.*?)' README.md\)", script)
    assert found
    if shutil.which("awk"):
        extracted = subprocess.run(
            ["awk", found[1], str(ROOT / "README.md")], capture_output=True, text=True, check=True
        )
        assert extracted.stdout.splitlines() == first


def test_the_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example, _ = [text for language, text in BLOCKS if language == "python"]
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text("ROMEO: a rose by any other name\n" * 40, "utf-8")
    small = example.replace("steps=2000", "steps=4").replace("hidden_size=192", "hidden_size=12")
    assert small.count("steps=4") == small.count("hidden_size=12") == 1
    # a file that is not closed is a warning in tests only
    small = small.replace('open("corpus.txt", encoding="utf-8").read()', "TEXT")
    exec(compile(small, "README.md", "exec"), {"TEXT": Path("corpus.txt").read_text("utf-8")})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("start 0")
    assert any(line.startswith("step 4 ") for line in lines)
    model, text = charlm.load("model.npz"), Path("corpus.txt").read_text("utf-8")
    expected = [charlm.evaluate(model, text, dynamic=how).nats for how in (None, charlm.DynamicConfig())]
    assert list(map(float, lines[-2:])) == pytest.approx(expected)


def test_the_example_of_numbers_runs(capsys: pytest.CaptureFixture[str]) -> None:
    _, example = [text for language, text in BLOCKS if language == "python"]
    small = example.replace("steps=1000", "steps=4")
    assert small != example
    exec(compile(small, "README.md", "exec"), {"charlm": charlm})
    loss, *numbers = capsys.readouterr().out.replace("[", " ").replace("]", " ").split()
    assert 0 < float(loss) < 2
    assert len([float(x) for x in numbers]) == 50
