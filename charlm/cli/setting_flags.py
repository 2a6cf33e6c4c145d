"""Flags of the settings that `charlm.config` declares: a command names a configuration, not its fields.

A command has a parameter ``settings: Annotated[Given, FlagsOf(SampleConfig)]``. `with_setting_flags` replaces it by
the flags of all settings, and passes the given settings as one dictionary.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, TypeAlias, get_type_hints

import typer

from charlm.config.settings import Setting, settings_of
from charlm.errors import UsageError

__all__ = ["FlagsOf", "Given", "flag_of", "flattened", "with_setting_flags"]

Given: TypeAlias = dict[str, Any]
"""The settings that were given, by name."""
_WORDS = {int: "N", float: "X"}


class FlagsOf:
    """Placeholder in a command's signature for the flags of a configuration's settings.

    Parameters
    ----------
    config : type
    only : collection of str
        Names of the settings, if they are not all that have a flag.
    by_preset : collection of str
        Names of settings whose default a preset decides.
    help
        Help texts of this command in place of the declared ones, by the setting's name. They state the default.
    """

    def __init__(
        self,
        config: type,
        *,
        only: Collection[str] = (),
        by_preset: Collection[str] = (),
        **help: str,  # noqa: A002
    ) -> None:
        declared = [one for one in settings_of(config).values() if one.flags is not None]
        self.settings = {one.name: one for one in declared if not only or one.name in only}
        self._by_preset, self._help = by_preset, help

    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """Return a parameter for each setting, None if the flag is not given."""
        return {name: self._parameter(declared) for name, declared in self.settings.items()}

    def _parameter(self, declared: Setting) -> inspect.Parameter:
        name = declared.name
        shown: str | bool = "by preset" if name in self._by_preset else _default(declared)
        option = _option(declared, help=self._help.get(name), show_default=name not in self._help and shown)
        kind: Any = list[str] if declared.kind is tuple else str if declared.smaller_end else declared.kind
        return inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
        )


def flag_of(config: type, name: str, *, panel: str | None = None) -> Any:
    """Return the flag of a single setting; its default is that in the signature."""
    return _option(settings_of(config)[name], panel=panel)


def flattened(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a command by name, with the settings in place of the dictionaries that hold them."""
    found: dict[str, Any] = {}
    for name, value in flags.items():
        found |= value if isinstance(value, dict) else {name: value}
    return found


def with_setting_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Replace `FlagsOf` in a command's signature by flags."""
    hints = get_type_hints(command, include_extras=True)
    signature = inspect.signature(command)
    groups: dict[str, FlagsOf] = {}
    parameters: dict[str, inspect.Parameter] = {}
    for name, parameter in signature.parameters.items():
        found = [one for one in getattr(hints[name], "__metadata__", ()) if isinstance(one, FlagsOf)]
        if found:
            groups[name] = found[0]
            for key, flag in found[0].parameters().items():
                parameters.setdefault(key, flag)
        else:
            parameters[name] = parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
    if not groups:
        return command

    def called(**flags: Any) -> None:
        own = {name: flags[name] for name in signature.parameters if name not in groups}
        command(**own, **{name: _given(group, flags) for name, group in groups.items()})

    called.__name__, called.__doc__, called.__module__ = command.__name__, command.__doc__, command.__module__
    called.__annotations__ = {name: parameter.annotation for name, parameter in parameters.items()}
    vars(called)["__signature__"] = signature.replace(parameters=list(parameters.values()))
    return called


def _option(
    declared: Setting,
    *,
    help: str | None = None,  # noqa: A002
    panel: str | None = None,
    show_default: str | bool = True,
) -> Any:
    names = (declared.flags or declared.names[0]).split()
    return typer.Option(
        *("/".join(f"--{one}" for one in name.split("/")) for name in names),
        help=help or declared.help,
        metavar="|".join(declared.choices) or declared.value or _WORDS.get(declared.kind),
        rich_help_panel=(declared.panel if panel is None else panel) or None,
        show_default=show_default,
    )


def _default(declared: Setting) -> str | bool:
    """Return a default as the help shows it; False for none."""
    value = declared.default
    spoken_of = declared.shows_default and declared.kind in (int, float, str) and value not in (None, "")
    if not spoken_of:
        return False
    return f"{value:g}" if isinstance(value, float) else str(value)


def _given(group: FlagsOf, flags: Mapping[str, Any]) -> Given:
    """Return the settings of a group that were given."""
    given: Given = {}
    for name, declared in group.settings.items():
        value = flags[name]
        if declared.smaller_end and value is not None:
            given |= _ends(declared, value)
        elif value not in (None, [], ()):
            given[name] = tuple(value) if declared.kind is tuple else value
    return given


def _ends(declared: Setting, value: str) -> Given:
    """Read a number, or a range whose ends are joined by a hyphen."""
    numbers = value.split("-")
    if len(numbers) > 2 or not all(number.isascii() and number.isdigit() for number in numbers):
        flag = f"--{declared.names[0]}"
        raise UsageError(f"{flag} is {value!r}; give a whole number such as 64, or a range such as 16-64")
    return {declared.name: int(numbers[-1]), declared.smaller_end: int(numbers[0]) if len(numbers) == 2 else None}
