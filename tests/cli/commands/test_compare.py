"""``charlm compare``: what differs, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from xml.dom import minidom

import pytest

import charlm
from charlm.cli.entry import run
from charlm.runs.comparison import compare_runs, differing_settings
from charlm.ui.run.comparison import comparison_table

FLAGS = ["--steps", "4", "--batch-size", "2", "--seq-length", "5", "--quiet", "--shards", "1"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    (folder / "text.txt").write_text("to be or not to be\n" * 20, encoding="utf-8")
    for size in (4, 6):
        code = run(
            [
                "train",
                str(folder / "text.txt"),
                *FLAGS,
                "--hidden-size",
                str(size),
                "--out",
                str(folder / f"h{size}"),
            ]
        )
        assert code == 0
    return [str(folder / "h4"), str(folder / "h6")]


def test_only_what_differs_is_listed(runs):
    compared = compare_runs(runs)
    assert differing_settings(compared) == {"hidden_size": [4, 6]}
    assert [one.name for one in compared] == ["h4", "h6"]
    for path, one in zip(runs, compared, strict=True):
        model = charlm.load(path)
        assert one.parameters == model.params.value.size
        events = [json.loads(line) for line in Path(path, "log.jsonl").read_text("utf-8").splitlines()]
        elapsed_s = max(event["elapsed_s"] for event in events if event["event"] in ("step", "eval"))
        assert one.minutes == pytest.approx(elapsed_s / 60)
        assert one.chars_per_s == pytest.approx(4 * 2 * 5 / elapsed_s)


def test_the_screen_and_json_and_the_picture(runs, tmp_path, capsys):
    assert run(["compare", *runs, "--svg", str(tmp_path / "a.svg"), "--length", "12"]) == 0
    shown = capsys.readouterr().out
    assert "hidden-size      4       6" in shown
    assert "batch-size" not in shown
    assert shown.count("writes:") == 2
    minidom.parse(str(tmp_path / "a.svg"))
    assert run(["compare", *runs, "--json", "--length", "12", "--seed", "3"]) == 0
    found = json.loads(capsys.readouterr().out)["runs"]
    assert [one["settings"]["hidden_size"] for one in found] == [4, 6]
    assert [len(one["sample"]) for one in found] == [12, 12]
    expected = "".join(charlm.generate(charlm.load(runs[0]), length=12, seed=3))
    assert found[0]["sample"] == expected


def test_numbers_have_the_digits_that_tell_them_apart(runs, tmp_path, capsys):
    text = str(Path(runs[0]).parent / "text.txt")
    for name, norm in (("a", 0.5**1.5), ("b", 1.0), ("c", 0.35357)):
        assert (
            run(
                [
                    "train",
                    text,
                    *FLAGS,
                    "--hidden-size",
                    "4",
                    "--clip-norm",
                    repr(norm),
                    "--out",
                    str(tmp_path / name),
                ]
            )
            == 0
        )
    a, b, c = (str(tmp_path / name) for name in "abc")
    for two, row in (((a, b), ["clip-norm", "0.3536", "1"]), ((a, c), ["clip-norm", "0.35355", "0.35357"])):
        capsys.readouterr()
        assert run(["compare", *two, "--length", "0"]) == 0
        assert row in [line.split() for line in capsys.readouterr().out.splitlines()]


def test_the_training_loss_is_that_of_the_curve(runs, tmp_path, capsys):
    text, long = str(Path(runs[0]).parent / "text.txt"), str(tmp_path / "long")
    assert run(["train", text, *FLAGS, "--hidden-size", "2", "--steps", "220", "--out", long]) == 0
    capsys.readouterr()
    assert run(["compare", runs[0], long, "--length", "0"]) == 0
    rows = capsys.readouterr().out.splitlines()
    (losses,) = (row.split()[1:] for row in rows if row.startswith("training "))
    assert losses == [row.split("train ")[1].split()[0] for row in rows if "train " in row and "·" in row][:2]
    assert run(["report", long, "--output", str(tmp_path / "a.html")]) == 0
    assert f"<dt>training, nats</dt><dd>{losses[1]}</dd>" in (tmp_path / "a.html").read_text("utf-8")


def test_without_samples_and_with_one_run(runs, capsys):
    assert run(["compare", *runs, "--length", "0"]) == 0
    assert "writes" not in capsys.readouterr().out
    assert run(["compare", runs[0]]) == 2
    assert "give two or more" in capsys.readouterr().err


def test_losses_of_another_unit_are_told_apart_and_not_ranked(runs, tmp_path):
    text = str(Path(runs[0]).parent / "text.txt")
    flags = [*FLAGS, "--hidden-size", "4", "--unit", "byte", "--out", str(tmp_path / "bytes")]
    assert run(["train", text, *flags]) == 0
    assert differing_settings(compare_runs([runs[0], str(tmp_path / "bytes")])) == {"unit": ["char", "byte"]}

    def ranked(*paths):
        table = comparison_table(compare_runs(paths))
        row = [str(cell) for cell in table.columns[0].cells].index("best validation")
        return ["green" in str(list(column.cells)[row].style) for column in table.columns[1:]]

    assert sum(ranked(*runs)) == 1
    assert not any(ranked(runs[0], str(tmp_path / "bytes")))
