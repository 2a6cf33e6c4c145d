"""Commands about how the model goes on: settings, stop texts, seed, several answers, another model."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from charlm.cli.beams import refuse_drawing
from charlm.cli.console.slash.desk import Desk, Next
from charlm.config import SampleConfig
from charlm.errors import UsageError
from charlm.ui.console import view

__all__ = [
    "ALIASES",
    "MOST_ANSWERS",
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

MOST_ANSWERS = 16
OF_ANSWERS = ("beam", "count")
"""What ``/set`` takes beside the fields of `SampleConfig`."""
SHOWN = ("settings", "model", "vocab")
ALIASES = {"temp": "temperature"}
_STOP_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_ESCAPES = {"n": "\n", "t": "\t"}
_SWITCH = {"on": True, "off": False}


def change(desk: Desk, rest: str) -> Next:
    """Change a setting and show it; without a value show the one it has, without a name all."""
    if not rest:
        return show(desk, "settings")
    name, _, value = rest.partition(" ")
    own = {"beam": beam, "count": count, "seed": seed, "stop": stop, "regex": regex}.get(name)
    if own is not None:
        return own(desk, value.strip())
    field = setting_name(name)
    if value.strip():
        _configure(desk, parse_setting(desk.conversation.config, name, value))
    desk.show(view.setting(desk.conversation.config, field))
    return "prompt"


def show(desk: Desk, rest: str) -> Next:
    """Show the settings, the model or its vocabulary."""
    talk = desk.conversation
    match rest or "settings":
        case "settings":
            desk.show(view.settings(talk.config, beam=desk.beam, count=desk.count, seed=talk.seed))
        case "model":
            desk.show(view.model_card(talk.model.config, len(talk.model.vocabulary), talk.model.params.value.size))
        case "vocab":
            desk.show(view.vocabulary(talk.model.vocabulary))
        case _:
            raise UsageError(f"/show {rest!r} shows nothing; give {', '.join(SHOWN[:-1])} or {SHOWN[-1]}")
    return "prompt"


def model(desk: Desk, rest: str) -> Next:
    """Let another model go on with the text."""
    if rest:
        desk.conversation.switch(desk.load(rest))
    return show(desk, "model")


def seed(desk: Desk, rest: str) -> Next:
    """Start the random stream anew, or show the seed."""
    if rest:
        desk.conversation.reseed(_whole_number("seed", rest, low=0))
    desk.show(view.note(f"seed {desk.conversation.seed}"))
    return "prompt"


def count(desk: Desk, rest: str) -> Next:
    """Let the model write several answers, of which the person picks one."""
    if rest:
        number = _whole_number("count", rest, low=1)
        if number > MOST_ANSWERS:
            raise UsageError(f"count is {number}; it must be at most {MOST_ANSWERS}")
        if desk.beam:
            _check_beam(desk.beam, number)
        desk.count = number
    desk.show(view.note(f"count {desk.count}"))
    return "prompt"


def beam(desk: Desk, rest: str) -> Next:
    """Let answers be searched for and not drawn, so many texts at once; 0 and off end that."""
    if rest:
        width = 0 if rest in ("0", "off") else _whole_number("beam", rest, low=1)
        if width:
            _check_beam(width, desk.count)
            refuse_drawing(desk.conversation.config)
        desk.beam = width
    desk.show(view.note(f"beam {desk.beam}" if desk.beam else "beam off, answers are drawn"))
    return "prompt"


def _check_beam(width: int, count: int) -> None:
    from charlm.generation.beam import check_beam

    check_beam(width, count)


def stop(desk: Desk, rest: str) -> Next:
    """Set the texts before which an answer ends, or show them."""
    talk = desk.conversation
    if rest:
        _configure(desk, dataclasses.replace(talk.config, stop=_stop_texts(rest)))
    desk.show(view.stops(talk.config.stop))
    return "prompt"


def regex(desk: Desk, rest: str) -> Next:
    """Set the pattern that each answer matches as a whole, or show it."""
    talk = desk.conversation
    if rest:
        _configure(desk, dataclasses.replace(talk.config, regex="" if rest == "off" else rest, template=""))
    desk.show(view.pattern(talk.config.regex))
    return "prompt"


def _configure(desk: Desk, config: SampleConfig) -> None:
    """Change how the model continues."""
    if desk.beam:
        refuse_drawing(config)
    if config.regex or config.template:
        from charlm.generation.constraint import with_word_lists

        config = with_word_lists(config)
    desk.conversation.configure(config)


def _stop_texts(rest: str) -> tuple[str, ...]:
    r"""Read words and quoted texts; an unquoted ``off``, or nothing but empty quotes, is none.

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
    """Return the names of all settings, as they are typed."""
    return [field.name.replace("_", "-") for field in dataclasses.fields(SampleConfig)] + [*OF_ANSWERS]


def is_setting(name: str) -> bool:
    """Tell whether there is a setting of that name."""
    return ALIASES.get(name, name.replace("_", "-")) in setting_names()


def setting_name(name: str) -> str:
    """Return the field of `SampleConfig` that a person means; names are those of the flags.

    Raises
    ------
    UsageError
        If there is none.
    """
    if not is_setting(name):
        raise UsageError(f"there is no setting {name!r}; there are {', '.join(setting_names())}")
    return ALIASES.get(name, name.replace("-", "_"))


def parse_setting(config: SampleConfig, name: str, value: str) -> SampleConfig:
    r"""Change one setting, given as a person types it.

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
    parsed: Any = value.strip()
    match getattr(SampleConfig(), field):  # the default is of the setting's type
        case "":
            parsed = "" if parsed == "off" else parsed
        case tuple():
            parsed = (_unescape(value),) if value else ()
        case bool():
            if parsed not in _SWITCH:
                raise UsageError(f"{name} is {value!r}; it must be on or off")
            parsed = _SWITCH[parsed]
        case int():
            parsed = _parse(int, "a whole number", name, value)
        case float():
            parsed = _parse(float, "a number", name, value)
        case None:
            parsed = parsed or None
    return dataclasses.replace(config, **{field: parsed})


def _parse(kind: Callable[[str], float], expected: str, name: str, value: str) -> float:
    try:
        return kind(value)
    except ValueError:
        raise UsageError(f"{name} is {value!r}; it must be {expected}") from None


def _whole_number(name: str, text: str, *, low: int) -> int:
    if not text.isdecimal() or len(text) > 4000 or int(text) < low:  # Python converts no more digits than that
        raise UsageError(f"{name} is {text[:40]!r}; it must be a whole number, at least {low}")
    return int(text)
