"""Presets: named settings, sizes, rates and budgets that learn well, found by experiment.

=============  =======================================================================================
quick          half a minute
small          two minutes
base           five minutes
large          half an hour
auto           one of these, by the budget and the number of passes over the text that it allows
min-char-rnn   Karpathy's published script, exactly
char-rnn       the defaults of the Lua program that followed it
=============  =======================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from charlm.config.transducer import OutputName
from charlm.errors import UsageError

__all__ = ["BUDGETS", "PresetName", "Settings", "decided_by_preset", "pair_settings", "preset_settings"]

PresetName: TypeAlias = Literal["auto", "quick", "small", "base", "large", "min-char-rnn", "char-rnn"]
Budget: TypeAlias = Literal["epochs", "steps", "minutes"]
PACE = 20_000  # characters a second with 512 units, where none was measured
PASSES_A_NETWORK, CHARACTERS_A_NETWORK = 3, 1_500_000  # at least, of several that share the budget
MOST_NETWORKS = 8  # that auto trains
PASSES_A_DROPOUT = 40  # passes for a dropout of 1: 0.1 at four, 0.2 at eight
SHORT = 100_000  # characters

BUDGETS: tuple[Budget, ...] = get_args(Budget)
AUTOMATIC: tuple[PresetName, ...] = ("quick", "small", "base", "large")
"""The presets that ``auto`` chooses from."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a preset: arguments of `ModelConfig` and `TrainConfig`, and the networks of a mixture."""

    name: str
    model: dict[str, Any] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)
    members: int = 1


# Adagrad's first updates move every weight by the whole rate, whatever its gradient: hence the warm-up. Its sums of
# squares never decrease: clipping to less than twice the usual norm keeps large first gradients from slowing all
# later updates.
_LEARNING = {
    "optimizer": "adagrad",
    "learning_rate": 0.45,
    "schedule": "cosine",
    "warmup": 100,
    "clip_norm": 0.25,
    "run_decay": 1.4,
    "batch_size": 16,
    "seq_length": 64,
    "state_reset": 0.02,
}

