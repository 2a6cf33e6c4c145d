"""Named starting points: sizes, rates and budgets that learn well, found by experiment.

=============  =======================================================================================
quick          half a minute: the first look
small          two minutes: dialogue that looks like dialogue
base           five minutes
large          half an hour
auto           one of these, by the size of the text and the budget
min-char-rnn   Karpathy's published script, to the letter
char-rnn       the defaults of the Lua tool that followed it
=============  =======================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from charlm.errors import UsageError

__all__ = ["PresetName", "Settings", "preset_settings"]

PresetName: TypeAlias = Literal["auto", "quick", "small", "base", "large", "min-char-rnn", "char-rnn"]
Budget: TypeAlias = Literal["epochs", "steps", "minutes"]
BUDGETS: tuple[Budget, ...] = get_args(Budget)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a preset says, as keyword arguments of `ModelConfig` and `TrainConfig`."""

    name: str
    model: dict[str, Any] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)


# warm-up: Adagrad's first updates move every weight by the whole rate, whatever the size of its gradient
_ADAGRAD = {"optimizer": "adagrad", "schedule": "cosine", "warmup": 100, "clip_norm": 1.0}

PRESETS: dict[str, Settings] = {
    "quick": Settings(
        "quick",
        {"cell": "lstm", "hidden_size": 128},
        {**_ADAGRAD, "learning_rate": 0.3, "batch_size": 16, "seq_length": 32, "minutes": 0.5},
    ),
    "small": Settings(
        "small",
        {"cell": "lstm", "hidden_size": 256, "dropout": 0.1},
        {**_ADAGRAD, "learning_rate": 0.3, "batch_size": 16, "seq_length": 32, "minutes": 2.0},
    ),
    "base": Settings(
        "base",
        {"cell": "lstm", "hidden_size": 384, "dropout": 0.3},
        {**_ADAGRAD, "learning_rate": 0.3, "batch_size": 24, "seq_length": 64, "minutes": 5.0},
    ),
    "large": Settings(
        "large",
        {"cell": "lstm", "hidden_size": 512, "dropout": 0.4},
        {**_ADAGRAD, "learning_rate": 0.3, "batch_size": 32, "seq_length": 64, "minutes": 30.0},
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


def preset_settings(name: str, characters: int, budget: dict[str, float | None]) -> Settings:
    """Return what a preset says, with a given budget in place of its own.

    Parameters
    ----------
    name : str
        One of `PresetName`.
    characters : int
        Of the text; ``auto`` looks at it.
    budget : dict
        Values of ``epochs``, ``steps`` and ``minutes`` that were asked for; None where not.

    Raises
    ------
    UsageError
        For a name that is none of them.
    """
    if name not in get_args(PresetName):
        raise UsageError(f"preset is {name!r}; choose one of {', '.join(get_args(PresetName))}")
    settings = PRESETS[_automatic(characters, budget) if name == "auto" else name]
    given = {key: value for key, value in budget.items() if value is not None}
    train = {key: value for key, value in settings.train.items() if not (given and key in BUDGETS)}
    return Settings(settings.name, dict(settings.model), train | given)


def _automatic(characters: int, budget: dict[str, float | None]) -> str:
    """Choose by the size of the text and the minutes: more of either carries a larger model."""
    minutes = budget.get("minutes")
    if characters < 100_000 or (minutes is not None and minutes < 1):
        return "quick"
    if minutes is None or minutes < 4:
        return "small"
    return "base" if minutes < 12 or characters < 500_000 else "large"
