"""A new run on pairs, prepared without a command line; the flags are tried in tests/cli."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import charlm
from charlm.errors import CorpusError
from charlm.training.preparation import NewRun, new_pairs_run

SMALL: dict[str, Any] = {"model": {"hidden_size": 6}, "train": {"steps": 2, "batch_size": 4}}


def prepared(content: str, **settings: Any) -> NewRun:
    Path("p.tsv").write_text(content, "utf-8")
    return new_pairs_run("p.tsv", **{**SMALL, **settings})


def test_values_in_values_out() -> None:
    phases: list[str] = []
    new = prepared("fig\tFIG\nnut\tNUT\nplum\tPLUM\n", on_phase=phases.append)
    assert phases == ["reading the pairs", "making the vocabularies and the model"]
    assert isinstance(new.model, charlm.Transducer)
    assert (new.origin["pairs"], new.stem, len(new.data.train), new.remarks) == ("p.tsv", "p", 3, ())
    assert charlm.train(new.model, new.task(), new.config, run=new.options()).run().step == 2


def test_labels_and_what_is_too_long() -> None:
    content = "a\tx\nb\ty\n" + "c" * 9999 + "\tx\n"
    new = prepared(content, model={"output": "label", "hidden_size": 6}, train={"steps": 1, "val_frac": 0.0})
    assert new.model.labels == ("x", "y")
    assert new.remarks == ("1 pair of 'p.tsv' left out, too long to learn from",)


@pytest.mark.parametrize(
    ("content", "output", "message"),
    [
        ("\ta\n", "text", "every source is empty"),
        ("a\t\n", "text", "every target is empty"),
        ("a\tx\nb\tx\n", "label", "every label is 'x'"),
    ],
)
def test_nothing_to_learn(content: str, output: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        prepared(content, model={"output": output})
