from __future__ import annotations

import json

import pytest

from charlm.cli.entry import run
from charlm.training import speed

QUICK = ["bench", "--hidden-size", "8", "--batch-size", "4", "--seq-length", "5", "--seconds", "0.01"]


@pytest.fixture(autouse=True)
def small_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "PRODUCT_SIZE", 128)


def test_json(capsys):
    assert run([*QUICK, "--model", "gru", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    figures = json.loads(out)
    assert figures["model"]["cell"] == "gru"
    assert (figures["train"]["shards"], figures["train"]["workers"]) == (1, 1)
    for name in ("train_chars_per_s", "sample_chars_per_s", "gflops", "peak_gflops"):
        assert figures[name] > 0
    assert figures["share"] == pytest.approx(figures["gflops"] / figures["peak_gflops"])


def test_text(capsys):
    assert run(QUICK) == 0
    out, err = capsys.readouterr()
    assert "characters/s" in out
    assert err == ""


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--seconds", "0"], "--seconds is 0.0; it must be above 0"),
        (["--seconds", "nan"], "--seconds is nan; it must be above 0"),
        (["--model", "cnn"], "model is 'cnn'; choose one of"),
        (["--workers", "0"], "workers is 0; it must be at least 1"),
        (["--hidden-size", "0"], "hidden-size is 0; it must be at least 1"),
    ],
)
def test_errors_are_one_line(flags, words, capsys):
    assert run([*QUICK, *flags]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err
