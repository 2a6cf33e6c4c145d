"""``charlm report``: a page that stands alone, of any run."""

from __future__ import annotations

import html
import re
import shlex
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import charlm
from charlm import checkpoint
from charlm.analysis.inspection.search import TrackingUnit, find_units
from charlm.cli.entry import run
from charlm.cli.writing.reporting import train_command
from charlm.training.preparation import held_out_text

TEXT = 'He said "no (not I)" and\n  went on. <b># a note</b>\n\nThen "yes".\n'
FLAGS = [
    "--steps",
    "6",
    "--batch-size",
    "2",
    "--seq-length",
    "4-8",
    "--quiet",
    "--hidden-size",
    "5",
    "--sample-every",
    "2",
]
VOID = {"meta", "rect", "path", "polyline", "circle", "br"}


class Balanced(HTMLParser):
    """Elements that are open, and the attributes that could load something."""

    def __init__(self):
        super().__init__()
        self.open, self.loads = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    (folder / "text.txt").write_text(TEXT * 150, encoding="utf-8")
    assert run(["train", str(folder / "text.txt"), *FLAGS, "--out", str(folder / "run")]) == 0
    return folder


@pytest.fixture(scope="module")
def page(folder):
    assert run(["report", str(folder / "run"), "--output", str(folder / "a.html")]) == 0
    return (folder / "a.html").read_text("utf-8")


def test_the_page_is_well_formed_and_loads_nothing(page):
    parser = Balanced()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert parser.loads == []
    assert not re.search(r"@import|url\(|fetch\(|XMLHttp|https?://(?!www\.w3\.org/2000/svg)", page)
    assert "<b>" not in page


@pytest.mark.parametrize(
    "section",
    [
        *("Learning", "Samples during training", "A held-out passage", "Where the loss comes from", "Calibration"),
        *("Units that track something", "Memory", "Configuration", "Make it again"),
    ],
)
def test_every_section_is_there(page, section):
    assert f">{section}</h" in page


def test_the_samples_are_those_of_the_log(page):
    assert [int(step) for step in re.findall(r"after (\d+) updates", page)] == [2, 4, 6]


def test_the_command_trains_the_same_bits_again(page, folder, monkeypatch):
    command = html.unescape(re.search(r"<pre>(charlm train .*?)</pre>", page)[1])
    assert run([*shlex.split(command)[1:], "--out", str(folder / "again"), "--quiet"]) == 0
    first, again = (charlm.load(folder / name / "last.npz") for name in ("run", "again"))
    assert (first.params.value == again.params.value).all()


