"""`setting`: a field of a configuration, declared once with its help, flags, range and default.

A configuration is a frozen dataclass whose fields are made by `setting`. All else is read from the declarations:
the checks (`check_settings`), the documentation (`documented`), the flags of the command line
(`charlm.cli.setting_flags`), the console's ``/set``, and the keywords of `charlm.generate`.

>>> from charlm.config import SampleConfig
>>> settings_of(SampleConfig)["temperature"].names
('temp', 'temperature')
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from reprlib import repr as brief
from types import MappingProxyType, NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from charlm.config.checks import check_choice, check_number
from charlm.errors import UsageError

__all__ = ["Setting", "check_settings", "documented", "like", "setting", "settings_of", "takes_settings"]

_T = TypeVar("_T")
_Class = TypeVar("_Class", bound=type)
_Function = TypeVar("_Function", bound=Callable[..., Any])
_KEY = "setting"  # in the metadata of a field
_EXPECTED: dict[type, str] = {bool: "true or false", str: "a string", tuple: "a tuple of strings"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The declaration of a setting.

    Parameters
    ----------
    help : str
        Its effect in a line, for ``--help`` and the documentation.
    more : str
        Further sentences, for the documentation.
    flags : str, optional
        Names of its flags without hyphens in front, separated by spaces; empty for its own name, None for a setting
        without a flag. Of a switch that can be switched off, ``name/no-name``.
    aliases : str
        Names in other programs, separated by spaces: accepted at the command line, not shown.
    value : str
        The word for its value in ``--help``; empty for N, a whole number, X, a number, or its choices.
    panel : str
        The panel of ``--help`` that shows it.
    shows_default : bool
        Whether ``--help`` shows the default.
    smaller_end : str
        For a flag that takes a range N-M: the setting that N is the value of.
    low, high, above, below
        The range of a number, as for `check_number`.
    name : str
    kind : type
        bool, int, float, str, or tuple for texts.
    optional : bool
        Whether None is a value.
    literal : type, optional
        The `Literal` of its choices.
    default : object
    """

    help: str
    more: str = ""
    flags: str | None = ""
    aliases: str = ""
    value: str = ""
    panel: str = ""
    shows_default: bool = True
    smaller_end: str = ""
    low: float = 0.0
    high: float = math.inf
    above: bool = False
    below: bool = False
    name: str = ""
    kind: type = str
    optional: bool = False
    literal: Any = None
    default: Any = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its flags; of a switch, the one that switches it on."""
        flags = [] if self.flags is None else (self.flags or self.name.replace("_", "-")).split()
        return tuple(flag.partition("/")[0] for flag in flags)

    @property
    def typed_name(self) -> str:
        """Its name as it is typed: that of its first flag, or its own with hyphens."""
        return self.names[0] if self.names else self.name.replace("_", "-")

    @property
    def choices(self) -> tuple[str, ...]:
        """The names that it may have, if it is a choice."""
        return get_args(self.literal)

    def check(self, value: Any, name: str) -> None:
        """Raise an error for an invalid value.

        Raises
        ------
        UsageError
        """
        if value is None and self.optional:
            return
        if self.literal is not None:
            check_choice(name, value, self.literal)
        elif self.kind in (int, float):
            bounds: dict[str, Any] = {key: getattr(self, key) for key in ("low", "high", "above", "below")}
            check_number(name, value, **bounds, whole=self.kind is int)
        else:
            texts = isinstance(value, (tuple, list)) and all(isinstance(text, str) for text in value)
            if not (texts if self.kind is tuple else isinstance(value, self.kind)):
                raise UsageError(f"`{name}` is {brief(value)}; it must be {_EXPECTED[self.kind]}")

    def documentation(self) -> str:
        """Return its entry in the list of parameters of a numpydoc docstring."""
        kind = "{" + ", ".join(f'"{name}"' for name in self.choices) + "}" if self.choices else self.kind.__name__
        type_ = "tuple of str" if self.kind is tuple else kind + ", optional" * self.optional
        text = textwrap.fill(f"{self.help} {self.more}".strip(), 106, break_long_words=False)
        return f"{self.name} : {type_}\n{textwrap.indent(text, '    ')}"


def setting(default: _T, help: str, **declared: Any) -> _T:  # noqa: A002
    """Declare a field of a configuration; the keywords are the parameters of `Setting`.

    It has the type of its default, so that type checkers compare it with the field's annotation.
    """
    declaration = Setting(help=help, **declared)
    field: Any = dataclasses.field(default=default, metadata={_KEY: declaration})
    return field  # type: ignore[no-any-return]


def like(config: type, name: str, **changed: Any) -> Any:
    """Declare a field like that of another configuration; keywords, `default` included, override it."""
    (field,) = (field for field in dataclasses.fields(config) if field.name == name)
    default = changed.pop("default", field.default)
    return dataclasses.field(default=default, metadata={_KEY: dataclasses.replace(field.metadata[_KEY], **changed)})


@cache
def settings_of(config: type) -> Mapping[str, Setting]:
    """Return the settings of a configuration by name, in the order of its fields."""
    hints = get_type_hints(config)
    return MappingProxyType(
        {field.name: _complete(field, hints[field.name]) for field in dataclasses.fields(config)}
    )


def _complete(field: dataclasses.Field[Any], hint: Any) -> Setting:
    """Return the declaration of a field, completed by its annotation and default."""
    kinds = [hint] if get_origin(hint) in (Literal, tuple) else list(get_args(hint)) or [hint]
    kind = next(kind for kind in kinds if kind is not NoneType)
    origin = get_origin(kind)
    declared: Setting = field.metadata[_KEY]
    return dataclasses.replace(
        declared,
        name=field.name,
        kind=str if origin is Literal else origin or kind,
        optional=NoneType in kinds,
        literal=kind if origin is Literal else None,
        default=field.default,
    )


def check_settings(config: Any, prefix: str = "") -> None:
    """Check every field of a configuration by its declaration.

    Parameters
    ----------
    config : object
    prefix : str
        Prefix of the names in messages.

    Raises
    ------
    UsageError
    """
    for name, declared in settings_of(config.__class__).items():
        declared.check(getattr(config, name), prefix + name)


def documented(config: _Class) -> _Class:
    """Append the list of parameters to the docstring of a configuration; a decorator."""
    vars_of: Any = config  # whose docstring is typed as a text
    vars_of.__doc__ = _Documentation(config, config.__doc__ or "")
    return config


class _Documentation:
    """A docstring that is put together when it is read: most programs never do."""

    def __init__(self, config: type, begin: str) -> None:
        self._config, self._begin = config, begin.rstrip()

    def __get__(self, instance: object, owner: type | None = None) -> str:
        """Return the docstring."""
        entries = "\n".join(declared.documentation() for declared in settings_of(self._config).values())
        return f"{self._begin}\n\nParameters\n----------\n{entries}\n"


def takes_settings(config: type) -> Callable[[_Function], _Function]:
    """Show the settings of a configuration in the signature of a function that takes them as ``**settings``."""

    def show(function: _Function) -> _Function:
        signature = inspect.signature(function)
        named = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        others = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=declared.default)
            for name, declared in settings_of(config).items()
            if name not in signature.parameters
        ]
        vars(function)["__signature__"] = signature.replace(parameters=[*named, *others])
        return function

    return show
