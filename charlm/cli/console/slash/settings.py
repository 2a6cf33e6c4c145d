"""Commands for settings: sampling, stop texts, seed, candidates, another model."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from charlm.cli.arguments.mixing import count_ahead
from charlm.cli.console.slash.context import Context
from charlm.cli.sampling.checks import refuse_drawing
from charlm.config import SampleConfig
from charlm.config.settings import settings_of
from charlm.errors import UsageError
from charlm.generation.beam import check_beam
from charlm.generation.constraint import with_word_lists
from charlm.ui.console import view

__all__ = [
    "ALIASES",
    "MOST_CANDIDATES",
    "beam",
    "change",
    "count",
    "is_setting",
    "model",
    "parse_setting",
    "regex",
    "seed",
    "setting_name",
    "setting_names",
    "show",
    "stop",
]

MOST_CANDIDATES = 16
OF_SESSION = ("beam", "count")
"""Settings of ``/set`` that are not fields of `SampleConfig`."""
SHOWN = ("settings", "model", "vocab")
ALIASES = {
    name: declared.name
    for declared in settings_of(SampleConfig).values()
    for name in declared.names
    if name != declared.name.replace("_", "-")
}
"""Other names of settings: those of their flags."""
_STOP_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_ESCAPES = {"n": "\n", "t": "\t"}
_SWITCH = {"on": True, "off": False}


def change(context: Context, rest: str) -> None:
    """Change a setting and show it; without a value show the current one, without a name all."""
    name, _, value = rest.partition(" ")
    own = {"": show, "beam": beam, "count": count, "seed": seed, "stop": stop, "regex": regex}.get(name)
    if own is not None:
        own(context, value.strip())
    else:
        field = setting_name(name)
        if value.strip():
            _configure(context, parse_setting(context.conversation.config, name, value))
        context.show(view.setting(context.conversation.config, field))


def show(context: Context, rest: str) -> None:
    """Show the settings, the model or its vocabulary."""
    talk = context.conversation
    match rest or "settings":
        case "settings":
            context.show(view.settings(talk.config, beam=context.beam, count=context.count, seed=talk.seed))
        case "model":
            context.show(view.model_card(talk.model))
        case "vocab":
            context.show(view.vocabulary(talk.model.vocabulary))
        case _:
            raise UsageError(f"/show {rest!r} shows nothing; give {', '.join(SHOWN[:-1])} or {SHOWN[-1]}")


def model(context: Context, rest: str) -> None:
    """Let another model continue the text."""
    if rest:
        other = context.models.load(rest).model
        count_ahead(other)
        context.conversation.switch_model(other)
    show(context, "model")


def seed(context: Context, rest: str) -> None:
    """Restart the random generator, or show its seed."""
    if rest:
        context.conversation.reseed(_whole_number("seed", rest, low=0))
    context.show(view.note(f"seed {context.conversation.seed}"))


def count(context: Context, rest: str) -> None:
    """Set the number of candidates."""
    if rest:
        number = _whole_number("count", rest, low=1)
        if number > MOST_CANDIDATES:
            raise UsageError(f"count is {number}; it must be at most {MOST_CANDIDATES}")
        if context.beam:
            check_beam(context.beam, number)
        context.count = number
    context.show(view.note(f"count {context.count}"))


def beam(context: Context, rest: str) -> None:
    """Set the width of a beam search in place of sampling; 0 and off sample."""
    if rest:
        width = 0 if rest in ("0", "off") else _whole_number("beam", rest, low=1)
        if width:
            check_beam(width, context.count)
            refuse_drawing(context.conversation.config)
        context.beam = width
    context.show(view.note(f"beam {context.beam}" if context.beam else "beam off, text is sampled"))


def stop(context: Context, rest: str) -> None:
    """Set the texts before which a continuation ends, or show them."""
    talk = context.conversation
    if rest:
        _configure(context, dataclasses.replace(talk.config, stop=_stop_texts(rest)))
    context.show(view.stops(talk.config.stop))


def regex(context: Context, rest: str) -> None:
    """Set the pattern that each continuation matches in full, or show it."""
    talk = context.conversation
    if rest:
        _configure(context, dataclasses.replace(talk.config, regex="" if rest == "off" else rest, template=""))
    context.show(view.pattern(talk.config.regex))


def _configure(context: Context, config: SampleConfig) -> None:
    """Change the settings of sampling."""
    if context.beam:
        refuse_drawing(config)
    if config.regex or config.template:
        config = with_word_lists(config)
    context.conversation.configure(config)


def _stop_texts(rest: str) -> tuple[str, ...]:
    r"""Parse words and quoted texts; an unquoted ``off``, or only empty quotes, is none.

    Examples
    --------
    >>> _stop_texts('END "two words" \\n'), _stop_texts("off"), _stop_texts('""')
    (('END', 'two words', '\n'), (), ())
    """
    if rest == "off":
        return ()
    found = [quoted or word for quoted, word in _STOP_TEXT.findall(rest)]
    return tuple(_unescape(text) for text in found if text)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)


def setting_names() -> list[str]:
    """Return the typed names of all settings."""
    return [name.replace("_", "-") for name in settings_of(SampleConfig)] + [*OF_SESSION]


def is_setting(name: str) -> bool:
    """Return whether there is a setting of that name."""
    return ALIASES.get(name, name.replace("_", "-")) in setting_names()


def setting_name(name: str) -> str:
    """Return the field of `SampleConfig` for a typed name, which is that of a flag.

    Raises
    ------
    UsageError
        If there is none.
    """
    if not is_setting(name):
        raise UsageError(f"there is no setting {name!r}; there are {', '.join(setting_names())}")
    return ALIASES.get(name, name.replace("-", "_"))


def parse_setting(config: SampleConfig, name: str, value: str) -> SampleConfig:
    r"""Change one setting by its typed value.

    Names are those of the flags; ``off`` is no template.
    In a stop text ``\n`` and ``\t`` stand for line feed and tab, and an empty one
    removes the stop texts.

    Raises
    ------
    UsageError
        For an unknown name or a value out of range.

    Examples
    --------
    >>> parse_setting(SampleConfig(), "temp", "0.5").temperature
    0.5
    >>> parse_setting(SampleConfig(), "top-k", "many")
    Traceback (most recent call last):
    charlm.errors.UsageError: top-k is 'many'; it must be a whole number
    """
    field = setting_name(name)
    kind, text = settings_of(SampleConfig)[field].kind, value.strip()
    parsed: Any = text
    if kind is tuple:
        parsed = (_unescape(value),) if value else ()
    elif kind is bool:
        if text not in _SWITCH:
            raise UsageError(f"{name} is {value!r}; it must be on or off")
        parsed = _SWITCH[text]
    elif kind in (int, float):
        parsed = _parse(kind, "a whole number" if kind is int else "a number", name, value)
    elif text == "off" and not settings_of(SampleConfig)[field].choices:
        parsed = ""
    return dataclasses.replace(config, **{field: parsed})


def _parse(kind: Callable[[str], float], expected: str, name: str, value: str) -> float:
    try:
        return kind(value)
    except ValueError:
        raise UsageError(f"{name} is {value!r}; it must be {expected}") from None


def _whole_number(name: str, text: str, *, low: int) -> int:
    if not text.isdecimal() or len(text) > 4000 or int(text) < low:  # the limit of Python's conversion
        raise UsageError(f"{name} is {text[:40]!r}; it must be a whole number, at least {low}")
    return int(text)
