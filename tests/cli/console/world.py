"""Shared by tests of the console: models that write something to look for, and a session with one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import charlm

Start = Callable[..., Any]
GREEK = "αβγδε"


def decided(symbols: str = GREEK, *, unit: str = "char") -> charlm.CharModel:
    """Return a model that is sure of some characters and surprised by others."""
    vocabulary = charlm.Vocabulary.from_text(symbols, unit=unit)  # type: ignore[arg-type]
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=16), vocabulary, seed=1)
    model.params["head.W"][...] *= 20
    return model


def saved(folder: Path, model: charlm.CharModel) -> Path:
    charlm.save(model, folder / "model.npz")
    return folder / "model.npz"


def prompted(screen: Any) -> bool:
    """Tell whether the console waits for a line."""
    return bool(screen.text.split("\n")[-1] == ">")


def below_greeting(screen: Any) -> int:
    """Return the row of the first that is written or typed."""
    return next(k for k, row in enumerate(screen.rows) if row.endswith("leaves.")) + 1


def greek(screen: Any) -> str:
    return "".join(c for c in screen.text if c in GREEK)


def started(terminal: Start, model: Path, *flags: str, columns: int = 80, **environment: str) -> Any:
    screen = terminal("-m", "charlm", "console", model, "--seed", "5", *flags, columns=columns, **environment)
    screen.wait(prompted)
    return screen
