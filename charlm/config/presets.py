"""Named starting points: sizes, rates and budgets that learn well, found by experiment.

=============  =======================================================================================
quick          half a minute: the first look
small          two minutes: dialogue that looks like dialogue
base           five minutes
large          half an hour
auto           one of these, by the budget and how often it lets the text be read
min-char-rnn   Karpathy's published script, to the letter
char-rnn       the defaults of the Lua tool that followed it
=============  =======================================================================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from charlm.errors import UsageError

__all__ = ["BUDGETS", "PresetName", "Settings", "decided_by_preset", "preset_settings"]

PresetName: TypeAlias = Literal["auto", "quick", "small", "base", "large", "min-char-rnn", "char-rnn"]
Budget: TypeAlias = Literal["epochs", "steps", "minutes"]
CHARS_PER_S = 20_000  # of 512 units on two cores; large makes a third of it
PASSES_A_DROPOUT = 16  # none for less than one, 0.1 for two, 0.2 for three, 0.3 for five
SHORT = 100_000  # characters

BUDGETS: tuple[Budget, ...] = get_args(Budget)
AUTOMATIC: tuple[PresetName, ...] = ("quick", "small", "base", "large")
"""Those that ``auto`` chooses from."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a preset, as keyword arguments of `ModelConfig` and `TrainConfig`."""

    name: str
    model: dict[str, Any] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)


# Adagrad's first updates move every weight by the whole rate, whatever the size of its gradient: hence the warm-up.
# What it sums up never goes down: a gradient that is cut to less than twice its usual norm keeps a wild beginning
# from slowing all that follows.
_LEARNING = {
    "optimizer": "adagrad",
    "learning_rate": 0.45,
    "schedule": "cosine",
    "warmup": 100,
    "clip_norm": 0.25,
    "batch_size": 16,
    "seq_length": 32,
    "state_reset": 0.01,
}
# From three passes on, fewer updates that look further back are better than many that do not.
_LONGER = {**_LEARNING, "seq_length": 64, "state_reset": 0.02}

PRESETS: dict[str, Settings] = {
    "quick": Settings(
        "quick", {"cell": "lstm", "hidden_size": 256}, {**_LEARNING, "learning_rate": 0.3, "minutes": 0.5}
    ),
    "small": Settings("small", {"cell": "lstm", "hidden_size": 512, "dropout": 0.1}, {**_LEARNING, "minutes": 2.0}),
    "base": Settings("base", {"cell": "lstm", "hidden_size": 512, "dropout": 0.3}, {**_LONGER, "minutes": 5.0}),
    "large": Settings(
        "large",
        {"cell": "lstm", "hidden_size": 768, "dropout": 0.45, "weight_drop": 0.2},
        {**_LONGER, "learning_rate": 0.4, "minutes": 30.0},
    ),
    "min-char-rnn": Settings(
        "min-char-rnn",
        {"cell": "rnn", "hidden_size": 100, "init": "min-char-rnn"},
        {
            "optimizer": "adagrad",
            "learning_rate": 0.1,
            "clip_norm": 0.0,
            "clip_value": 5.0,
            "batch_size": 1,
            "seq_length": 25,
            "sampling": "min-char-rnn",
            "val_frac": 0.0,
            "loss_reduction": "sum",
            "minutes": 2.0,
        },
    ),
    "char-rnn": Settings(
        "char-rnn",
        {"cell": "lstm", "hidden_size": 128, "layers": 2},
        {
            "optimizer": "rmsprop",
            "learning_rate": 0.002,
            "clip_norm": 0.0,
            "clip_value": 5.0,
            "batch_size": 50,
            "seq_length": 50,
            "val_frac": 0.05,
            "epochs": 50.0,
        },
    ),
}


def decided_by_preset() -> frozenset[str]:
    """Return the names of the settings that ``auto`` decides, as `ModelConfig` and `TrainConfig` have them."""
    return frozenset().union(*({*PRESETS[name].model, *PRESETS[name].train} for name in AUTOMATIC))


def preset_settings(name: str, characters: int, budget: dict[str, float | None]) -> Settings:
    """Return what a preset says, with a given budget in place of its own.

    Parameters
    ----------
    name : str
        One of `PresetName`.
    characters : int
        Of the text; ``auto`` depends on it.
    budget : dict
        Values of ``epochs``, ``steps`` and ``minutes`` that were asked for; None where not.

    Raises
    ------
    UsageError
        For a name that is none of them.
    """
    if name not in get_args(PresetName):
        raise UsageError(f"`preset` is {name!r}; choose one of {', '.join(get_args(PresetName))}")
    passes = _passes(characters, budget)
    settings = PRESETS[_automatic(characters, passes, budget) if name == "auto" else name]
    given = {key: value for key, value in budget.items() if value is not None}
    train = {key: value for key, value in settings.train.items() if not (given and key in BUDGETS)}
    model = dict(settings.model)
    if name == "auto" and passes is not None and settings.name in ("small", "base"):
        model["dropout"] = min(round(passes / PASSES_A_DROPOUT, 1), 0.4)
    return Settings(settings.name, model, train | given)


def _passes(characters: int, budget: dict[str, float | None]) -> float | None:
    """Return how often a budget lets the text be read, about; None if it does not tell."""
    minutes, epochs = budget.get("minutes"), budget.get("epochs")
    if minutes is None or epochs is not None:
        return epochs
    return 60 * CHARS_PER_S * minutes / max(characters, 1)


def _automatic(characters: int, passes: float | None, budget: dict[str, float | None]) -> str:
    """Choose by the time and by the passes it allows: a text that is read many times needs dropout."""
    if passes is None:
        return "quick" if characters < SHORT else "small"
    minutes = budget.get("minutes")
    if minutes is not None and minutes < 1:
        return "quick"
    if passes < 3:
        return "small"
    return "base" if passes < 10 or (minutes or math.inf) < 15 else "large"
