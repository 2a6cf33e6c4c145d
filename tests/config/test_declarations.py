"""A setting is declared once: its checks, documentation, signature and flags follow."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
import typer

import charlm.config
from charlm.cli.parsing import ProgramCommand
from charlm.cli.setting_flags import FlagsOf, Given, with_setting_flags
from charlm.config.settings import check_settings, documented, like, setting, settings_of, takes_settings
from charlm.config.vocabulary import VocabularySettings
from charlm.errors import UsageError
from charlm.text.vocabulary import Vocabulary

CONFIGS = [one for name in charlm.config.__all__ if dataclasses.is_dataclass(one := getattr(charlm.config, name))]


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class Tea:
    """How tea is made."""

    minutes: float = setting(3.0, "Minutes to wait.", above=True, high=60, aliases="steep")
    cups: int = setting(1, "Cups at once.", low=1, flags="cups pots", panel="Size")
    kind: Literal["black", "green"] = setting("black", "Kind of leaves.", more="Green ones want less heat.")
    milk: bool = setting(False, "Add milk.", flags="milk/no-milk")
    guests: tuple[str, ...] = setting((), "Who comes; may be repeated.", value="NAME")
    sugar: int | None = setting(None, "Spoons; left out, by taste.")
    label: str = setting("", "Written on the pot.", value="STRING")
    secret: float = setting(0.5, "Known to Python alone.", flags=None)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coffee:
    minutes: float = like(Tea, "minutes", default=4.0, high=10)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"minutes": 0}, "`minutes` is 0; it must be above 0 and at most 60"),
        ({"cups": 1.5}, "`cups` is 1.5; it must be a whole number"),
        ({"cups": 0}, "`cups` is 0; it must be at least 1"),
        ({"kind": "white"}, "`kind` is 'white'; choose one of black, green"),
        ({"milk": 1}, "`milk` is 1; it must be true or false"),
        ({"guests": "Ann"}, "`guests` is 'Ann'; it must be a tuple of strings"),
        ({"guests": (1,)}, "`guests` is (1,); it must be a tuple of strings"),
        ({"label": 3}, "`label` is 3; it must be a string"),
        ({"label": None}, "`label` is None; it must be a string"),
        ({"sugar": -1}, "`sugar` is -1; it must be at least 0"),
    ],
)
def test_a_value_is_checked_by_the_declaration(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Tea(**given)
    assert str(caught.value) == message


def test_what_fits_is_taken() -> None:
    assert Tea(minutes=2, guests=("Ann",), sugar=None, milk=True).minutes == 2
    assert Tea(sugar=2).sugar == 2


def test_the_settings_of_a_vocabulary_are_the_keywords_that_make_one() -> None:
    keywords = inspect.signature(Vocabulary.from_text).parameters
    declared = settings_of(VocabularySettings)
    assert {name: one.default for name, one in keywords.items() if name != "text"} == {
        name: one.default for name, one in declared.items()
    }


def test_a_declaration_is_taken_over_with_changes() -> None:
    assert Coffee().minutes == 4.0
    assert settings_of(Coffee)["minutes"].help == "Minutes to wait."
    assert (settings_of(Coffee)["minutes"].high, settings_of(Tea)["minutes"].high) == (10, 60)


def test_the_documentation_lists_them() -> None:
    assert inspect.getdoc(Tea) == (
        "How tea is made.\n\nParameters\n----------\n"
        "minutes : float\n    Minutes to wait.\n"
        "cups : int\n    Cups at once.\n"
        'kind : {"black", "green"}\n    Kind of leaves. Green ones want less heat.\n'
        "milk : bool\n    Add milk.\n"
        "guests : tuple of str\n    Who comes; may be repeated.\n"
        "sugar : int, optional\n    Spoons; left out, by taste.\n"
        "label : str\n    Written on the pot.\n"
        "secret : float\n    Known to Python alone."
    )


def test_a_function_shows_them_as_keywords() -> None:
    @takes_settings(Tea)
    def make(water: float, cups: int = 2, **settings: Any) -> Tea:
        return Tea(cups=cups, **settings)

    shown = {name: one.default for name, one in inspect.signature(make).parameters.items()}
    assert list(shown)[:2] == ["water", "cups"]
    assert shown["cups"] == 2
    assert set(shown) == {"water", *settings_of(Tea)}
    assert shown["minutes"] == 3.0


def command(function: Any) -> Any:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command(cls=ProgramCommand)(with_setting_flags(function))
    return typer.main.get_command(app)


def made(*words: str) -> list[Any]:
    """Return what a command gets that takes the settings of tea, and two of its own."""
    seen: list[Any] = []

    def make(
        name: Annotated[str, typer.Argument(metavar="NAME", help="Whose.")],
        *,
        settings: Annotated[Given, FlagsOf(Tea, sugar="Spoons; left out, none at all.")],
        loud: Annotated[bool, typer.Option("--loud", help="Shout.")] = False,
    ) -> None:
        """Make tea."""
        seen.extend([name, settings, loud])

    built = command(make)
    with built.make_context("make", list(words)) as context:
        built.invoke(context)
    return [built, *seen]


def test_only_what_is_given_reaches_the_command() -> None:
    _, *seen = made("Bob")
    assert seen == ["Bob", {}, False]
    words = "--minutes 2 --pots 3 --kind green --no-milk --guests Ann --guests Eve --sugar 0 Bob --loud"
    _, name, settings, loud = made(*words.split())
    assert (name, loud) == ("Bob", True)
    assert settings == {
        "minutes": 2.0,
        "cups": 3,
        "kind": "green",
        "milk": False,
        "guests": ("Ann", "Eve"),
        "sugar": 0,
    }
    Tea(**settings)


def test_flags_have_the_declared_names_help_and_defaults() -> None:
    flags = {param.name: param for param in made("Bob")[0].params}
    assert list(flags) == ["name", *(name for name in settings_of(Tea) if name != "secret"), "loud"]
    assert {name: param.metavar for name, param in flags.items()} == {
        "name": "NAME",
        "minutes": "X",
        "cups": "N",
        "kind": "black|green",
        "milk": None,
        "guests": "NAME",
        "sugar": "N",
        "label": "STRING",
        "loud": None,
    }
    assert flags["cups"].opts == ["--cups", "--pots"]
    assert (flags["milk"].opts, flags["milk"].secondary_opts) == (["--milk"], ["--no-milk"])
    assert {name: flags[name].show_default for name in ("minutes", "cups", "kind", "milk", "guests", "label")} == {
        "minutes": "3",
        "cups": "1",
        "kind": "black",
        "milk": False,
        "guests": False,
        "label": False,
    }
    assert flags["sugar"].help == "Spoons; left out, none at all."


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.__name__)
def test_every_configuration_of_charlm_is_made_of_declarations(config: type) -> None:
    described = inspect.getdoc(config) or ""
    for name, declared in settings_of(config).items():
        assert f"\n{name} : " in described
        assert declared.help.endswith(".")
        declared.check(declared.default, name)
