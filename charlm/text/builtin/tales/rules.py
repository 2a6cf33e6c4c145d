"""Turns of phrase that all plots share; each use chooses anew."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["RULES"]

RULES: Mapping[str, tuple[str, ...]] = {
    "opening": (
        "Once upon a time, in the village of {village}, {setting}, there lived a {trait} young {trade} named "
        "{hero}. {Every_day} {he} {work}.",
        "There was once a {trait} young {trade} called {hero}, who lived in {village}, {setting}. {Every_day} "
        "{he} {work}.",
        "In {village}, {setting}, everybody knew {hero} the {trade}. {He} was {trait}, {he} was {young}, and "
        "{every_day} {he} {work}.",
        "Long ago, when {long_ago}, a {trait} young {trade} named {hero} lived in {village}, {setting}. "
        "{Every_day} {he} {work}.",
    ),
    "every_day": ("every day", "all week long", "from Monday to Saturday", "in rain and in sunshine"),
    "young": ("not yet twenty", "young", "small for {his} age", "never late"),
    "long_ago": (
        "the moon was a little nearer",
        "cats could still whistle",
        "there was only one road in the world",
        "wishes cost no more than a penny",
        "the hills were young",
    ),
    "weather": (
        "It was {season}. {Sky}, and {sound}.",
        "It was a {fine} morning in {season}. {Sky}, and {sound}.",
        "{Season} had come to {village}. {Sky}, and {sound}.",
        "That year the {season} came early. {Sky}, and {sound}.",
    ),
    "fine": ("fine", "quiet", "bright", "still", "windy", "lovely"),
    "food": (
        "a warm bun",
        "a slice of plum cake",
        "a piece of yellow cheese",
        "half an apple pie",
        "a bowl of barley soup",
        "a crust of bread with honey",
        "a baked potato",
        "three ginger biscuits",
    ),
    "feast": (
        "There was onion soup, and there were dumplings, and there was a cake as big as a cartwheel",
        "They ate pancakes with cherry jam until nobody could stand up",
        "The fiddles played, the lanterns swung, and even the mayor danced",
        "There was hot cider for the old and sweet milk for the young",
        "They roasted chestnuts and sang every song they knew, some of them twice",
    ),
    "softly": ("softly", "gently", "in a small voice", "after a while", "with a smile", "very politely"),
    "gladly": ("gladly", "at once", "with both hands", "without a second thought"),
    "tree": ("oak", "willow", "chestnut tree", "old pear tree", "elm", "walnut tree"),
    "wrong": ("teapot", "goose", "barrel", "broom", "pancake", "wheel", "snail", "drum", "turnip", "sneeze"),
    "not_here": (
        "I have not seen anything since Tuesday.",
        "There was a crow with something in her beak, but that was a worm.",
        "I saw one once, but it was a green one.",
        "I can hardly find my own nose.",
    ),
    "wet": ("wet", "torn", "long gray", "dripping"),
    "time_passed": (
        "A week went by, and then another.",
        "Seven days passed.",
        "The moon grew round and then thin again.",
        "Nothing happened for nine days.",
        "The days went by like beads on a string.",
    ),
    "home": (
        "{hero} went home and slept until noon.",
        "{hero} walked home under the stars, humming.",
        "{hero} went home, put the kettle on, and laughed out loud.",
        "{hero} went back to {tools}, but {he} could not stop smiling.",
    ),
    "ending": (
        "And if you ever come to {village} in {season}, {knock}, and they will tell you the story {themselves}.",
        "From that day on, {lasting}.",
        "That is the whole story, and every word of it is as true as toast.",
        "And so it was, and so it is, and the kettle is on the stove.",
        "They all lived merrily after that, except on Mondays.",
        "The cat saw it all, and the cat told me.",
    ),
    "knock": ("knock at any door", "ask for the {trade}", "sit down by the well", "ask at the inn"),
    "themselves": ("themselves", "again", "from the beginning", "better than I can"),
    "lasting": (
        "nobody in {village} ever laughed at {hero} again",
        "there was always a second cup on {his} table",
        "{hero} never went out without a bun in {his} pocket",
        "{hero} looked twice at every {tree} {he} passed",
        "the door of {hero}'s house was never locked",
        "people in {village} said \"as lucky as {hero}\" and meant it",
    ),
    "thinking": (
        "{hero} thought about it while the clock ticked.",
        "{hero} scratched {his} chin.",
        "{hero} counted to ten and then to twenty.",
        "{hero} looked at {his} boots for a long time.",
        "{hero} sat down on a stone to think.",
    ),
    "advice": (
        "\"A good turn is never lost,\" said {elder}. \"It only goes for a walk.\"",
        "\"Small doors lead to large rooms,\" said {elder}, nodding.",
        "\"You cannot hurry a snail,\" said {elder}, \"but you can walk beside it.\"",
        "\"He who shares his bread eats twice,\" said {elder}.",
        "\"A lamp does not grow dimmer by lighting another,\" said {elder}.",
        "\"Listen first, and you need only speak once,\" said {elder}.",
    ),
}
