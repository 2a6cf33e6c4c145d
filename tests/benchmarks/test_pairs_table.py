"""The pairs on which `benchmarks/pairs.py` tries a model, and the table of its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pairs import Run, load_note, table, unseen

from charlm.text.builtin.tasks import pairs_of
from charlm.text.pairs import parse_pairs, split_pairs

START: dict[str, Any] = {
    "preset": "auto",
    "config": {
        "model": {"cell": "lstm", "layers": 1, "hidden_size": 128, "dropout": 0.5, "weight_drop": 0},
        "train": {"batch_size": 64, "ema": 0},
    },
}


def run_of(task: str, share: float, *, load: float | None = 0.1) -> Run:
    longer = 0.25 if task == "reverse" else None
    return Run(task, ["--pairs", f"builtin:{task}"], 0, share, {}, longer, 60.4, load, START, {})


@pytest.mark.parametrize("task", ["add", "reverse", "words"])
def test_no_source_that_is_tried_was_learned_from(task: str) -> None:
    tried = {pair.source for pair in unseen(task, 0, None)}
    assert len(tried) > 1000
    assert tried.isdisjoint(pair.source for pair in pairs_of(task))


def test_of_a_file_the_tenth_that_the_run_held_out_is_tried(tmp_path: Path) -> None:
    text = "".join(f"name{k}\t{k % 3}\n" for k in range(100))
    (tmp_path / "names.tsv").write_text(text, "utf-8")
    _, held_out = split_pairs(parse_pairs(text, "names"), 0.1, 7)
    assert unseen("names", 7, str(tmp_path / "names.tsv")) == held_out
    assert len(held_out) == 10


def test_a_row_has_every_seed_and_is_marked_if_the_least_falls_short() -> None:
    runs = {"sort": [run_of("sort", 0.995), run_of("sort", 0.98)], "reverse": [run_of("reverse", 1.0)]}
    _, _, sort, reverse = table(list(runs), runs.__getitem__)
    assert sort == (
        "| `charlm train --pairs builtin:sort` | auto, lstm 1 × 128, N 64, dropout 0.5 | 99.50% 98.00% | 98.75% | "
        "98.00% | 60 60 | 99.0% ✗ |"
    )
    assert "13–18 letters 25.0%" in reverse
    assert "✗" not in reverse


def test_a_machine_that_was_not_quiet_is_told() -> None:
    assert "do not quote" in load_note([run_of("sort", 1.0, load=2.0)])
    assert "do not quote" not in load_note([run_of("sort", 1.0), run_of("sort", 1.0, load=2.0)])
    assert not load_note([run_of("sort", 1.0, load=None)])