@pytest.mark.parametrize(
    "flags",
    [
        ["--model", "gru", "--unit", "byte", "--members", "1", "--no-counts"],
        ["--members", "2", "--counts", "--lowercase"],
    ],
)
def test_the_command_names_the_kind_of_model(flags, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = folder / "text.txt"
    (tmp_path / "latin.txt").write_text(text.read_text("utf-8") + "é" * 200, encoding="latin-1", newline="")
    words = ["train", "latin.txt", *FLAGS, *flags, "--encoding", "latin-1", "--val-file", str(text), "--out", "run"]
    assert run(words) == 0
    assert run(["report", "run", "--output", "a.html"]) == 0
    command = html.unescape(re.search(r"<pre>(charlm train .*?)</pre>", Path("a.html").read_text("utf-8"))[1])
    assert run([*shlex.split(command)[1:], "--out", "again", "--quiet"]) == 0
    first, again = (checkpoint.read_npz(Path(name) / "last.npz").tensors for name in ("run", "again"))
    assert first.keys() == again.keys()
    for name, tensor in first.items():
        np.testing.assert_array_equal(tensor, again[name])


def test_a_mixture_shows_the_units_of_its_first_network(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(TrackingUnit, "tracks", True)
    words = [
        "train",
        str(folder / "text.txt"),
        *FLAGS,
        "--members",
        "2",
        "--counts",
        "--out",
        str(tmp_path / "run"),
    ]
    assert run(words) == 0
    assert run(["report", str(tmp_path / "run"), "--output", str(tmp_path / "a.html")]) == 0
    found = (tmp_path / "a.html").read_text("utf-8")
    model = charlm.load(tmp_path / "run")
    units = find_units(model.networks[0], held_out_text(checkpoint.load_predictor(tmp_path / "run"))[:60_000])
    assert f"<h3>unit {units[0].unit} of the first network: " in found
    assert re.search(r"\d network of [\d,]+ parameters · .* counts of [\d,]+ symbols, order 10", found)
    for section in ("A held-out passage", "Calibration", "Units that track something", "Memory"):
        assert f">{section}</h" in found


def test_without_its_text_a_run_has_the_other_sections(folder, tmp_path, capsys):
    shutil.copytree(folder / "run", tmp_path / "run")
    shutil.copy(folder / "text.txt", tmp_path / "kept.txt")
    (folder / "text.txt").rename(folder / "moved.txt")
    try:
        assert run(["report", str(tmp_path / "run"), "--output", str(tmp_path / "a.html")]) == 0
    finally:
        (folder / "moved.txt").rename(folder / "text.txt")
    found = (tmp_path / "a.html").read_text("utf-8")
    assert "cannot be read again" in found
    assert "Calibration" not in found
    assert ">Learning</h" in found


def test_a_model_of_pairs_has_a_report(tmp_path):
    flags = ["--steps", "2", "--hidden-size", "4", "--batch-size", "4", "--quiet", "--out", str(tmp_path / "run")]
    assert run(["train", "--pairs", "builtin:reverse", *flags]) == 0
    assert run(["report", str(tmp_path / "run"), "--output", str(tmp_path / "a.html")]) == 0
    assert "This is a transducer" in (tmp_path / "a.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "flags", "units"),
    [
        pytest.param(TEXT * 120 + "äöü" * 9, ["--min-count", "20"], True, id="unknown characters"),
        pytest.param("bc" * 3000 + "\n" * 6000, ["--val-frac", "0.4"], False, id="a text in which nothing varies"),
        pytest.param("xe\u0301" * 300, ["--unit", "grapheme", "--val-frac", "0.5"], False, id="few graphemes"),
    ],
)
def test_what_a_run_held_out_is_examined(tmp_path, text, flags, units):
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    assert run(["train", str(tmp_path / "text.txt"), *FLAGS, *flags, "--out", str(tmp_path / "run")]) == 0
    assert run(["report", str(tmp_path / "run"), "--output", str(tmp_path / "a.html")]) == 0
    found = (tmp_path / "a.html").read_text("utf-8")
    assert ">Calibration</h" in found
    assert (">Units that track something</h" in found) == units


def test_bits_of_bytes_and_of_characters_are_told_apart(tmp_path):
    (tmp_path / "text.txt").write_text("äöü\n" * 500, encoding="utf-8")
    flags = [*FLAGS, "--unit", "byte", "--out", str(tmp_path / "run")]
    assert run(["train", str(tmp_path / "text.txt"), *flags]) == 0
    assert run(["report", str(tmp_path / "run"), "--output", str(tmp_path / "a.html")]) == 0
    found = (tmp_path / "a.html").read_text("utf-8")
    assert "<dt>bits per symbol</dt>" in found
    assert re.search(r"[0-9.]+ bits per character, over 200 characters", found)
    assert ">ä</span>" in found


def test_the_command_has_every_digit_of_a_setting():
    assert "--learning-rate 0.00123456789" in train_command({"learning_rate": 0.00123456789}, {})


def test_a_checkpoint_without_losses_is_refused_in_one_line(tmp_path, capsys):
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("ab"))
    charlm.save(model, tmp_path / "model.npz")
    assert run(["report", str(tmp_path / "model.npz"), "--output", str(tmp_path / "a.html")]) == 4
    assert "has no losses to show; give a run that was trained" in capsys.readouterr().err
    assert not (tmp_path / "a.html").exists()


def test_a_page_that_exists_is_replaced_by_force_only(folder, page, capsys):
    assert run(["report", str(folder / "run"), "--output", str(folder / "a.html")]) == 2
    assert "--force" in capsys.readouterr().err
    assert run(["report", str(folder / "run"), "--output", str(folder / "a.html"), "--force"]) == 0


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [360, 1280])
def test_in_a_browser_it_fits_and_has_no_errors(page, tmp_path, width):
    frame = (
        f'<iframe id="f" width="{width}" height="2000" srcdoc="{html.escape(page)}"></iframe><script>'
        "onload = () => { const d = document.getElementById('f').contentDocument;"
        "document.title = d.documentElement.scrollWidth + ' ' + d.querySelectorAll('.at').length; };"
        "</script>"
    )
    (tmp_path / "frame.html").write_text(f"<!DOCTYPE html><title>-</title>{frame}", encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --dump-dom"
    found = subprocess.run(
        [CHROMIUM, *flags.split(), "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'data'}",
         "--virtual-time-budget=5000", (tmp_path / "frame.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    scroll_width, marked = re.search(r"<title>(\d+) (\d+)</title>", found.stdout).groups()
    assert int(scroll_width) <= width
    assert int(marked) == 1
    assert "CONSOLE" not in found.stderr
