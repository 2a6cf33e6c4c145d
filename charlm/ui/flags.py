"""Settings, totals and paths in the form of the command line.

The library's messages name a setting as Python does, between backticks: ```batch_size```, ```on_unknown="skip"```,
```documents=True```. The command line shows its flag instead: ``--batch-size``, ``--on-unknown skip``,
``--documents``. A setting of `DynamicConfig` is ```dynamic.rate```, its flag ``--dynamic-rate``.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from functools import cache

from charlm import config
from charlm.config.settings import Setting, settings_of
from charlm.config.vocabulary import VocabularySettings
from charlm.ui.sanitize import visible_line

__all__ = ["argument", "as_flags", "larger_total", "quoted", "setting_names"]

_OTHERS = (
    *(
        "beam",
        "count",
        "distributed",
        "encoding",
        "entries",
        "errors",
        "force",
        "from",
        "init_from",
        "members",
        "out",
    ),
    *("pairs", "png", "preset", "seconds", "size", "tensorboard", "vocab_from", "x"),
)
_STRING = re.compile(r'"([^"]*)"')
_SETTING = re.compile(r"`([a-z][a-z_.]*)(?:=([^`]*))?`")


def as_flags(message: str, dashes: str = "--") -> str:
    """Replace settings by flags in a message.

    Parameters
    ----------
    message : str
        Other words between backticks, such as those in a file name, stay. A text between double quotes is quoted
        for the shell.
    dashes : str
        Prefix of a flag; empty in the console, whose ``/set`` takes names without it.

    Examples
    --------
    >>> as_flags('pass `on_unknown="skip" or "replace"`, or lower `batch_size`; not `rm`')
    'pass --on-unknown skip or replace, or lower --batch-size; not `rm`'
    >>> as_flags("`documents=True` needs `cell`"), as_flags("`top_k` is -1", dashes="")
    ('--documents needs --model', 'top-k is -1')
    """

    def flag(found: re.Match[str]) -> str:
        name, value = found.groups()
        if name not in setting_names():
            return found[0]
        words = dashes + _flag(name)
        if value in (None, "True"):
            return words
        return f"{words} {_STRING.sub(lambda text: quoted(text[1]), value)}"

    return _SETTING.sub(flag, message)


@cache
def _declared() -> dict[str, Setting]:
    """Return the settings that messages name."""
    dynamic = {f"dynamic.{name}": one for name, one in settings_of(config.DynamicConfig).items()}
    configs = (
        config.SampleConfig,
        config.TransducerConfig,
        VocabularySettings,
        config.TrainConfig,
        config.ModelConfig,
    )
    return dynamic | {name: one for each in configs for name, one in settings_of(each).items()}


def setting_names() -> frozenset[str]:
    """Return every name that a message may put between backticks."""
    return frozenset((*_declared(), *_OTHERS))


def _flag(name: str) -> str:
    ranges = {one.smaller_end: one.names[0] for one in _declared().values() if one.smaller_end}
    hyphenated = re.sub("[_.]", "-", name)
    names = _declared()[name].names if name in _declared() else ()
    return ranges.get(name, hyphenated if not names or hyphenated in names else names[0])


def larger_total(step: int, *, steps: int = 0, minutes: float | None = None) -> str:
    """Return the flag of ``charlm resume`` that doubles the total of a run.

    Examples
    --------
    >>> larger_total(500), larger_total(500, steps=2000), larger_total(0, minutes=1.5)
    ('--steps 1000', '--steps 2000', '--steps 1000')
    >>> larger_total(500, minutes=1.5)
    '--minutes 3'
    """
    if minutes is None or not step:  # without updates the pace is unknown
        return f"--steps {max(2 * step, steps) or 1000}"
    return f"--minutes {2 * minutes:.3g}"


def argument(path: str) -> str:
    """Quote a path as an argument of a command that is not taken for an option."""
    return quoted(f".{os.sep}{path}" if path.startswith("-") else path)


def quoted(text: str) -> str:
    """Quote a text as one word for the shell."""
    return visible_line(subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text))
