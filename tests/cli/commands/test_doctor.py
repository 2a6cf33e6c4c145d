from __future__ import annotations

import json

import charlm
from charlm.cli.entry import run
from charlm.environment import environment


def test_json(capsys):
    assert run(["doctor", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out) == environment()


def test_text(capsys):
    assert run(["doctor"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert ["charlm", charlm.__version__] in [line.split() for line in out.splitlines()]
    assert "blas threads" in out
    assert "extra parity" in out


def test_what_is_not_there(capsys, monkeypatch):
    monkeypatch.setattr("charlm.environment.EXTRAS", {"parity": ("no-such-package",)})
    monkeypatch.setattr("charlm.environment.blas_threads", lambda: None)
    assert run(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "not installed" in out
    assert "unknown" in out
