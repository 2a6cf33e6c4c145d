"""The statements of the README hold."""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

import charlm
from charlm.cli.app import build
from charlm.cli.entry import run
from tests.pages import PAGES, ROOT, blocks

README = PAGES["README.md"]
PROGRAM = build()


def test_it_is_short() -> None:
    assert len(re.findall(r"\w[\w'’.,-]*", README)) < 1200


def test_its_first_block_is_the_two_lines_that_are_checked() -> None:
    first = blocks("README.md", "sh")[0].splitlines()
    assert len(first) == 2
    assert re.fullmatch(r"pip install \S+ && charlm train .*&& charlm sample", first[0])
    assert re.fullmatch(r"pip install \S+ && python -m pytest .*", first[1])
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert not any(line in script for line in first)  # it has no copy of its own
    found = re.search(r"mapfile -t lines < <\(awk '(.*?)' README.md\)", script)
    assert found
    if shutil.which("awk"):
        extracted = subprocess.run(
            ["awk", found[1], str(ROOT / "README.md")], capture_output=True, text=True, check=True
        )
        assert extracted.stdout.splitlines() == first


def test_every_command_is_in_the_table() -> None:
    table = re.findall(r"^\| (`charlm .*?) \|", README, re.MULTILINE)
    documented = re.findall(r"`charlm (\w+)", " ".join(table))
    assert sorted(documented) == sorted(PROGRAM.commands)
    forms = " ".join(table).replace("\\|", "|")
    for name in PROGRAM.commands["corpus"].commands:
        assert re.search(rf"corpus [\w|]*\b{name}\b", forms)


def test_the_text_is_what_the_shipped_model_writes(capsys: pytest.CaptureFixture[str]) -> None:
    call = re.search(r'`charlm sample pretrained/tales --prompt "(.*?)" --seed (\d+)`', README)
    assert call
    shipped = str(ROOT / "checkpoints" / "pretrained" / "tales")
    assert run(["sample", shipped, "--prompt", call[1], "--seed", call[2]]) == 0
    (shown,) = blocks("README.md", "text")
    assert capsys.readouterr().out == shown.rstrip("\n")
    assert f"{charlm.load(shipped).params.value.size:,} weights" in README


def test_the_program_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program, _ = blocks("README.md", "python")
    small = program.replace("steps=2000", "steps=4").replace("hidden_size=192", "hidden_size=12")
    assert small.count("steps=4") == small.count("hidden_size=12") == 1
    # a file that is not closed is a warning in tests only
    small = small.replace('open("corpus.txt", encoding="utf-8").read()', "TEXT")
    monkeypatch.chdir(tmp_path)
    exec(compile(small, "README.md", "exec"), {"TEXT": "ROMEO: a rose by any other name\n" * 40})
    shown = capsys.readouterr().out
    assert shown.startswith("start 0")
    assert "\nstep 4 " in shown
    model = charlm.load("model.npz")
    assert shown.endswith(charlm.generate(model, "ROMEO:", 200, temperature=0.8, seed=1).run() + "\n")


def test_the_backward_pass_is_that_of_the_file() -> None:
    _, shown = blocks("README.md", "python")
    source = (ROOT / "charlm" / "nn" / "reference.py").read_text("utf-8")
    assert textwrap.indent(shown, " " * 8) in source


def test_figures_are_those_of_the_benchmarks() -> None:
    section = README.partition("## Why not PyTorch?")[2].partition("\n## ")[0]
    report = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    figures = {"1.9": "1.94", "2.4": "2.36", "1.38": "1.3772", "1.36": "1.3584", "1.33": "1.3291"}  # rounded here
    exact = ("1.09", "11.6", "81,500", "0.38", "0.28")
    rows = section.partition("|---|---|\n")[2].partition("\n\n")[0]
    shown = set(re.findall(r"\d+\.\d+|\d+,\d+", rows))
    assert shown == {*figures, *exact}
    for figure in (*figures.values(), *exact):
        assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?!\d)", report)
