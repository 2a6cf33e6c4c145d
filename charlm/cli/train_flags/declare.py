"""`setting_option`: a flag whose help shows the default of the setting that has its name."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, get_args

import typer

from charlm.config import ModelConfig, Normalization, TrainConfig, Unit
from charlm.config.presets import decided_by_preset

__all__ = ["setting_option"]

_FIRST = {
    "unit": get_args(Unit)[0],
    "normalize": get_args(Normalization)[0],
}  # the defaults of Vocabulary.from_text


def setting_option(*names: str, help: str, panel: str, value: str | None = None, choices: Any = None) -> Any:  # noqa: A002
    """Declare a flag; its help shows the default of the setting that has its name."""
    setting = names[0].partition("/")[0].removeprefix("--").replace("-", "_")
    return typer.Option(
        *names,
        help=help,
        metavar=value if choices is None else "|".join(get_args(choices)),
        rich_help_panel=panel,
        show_default=_default({"model": "cell"}.get(setting, setting)),
    )


def _default(setting: str) -> str | bool:
    """Return the default of a setting as the help shows it; True for the one in the command's signature."""
    values = asdict(ModelConfig()) | asdict(TrainConfig()) | _FIRST
    if setting in decided_by_preset():
        return "by preset"
    value = values.get(setting, True)
    if value is True:
        return True
    return False if value is None or value is False else f"{value:g}" if isinstance(value, float) else str(value)
