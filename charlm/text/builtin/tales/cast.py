"""Who, where and when: what is chosen once for a tale and holds throughout."""

from __future__ import annotations

from collections.abc import Mapping

from charlm.text.builtin.portable_generator import PortableGenerator

__all__ = ["choose_cast"]

_GIRLS = (
    "Nell",
    "Marta",
    "Ivy",
    "Rosalind",
    "Tilly",
    "Greta",
    "Hazel",
    "Odette",
    "Wren",
    "Clara",
    "Elsie",
    "Maud",
    "Pia",
    "Agnes",
    "Juna",
    "Lotte",
)
_BOYS = (
    "Tom",
    "Jasper",
    "Oskar",
    "Finn",
    "Barnaby",
    "Emil",
    "Hugo",
    "Robin",
    "Silas",
    "Piet",
    "Felix",
    "Otto",
    "Gideon",
    "Ned",
    "Willem",
    "Zeb",
)
_CREATURES = (
    "Pepper",
    "Bramble",
    "Fennimore",
    "Thistle",
    "Mustard",
    "Quill",
    "Juniper",
    "Button",
    "Dapple",
    "Nutmeg",
    "Zephyr",
    "Moss",
)
_GRANDMOTHERS = ("Granny Pym", "Widow Hale", "Aunt Quince", "Mother Vesper")
_GRANDFATHERS = ("Master Crabbe", "Uncle Jory", "Grandfather Bix", "Doctor Yarrow")

_SHE = {"he": "she", "him": "her", "his": "her"}
_HE = {"he": "he", "him": "him", "his": "his"}

# trade, the day's work, and what it is done with
_TRADES = (
    ("baker", "baked the brown loaves that everybody ate for breakfast", "the bakery"),
    ("weaver", "wove blankets as soft as a summer cloud", "the loom"),
    ("shepherd", "kept forty sheep and knew every one by name", "the pasture"),
    ("clockmaker", "mended every clock for miles around", "the workshop"),
    ("potter", "made bowls, jugs and round blue cups", "the kiln"),
    ("gardener", "grew beans, roses and very large pumpkins", "the garden"),
    ("beekeeper", "sold honey by the jar and candles by the dozen", "the hives"),
    ("lamplighter", "lit the street lamps when it grew dark", "the lamps"),
    ("cobbler", "mended boots while the kettle sang on the stove", "the bench"),
    ("fiddler", "played at every wedding and every dance", "the fiddle"),
    ("tailor", "sewed coats with deep and useful pockets", "the needle"),
    ("carpenter", "built tables, cradles and doors that never creaked", "the saw"),
)

_VILLAGES = (
    "Alderbrook",
    "Pennywell",
    "Mossford",
    "Candlewick",
    "Harrowmere",
    "Fernhollow",
    "Quillby",
    "Duckpool",
    "Applegarth",
    "Netherby",
)
_SETTINGS = (
    "at the foot of a green hill",
    "where two rivers meet",
    "between the forest and the sea",
    "on the far side of the marsh",
    "at the end of a long white road",
    "under the seven windmills",
    "behind the third hill from here",
    "where the train never stopped",
    "in a valley full of cherry trees",
)
_TRAITS = (
    "kind",
    "curious",
    "patient",
    "cheerful",
    "quiet",
    "brave",
    "clever",
    "dreamy",
    "stubborn",
    "gentle",
    "careful",
    "merry",
)

# season: skies, sounds
_SEASONS = {
    "spring": (
        ("The hedges were white with blossom", "The ice was gone and the brook was loud", "The grass was new"),
        ("the blackbirds sang from every roof", "the lambs called across the meadow", "the cuckoo would not stop"),
    ),
    "summer": (
        ("The sky was as blue as a painted plate", "The road was warm and dusty", "The wheat stood high"),
        ("the bees hummed in the clover", "the crickets sang in the grass", "the frogs sang in the pond"),
    ),
    "autumn": (
        ("The leaves came down like copper pennies", "The orchards were full of apples", "The mornings were gray"),
        ("the wild geese called high overhead", "the wind rattled every shutter", "the rain drummed on the roofs"),
    ),
    "winter": (
        ("Snow lay on every roof", "The windows were white with frost", "The days were as short as mouse tails"),
        (
            "the frozen pond creaked in the dark",
            "the sleighs went jingling by",
            "the stoves crackled day and night",
        ),
    ),
}
_TREES = ("oak", "willow", "chestnut tree", "old pear tree", "elm", "walnut tree", "birch", "lime tree")
_MEALS = (
    "a pot of soup",
    "a basket of eggs",
    "a loaf of bread",
    "a cake with candles",
    "a jar of honey",
    "a roast duck",
)
_GUESSES = ("teapot", "goose", "barrel", "broom", "pancake", "wheel", "snail", "drum", "turnip", "sneeze", "clock")


def choose_cast(rng: PortableGenerator, fixed: Mapping[str, str]) -> dict[str, str]:
    """Choose a hero, an animal, an elder, a place and a season.

    Parameters
    ----------
    rng : PortableGenerator
    fixed : mapping
        Facts that the plot needs as they are. Only ``season`` decides about others.

    Returns
    -------
    dict
        The facts: ``hero`` with ``he``, ``him``, ``his``; for the animal ``friend`` with ``fhe`` …; for the elder
        ``elder`` with ``ehe`` …; ``trade`` with ``work`` and ``tools``; ``village``, ``setting``; ``season`` with
        ``sky`` and ``sound``; ``trait``, ``tree``, ``guess``, ``meal``; and what is fixed.
    """
    facts = {
        **_person(rng, "hero", "", _GIRLS, _BOYS),
        **_person(rng, "friend", "f", _CREATURES, _CREATURES),
        **_person(rng, "elder", "e", _GRANDMOTHERS, _GRANDFATHERS),
    }
    facts["trade"], facts["work"], facts["tools"] = rng.pick(_TRADES)
    facts["season"] = fixed.get("season") or rng.pick(tuple(_SEASONS))
    facts["sky"], facts["sound"] = map(rng.pick, _SEASONS[facts["season"]])
    facts["village"], facts["setting"] = rng.pick(_VILLAGES), rng.pick(_SETTINGS)
    facts["trait"], facts["tree"] = rng.pick(_TRAITS), rng.pick(_TREES)
    facts["guess"], facts["meal"] = rng.pick(_GUESSES), rng.pick(_MEALS)
    return {**facts, **fixed}


def _person(
    rng: PortableGenerator, role: str, letter: str, girls: tuple[str, ...], boys: tuple[str, ...]
) -> dict[str, str]:
    names, pronouns = (girls, _SHE) if rng.below(2) else (boys, _HE)
    return {role: rng.pick(names), **{letter + case: word for case, word in pronouns.items()}}
