from __future__ import annotations

import tracemalloc

from rich.cells import cell_len

from charlm.analysis.pair_loss import PairNats
from charlm.analysis.pair_measures import measure_pairs
from charlm.ui.pair_measures import measure_lines
from tests.hostile import TEXT, faults

NATS = PairNats(0.5, 0.75, 9, 0)


def test_text() -> None:
    lines = list(measure_lines(measure_pairs(["ab", "x"], ["ab", "xyz"], "text"), NATS, "text", 80))
    assert lines == [
        "exact match             50.00%, 1/2",
        "character error rate    40.00%",
        "accuracy per character  75.00%, those before it given",
        "nats per character      0.5000",
    ]


def test_no_share_of_targets_that_are_empty() -> None:
    lines = list(measure_lines(measure_pairs(["a", ""], ["", ""], "text"), NATS, "text", 80))
    assert lines[1] == "character error rate    –"


def test_tags() -> None:
    lines = list(measure_lines(measure_pairs(["BIO", "BB"], ["BIO", "BI"], "tags"), NATS, "tags", 80))
    assert lines[1:3] == ["accuracy per tag        80.00%", "nats per tag            0.5000"]
    assert lines[4:] == [
        "tag  precision  recall      F1  count",
        "B       0.6667  1.0000  0.8000      2",
        "I       1.0000  0.5000  0.6667      2",
        "O       1.0000  1.0000  1.0000      1",
    ]


def test_labels_in_a_table_or_a_list() -> None:
    outputs, targets = ["en", "fr", "fr", "日本", "fr"], ["en", "en", "en", "日本", "日本"]
    measures = measure_pairs(outputs, targets, "label")
    lines = list(measure_lines(measures, NATS, "label", 80))
    assert lines[4:] == [
        "target  en  fr  日本",
        "en       1   2     0",
        "fr       0   0     0",
        "日本     0   1     1",
    ]
    assert list(measure_lines(measures, NATS, "label", 12))[3:] == [
        "Most frequent confusions, target → output:",
        "      2  en → fr",
        "      1  日本 → fr",
    ]
    right = measure_pairs(targets, targets, "label")
    assert list(measure_lines(right, NATS, "label", 12))[-1] == "No label is confused with another."


def test_what_cannot_be_written_is_told() -> None:
    lines = list(
        measure_lines(measure_pairs(["a"], ["b"], "text"), PairNats(float("nan"), float("nan"), 0, 1), "text", 80)
    )
    assert lines[3:] == [
        "nats per character      –",
        "cannot be written       1 target, wrong and not in the nats",
    ]


def test_nothing_controls_a_terminal_and_tables_fit() -> None:
    for output in ("label", "tags"):
        measures = measure_pairs([TEXT, "a" * len(TEXT)], [TEXT, TEXT], output)
        lines = list(measure_lines(measures, NATS, output, 80))
        assert faults("\r\n".join(lines).encode()) == []
    labels = [f"label {k}" for k in range(40)]
    for line in measure_lines(measure_pairs(labels, labels[1:] + labels[:1], "label"), NATS, "label", 40):
        assert cell_len(line) <= 60


def test_no_table_is_made_of_labels_for_which_there_is_no_room() -> None:
    targets = [f"label {k}" for k in range(1000)]
    measures = measure_pairs(targets[::-1], targets, "label")
    tracemalloc.start()
    lines = list(measure_lines(measures, NATS, "label", 80))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(lines) == 14
    assert peak < 4e6  # a table would have a million cells
