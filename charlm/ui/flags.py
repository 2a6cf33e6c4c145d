"""Settings as a person at the command line names them.

The library's messages name a setting as Python does, between backticks: ```batch_size```, ```on_unknown="skip"```,
```documents=True```. The command line shows its flag instead: ``--batch-size``, ``--on-unknown skip``,
``--documents``. A setting of `DynamicConfig` is ```dynamic.rate```, its flag ``--dynamic-rate``.
"""

from __future__ import annotations

import re
from dataclasses import fields

from charlm.config import DynamicConfig, ModelConfig, SampleConfig, TrainConfig

__all__ = ["SETTINGS", "as_flags"]

_OTHERS = (
    *(
        "attention",
        "beam",
        "bidirectional",
        "count",
        "distributed",
        "encoding",
        "entries",
        "errors",
        "force",
        "from",
    ),
    *("min_count", "out", "output", "pairs", "png", "preset", "seconds", "size", "tensorboard", "unit", "x"),
)
_ODD = {"cell": "model", "seq_length_min": "seq-length"}
SETTINGS = frozenset(
    {field.name for config in (ModelConfig, TrainConfig, SampleConfig) for field in fields(config)}
    | {f"dynamic.{field.name}" for field in fields(DynamicConfig)}
    | set(_OTHERS)
)
"""Every name that a message may put between backticks."""
_SETTING = re.compile(r"`([a-z][a-z_.]*)(?:=([^`]*))?`")


def as_flags(message: str, dashes: str = "--") -> str:
    """Put flags in the place of settings.

    Parameters
    ----------
    message : str
        Other words between backticks, such as those of a file's name, stay.
    dashes : str
        What a flag begins with; nothing in the console, whose ``/set`` takes names without them.

    Examples
    --------
    >>> as_flags('pass `on_unknown="skip" or "replace"`, or lower `batch_size`; not `rm`')
    'pass --on-unknown skip or replace, or lower --batch-size; not `rm`'
    >>> as_flags("`documents=True` needs `cell`"), as_flags("`top_k` is -1", dashes="")
    ('--documents needs --model', 'top-k is -1')
    """

    def flag(found: re.Match[str]) -> str:
        name, value = found.groups()
        if name not in SETTINGS:
            return found[0]
        words = dashes + _ODD.get(name, re.sub("[_.]", "-", name))
        return words if value in (None, "True") else f"{words} {value.replace(chr(34), '')}"

    return _SETTING.sub(flag, message)
