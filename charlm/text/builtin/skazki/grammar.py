"""As much of Russian grammar as the tales need: nouns in their cases, and the words that agree with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CASES", "Noun", "agree", "decline", "nouns"]

CASES = ("nom", "gen", "dat", "acc", "ins", "pre")

_HUSHING = "жчшщ"
_NO_Y = "гкх" + _HUSHING  # after these и is written where others have ы

# as for a man: (as for a woman, as for a thing)
_IRREGULAR: Mapping[str, tuple[str, str]] = {
    "его": ("её", "его"),
    "ему": ("ей", "ему"),
    "нём": ("ней", "нём"),
    "него": ("неё", "него"),
    "сам": ("сама", "само"),
    "рад": ("рада", "радо"),
    "унёс": ("унесла", "унесло"),
    "помог": ("помогла", "помогло"),
    "лёг": ("легла", "легло"),
    "упёрся": ("упёрлась", "упёрлось"),
    "исчез": ("исчезла", "исчезло"),
    "вылез": ("вылезла", "вылезло"),
    "влез": ("влезла", "влезло"),
}


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun, and the adjectives that go with it.

    Parameters
    ----------
    gender : str
        ``m``, ``f`` or ``n``.
    animate : bool
        Whether it lives: then an adjective with a masculine noun has its accusative from the genitive.
    forms : str
        The six forms of the singular in the order of `CASES`, between blanks.
    epithets : str
        Adjectives in the nominative masculine, between blanks.
    """

    gender: str
    animate: bool
    forms: str
    epithets: str

    def in_case(self, case: str) -> str:
        """Return the noun in one of `CASES`."""
        return self.forms.split()[CASES.index(case)]


def nouns(gender: str, animate: bool, table: str) -> tuple[Noun, ...]:
    """Read nouns of one gender from a table.

    Parameters
    ----------
    gender : str
    animate : bool
    table : str
        A noun a line: its six forms, a colon, its epithets.
    """
    rows = (row.split(":") for row in table.strip().splitlines())
    return tuple(Noun(gender, animate, forms.strip(), epithets.strip()) for forms, epithets in rows)


def decline(adjective: str, noun: Noun, case: str) -> str:
    """Put an adjective into the gender of a noun and into a case.

    Parameters
    ----------
    adjective : str
        Nominative masculine, in -ый, -ий or -ой.
    noun : Noun
    case : str
        One of `CASES`.

    Returns
    -------
    str
        Singular.

    Examples
    --------
    >>> decline("синий", Noun("f", False, "лента ленты ленте ленту лентой ленте", ""), "acc")
    'синюю'
    """
    stem, ending = adjective[:-2], adjective[-2:]
    last = stem[-1]
    soft = ending == "ий" and last not in _NO_Y
    o = "е" if soft or (ending == "ий" and last in _HUSHING) else "о"
    i = "и" if soft or last in _NO_Y else "ы"
    if noun.gender == "f":
        return stem + {"nom": "яя" if soft else "ая", "acc": "юю" if soft else "ую"}.get(case, f"{o}й")
    if case == "acc":
        case = "gen" if noun.animate and noun.gender == "m" else "nom"
    if case == "nom":
        return adjective if noun.gender == "m" else f"{stem}{o}е"
    return stem + {"gen": f"{o}го", "dat": f"{o}му", "ins": f"{i}м", "pre": f"{o}м"}[case]


def agree(word: str, noun: Noun) -> str:
    """Put a word that is written as for a man into the gender of a noun.

    Parameters
    ----------
    word : str
        A verb in the past tense, an adjective in the nominative, or one of a few pronouns and short forms.
    noun : Noun

    Raises
    ------
    KeyError
        If there is no rule for the word.

    Examples
    --------
    >>> wolf = Noun("m", True, "волк волка волку волка волком волке", "")
    >>> fox = Noun("f", True, "лиса лисы лисе лису лисой лисе", "")
    >>> [agree("пошёл", animal) for animal in (wolf, fox)]
    ['пошёл', 'пошла']
    """
    if noun.gender == "m":
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word][noun.gender == "n"]
    if word.endswith(("ый", "ий", "ой")):
        return decline(word, noun, "nom")
    verb, back = (word[:-2], True) if word.endswith("ся") else (word, False)
    if not verb.endswith("л"):
        raise KeyError(word)
    for ending, stem in (("шёл", "шл"), ("шел", "шл"), ("ёл", "ел")):  # пошёл: пошла; завёл: завела
        if verb.endswith(ending):
            verb = verb.removesuffix(ending) + stem
            break
    vowel = "а" if noun.gender == "f" else "о"
    return verb + vowel + ("сь" if back else "")
