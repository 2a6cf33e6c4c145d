from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from charlm.cli.entry import run
from charlm.nn.losses import cross_entropy, squared_error

QUICK = ["gradcheck", "--hidden-size", "3", "--layers", "1", "--entries", "2"]
CELLS = ("rnn", "lstm", "gru after", "gru before")
LANGUAGE_MODELS = [f"{cell}, {kind}" for cell in CELLS for kind in ("one-hot", "embedding")]
TRANSDUCERS = [
    *(f"{cell}, pairs" for cell in CELLS),
    *("lstm, no attention", "lstm, labels", "lstm, n-grams", "lstm, tags"),
]
SERIES = [*(f"{cell}, numbers" for cell in CELLS), "lstm, linear output"]
MODELS = LANGUAGE_MODELS + TRANSDUCERS + SERIES


def test_all_gradients_are_right(capsys):
    assert run(["gradcheck", "--entries", "3"]) == 0
    out, err = capsys.readouterr()
    assert all(line.startswith("checking: ") for line in err.splitlines())  # where it takes long
    assert out.count(" ok") == len(MODELS)
    assert "WRONG" not in out


def test_json(capsys):
    assert run([*QUICK, "--json"]) == 0
    checks = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [check["model"] for check in checks] == MODELS
    for check in checks:
        assert check["passed"] is True
        assert check["directional"] < 1e-6
        assert max(check["elementwise"].values()) < 1e-6
        names = {name.split(".", 1)[1] if name.startswith("encoder") else name for name in check["elementwise"]}
        layer = "layers.0." if "layers.0.W_x" in names else "layers.0.backward."
        assert {f"{layer}W_x", f"{layer}W_h", f"{layer}b", "head.W", "head.b"} <= names
    assert "embedding.W" in checks[1]["elementwise"]
    assert "attention.W" in checks[8]["elementwise"]


def test_a_wrong_gradient_is_found(monkeypatch, capsys):
    def wrong(*arrays: Any, **how: Any) -> tuple[float, Callable[[], Any]]:
        loss, backprop = cross_entropy(*arrays, **how)
        return loss, lambda: backprop() * 1.001

    def wrong_error(*arrays: Any, **how: Any) -> tuple[float, Callable[[], Any]]:
        loss, backprop = squared_error(*arrays, **how)
        return loss, lambda: backprop() * 1.001

    monkeypatch.setattr("charlm.models.language_model.cross_entropy", wrong)
    monkeypatch.setattr("charlm.models.series.squared_error", wrong_error)
    monkeypatch.setattr("charlm.models.transducer.cross_entropy", wrong)
    assert run(QUICK) == 1
    out, err = capsys.readouterr()
    assert "charlm:" not in err
    assert out.count("WRONG") == len(MODELS)
    assert run([*QUICK, "--json"]) == 1
    assert '"passed": false' in capsys.readouterr().out


@pytest.mark.parametrize("flags", [["--hidden-size", "0"], ["--layers", "0"], ["--seed", "-1"], ["--entries", "0"]])
def test_numbers_out_of_range(flags, capsys):
    assert run([*QUICK, *flags]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
