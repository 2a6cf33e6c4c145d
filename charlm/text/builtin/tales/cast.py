"""Who, where and when: what is chosen once for a tale and holds throughout."""

from __future__ import annotations

from charlm.text.builtin.dice import Dice

__all__ = ["choose_cast"]

_GIRLS = tuple("Nell Marta Ivy Rosalind Tilly Greta Hazel Odette Wren Clara Elsie Maud Pia Agnes Juna Lotte".split())
_BOYS = tuple("Tom Jasper Oskar Finn Barnaby Emil Hugo Robin Silas Piet Felix Otto Gideon Ned Willem Zeb".split())
_CREATURES = tuple("Pepper Bramble Fennimore Thistle Mustard Quill Juniper Button Dapple Nutmeg Zephyr Moss".split())
_GRANDMOTHERS = ("Granny Pym", "Widow Hale", "Aunt Quince", "Mother Vesper")
_GRANDFATHERS = ("Master Crabbe", "Uncle Jory", "Grandfather Bix", "Doctor Yarrow")

_SHE = {"he": "she", "him": "her", "his": "her", "himself": "herself", "child": "girl"}
_HE = {"he": "he", "him": "him", "his": "his", "himself": "himself", "child": "boy"}

# trade, what the day's work was, where it was done
_TRADES = (
    ("baker", "baked the brown loaves that everybody ate for breakfast", "the bakery"),
    ("weaver", "wove blankets as soft as a summer cloud", "the loom"),
    ("shepherd", "kept forty sheep and knew every one by name", "the pasture"),
    ("clockmaker", "mended every clock for miles around", "the workshop"),
    ("potter", "made bowls, jugs and round blue cups", "the kiln"),
    ("gardener", "grew beans, roses and very large pumpkins", "the garden"),
    ("beekeeper", "sold honey by the jar and candles by the dozen", "the hives"),
    ("lamplighter", "lit the street lamps every evening at dusk", "the lamps"),
    ("cobbler", "mended boots while the kettle sang on the stove", "the bench"),
    ("fiddler", "played at every wedding and every dance", "the fiddle"),
    ("tailor", "sewed coats with deep and useful pockets", "the needle"),
    ("carpenter", "built tables, cradles and doors that never creaked", "the saw"),
)

_VILLAGES = tuple(
    "Alderbrook Pennywell Mossford Candlewick Harrowmere Fernhollow Quillby Duckpool Applegarth Netherby".split()
)
_SETTINGS = (
    "at the foot of a green hill",
    "where two rivers meet",
    "between the forest and the sea",
    "on the far side of the marsh",
    "at the end of a long white road",
    "under the seven windmills",
)
_TRAITS = ("kind", "curious", "patient", "cheerful", "quiet", "brave", "clever", "dreamy", "stubborn", "gentle")

# season, sky, sound
_SEASONS = (
    ("spring", "The hedges were white with blossom", "the blackbirds sang from every roof"),
    ("spring", "The ice was gone and the brook was loud", "the lambs called to each other across the meadow"),
    ("summer", "The sky was as blue as a painted plate", "the bees hummed in the clover"),
    ("summer", "The road was warm and dusty", "the crickets sang all through the night"),
    ("autumn", "The leaves came down like copper pennies", "the wild geese called high overhead"),
    ("autumn", "The orchards were heavy with red apples", "the wind rattled every shutter"),
    ("winter", "Snow lay on every roof", "the frozen pond creaked in the dark"),
    ("winter", "The windows were white with frost", "the chimneys smoked from morning until night"),
)


def choose_cast(dice: Dice) -> dict[str, str]:
    """Choose a hero, an animal, an elder, a place and a season.

    Returns
    -------
    dict
        The facts: ``hero``, ``he``, ``his`` …; for the animal ``friend``, ``fhe`` …; for the elder ``elder``,
        ``ehe`` …; ``trade``, ``work``, ``tools``, ``village``, ``setting``, ``trait``, ``season``, ``sky``, ``sound``.
    """
    facts = dict(_person(dice, _GIRLS, _BOYS, "hero"))
    facts |= {_with_letter("f", name): word for name, word in _person(dice, _CREATURES, _CREATURES, "friend").items()}
    elder = _person(dice, _GRANDMOTHERS, _GRANDFATHERS, "elder")
    facts |= {_with_letter("e", name): word for name, word in elder.items()}
    facts["trade"], facts["work"], facts["tools"] = dice.pick(_TRADES)
    facts["season"], facts["sky"], facts["sound"] = dice.pick(_SEASONS)
    facts["village"], facts["setting"] = dice.pick(_VILLAGES), dice.pick(_SETTINGS)
    facts["trait"] = dice.pick(_TRAITS)
    return facts


def _person(dice: Dice, girls: tuple[str, ...], boys: tuple[str, ...], role: str) -> dict[str, str]:
    if dice.below(2):
        return {role: dice.pick(girls), **_SHE}
    return {role: dice.pick(boys), **_HE}


def _with_letter(letter: str, name: str) -> str:
    return name if name in ("friend", "elder") else letter + name