PRESETS: dict[str, Settings] = {
    "quick": Settings(
        "quick", {"cell": "lstm", "hidden_size": 256}, {**_LEARNING, "learning_rate": 0.3, "minutes": 0.5}
    ),
    "small": Settings("small", {"cell": "lstm", "hidden_size": 512, "dropout": 0.1}, {**_LEARNING, "minutes": 2.0}),
    "base": Settings("base", {"cell": "lstm", "hidden_size": 512, "dropout": 0.2}, {**_LEARNING, "minutes": 5.0}),
    "large": Settings(
        "large",
        {"cell": "lstm", "hidden_size": 768, "dropout": 0.3},
        {**_LEARNING, "learning_rate": 0.4, "minutes": 30.0},
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


# Adam: some targets have plateaus of minutes, after which Adagrad's steps are too short.
_PAIRS: dict[str, Settings] = {
    name: Settings(
        name,
        {"cell": "lstm", "hidden_size": hidden_size},
        {
            "optimizer": "adam",
            "learning_rate": 0.003,
            "schedule": "cosine",
            "warmup": 100,
            "clip_norm": 1.0,
            "batch_size": 64,
            "minutes": minutes,
        },
    )
    for name, hidden_size, minutes in (
        ("quick", 128, 0.5),
        ("small", 128, 2.0),
        ("base", 192, 5.0),
        ("large", 256, 30.0),
    )
}


# A label has little information, so a small model soon memorises all pairs. Recurrent layers and n-grams make
# different mistakes, and together fewer than either: see the benchmarks of pairs.
_OF_LABELS: dict[str, float] = {"dropout": 0.4, "weight_drop": 0.4, "ngrams": 5}


def pair_settings(
    name: str,
    budget: Mapping[str, float | None],
    recommended: float | None = None,
    *,
    output: OutputName = "text",
) -> Settings:
    """Return the settings of a preset for pairs, with a given budget in place of its own.

    Parameters
    ----------
    name : str
        "auto", "quick", "small", "base" or "large".
    budget : mapping
        As for `preset_settings`.
    recommended : float, optional
        Minutes that ``auto`` takes without a given budget.
    output : {"text", "label", "tags"}

    Raises
    ------
    UsageError
        For another name.
    """
    if name not in ("auto", *AUTOMATIC):
        raise UsageError(f"`preset` is {name!r}; choose one of auto, {', '.join(AUTOMATIC)} for pairs")
    settings = _PAIRS["small" if name == "auto" else name]
    given = {key: value for key, value in budget.items() if value is not None}
    train = {key: value for key, value in settings.train.items() if not (given and key in BUDGETS)}
    if name == "auto" and recommended is not None and not given:
        train["minutes"] = recommended
    model = dict(settings.model)
    if output == "label":
        model |= {"hidden_size": 2 * model["hidden_size"], **_OF_LABELS}
        train |= {"schedule": "constant", "ema": 0.9995, "weight_decay": 5e-5}
    return Settings(name, model, train | given)


def decided_by_preset() -> frozenset[str]:
    """Return the names of the settings of `ModelConfig` and `TrainConfig` that ``auto`` decides."""
    return frozenset({"counts"}).union(*({*PRESETS[name].model, *PRESETS[name].train} for name in AUTOMATIC))


def preset_settings(
    name: str,
    characters: int,
    budget: dict[str, float | None],
    *,
    members: int | None = None,
    pace: float = PACE,
) -> Settings:
    """Return the settings of a preset, with a given budget in place of its own.

    Parameters
    ----------
    name : str
        One of `PresetName`.
    characters : int
        Characters of the text, by which ``auto`` chooses.
    budget : dict
        ``epochs``, ``steps`` and ``minutes``; None if not given.
    members : int, optional
        Networks that share the budget. By default one; of ``auto``, with minutes for six passes and more, two to
        eight, which overfit less than one that reads the text so often.
    pace : float
        Characters a second that an LSTM of 512 units learns, by which minutes become passes.

    Raises
    ------
    UsageError
        If there is no preset of that name.
    """
    if name not in get_args(PresetName):
        raise UsageError(f"`preset` is {name!r}; choose one of {', '.join(get_args(PresetName))}")
    if members is None:
        members = _members(characters, budget, pace) if name == "auto" else 1
    passes = _passes(members * characters, budget, pace)
    settings = PRESETS[_automatic(characters, passes, budget) if name == "auto" else name]
    given = {key: value for key, value in budget.items() if value is not None}
    train = {key: value for key, value in settings.train.items() if not (given and key in BUDGETS)}
    model = dict(settings.model)
    if name == "auto" and passes is not None and settings.name in ("small", "base"):
        model["dropout"] = min(round(passes / PASSES_A_DROPOUT, 1), 0.4)
    train |= given
    if settings.name in AUTOMATIC and "minutes" in train:
        train["counts"] = None  # by measurement
    return Settings(settings.name, model, train, members)


def _members(characters: int, budget: dict[str, float | None], pace: float) -> int:
    """Choose the number of networks: a power of two, which the cores share evenly, by which each learns enough."""
    passes, minutes = _passes(characters, budget, pace), budget.get("minutes")
    if passes is None or minutes is None or minutes < 1:
        return 1
    members, most = 1, min(passes / PASSES_A_NETWORK, passes * characters / CHARACTERS_A_NETWORK, MOST_NETWORKS)
    while 2 * members <= most:
        members *= 2
    return members


def _passes(characters: int, budget: dict[str, float | None], pace: float) -> float | None:
    """Return about how many passes over the text a budget allows; None if it does not determine them."""
    minutes, epochs = budget.get("minutes"), budget.get("epochs")
    if minutes is None or epochs is not None:
        return epochs
    return 60 * pace * minutes / max(characters, 1)


def _automatic(characters: int, passes: float | None, budget: dict[str, float | None]) -> str:
    """Choose a preset by time and passes: a text that is read many times needs dropout."""
    if passes is None:
        return "quick" if characters < SHORT else "small"
    minutes = budget.get("minutes")
    if minutes is not None and minutes < 1:
        return "quick"
    if passes < 3:
        return "small"
    return "base" if passes < 10 or (minutes or math.inf) < 15 else "large"
