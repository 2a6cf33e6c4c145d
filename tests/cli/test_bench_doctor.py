from __future__ import annotations

import json

import pytest

import charlm
from charlm.cli import benchmark
from charlm.cli.entry import run
from charlm.cli.environment import environment

QUICK = ["bench", "--hidden-size", "8", "--batch-size", "4", "--seq-length", "5", "--seconds", "0.01"]


@pytest.fixture(autouse=True)
def small_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "PRODUCT_SIZE", 128)


class TestBench:
    def test_json(self, capsys):
        assert run([*QUICK, "--model", "gru", "--json"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        figures = json.loads(out)
        assert figures["model"]["cell"] == "gru"
        assert (figures["train"]["shards"], figures["train"]["workers"]) == (1, 1)
        for name in ("train_chars_per_s", "sample_chars_per_s", "gflops", "peak_gflops"):
            assert figures[name] > 0
        assert figures["share"] == pytest.approx(figures["gflops"] / figures["peak_gflops"])

    def test_text(self, capsys):
        assert run(QUICK) == 0
        out, err = capsys.readouterr()
        assert "characters/s" in out
        assert err == ""

    def test_operations_are_counted_by_hand(self):
        model = charlm.CharModel(
            charlm.ModelConfig(hidden_size=8, layers=2), charlm.Vocabulary.from_text("abcdefghijk")
        )
        products = 32 * 8 + 32 * 8 + 32 * 8 + 11 * 8  # W_h of both layers, W_x of the upper, the head
        assert benchmark._flops(model) == 6 * products

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
    def test_errors_are_one_line(self, flags, words, capsys):
        assert run([*QUICK, *flags]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert words in err


class TestDoctor:
    def test_json(self, capsys):
        assert run(["doctor", "--json"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert json.loads(out) == environment()

    def test_text(self, capsys):
        assert run(["doctor"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert ["charlm", charlm.__version__] in [line.split() for line in out.splitlines()]
        assert "blas threads" in out
        assert "extra parity" in out

    def test_what_is_not_there(self, capsys, monkeypatch):
        monkeypatch.setattr("charlm.cli.environment.EXTRAS", {"parity": ("no-such-package",)})
        monkeypatch.setattr("charlm.cli.environment.blas_threads", lambda: None)
        assert run(["doctor"]) == 0
        out = capsys.readouterr().out
        assert "not installed" in out
        assert "unknown" in out
