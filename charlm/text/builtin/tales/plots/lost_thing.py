"""A thing is lost, three neighbors are asked, and it turns up where nobody looked."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["LOST_THING"]

LOST_THING = Plot(
    titles=("The lost {thing}", "{hero} and the lost {thing}", "Who took the {thing}?"),
    cases=(
        {"thing": "key", "found": "It was hanging on a string around {his} own neck", "use": "open the door"},
        {
            "thing": "spoon",
            "found": "It was standing in the honey, just where {he} had left it",
            "use": "stir the soup",
        },
        {
            "thing": "hat",
            "found": "A hen was sitting in it, and under the hen were four eggs",
            "use": "go out in the sun",
            "season": "summer",
        },
        {
            "thing": "lantern",
            "found": "It was hanging from the nose of the snowman",
            "use": "walk in the dark",
            "season": "winter",
        },
        {"thing": "teapot", "found": "A family of mice had moved in, with curtains", "use": "make the tea"},
        {
            "thing": "boot",
            "found": "The puppy was asleep in it, with only his tail outside",
            "use": "go to the fair",
        },
        {
            "thing": "umbrella",
            "found": "The stork had put it over her nest, to keep out the rain",
            "use": "walk in the rain",
            "season": "spring",
        },
        {
            "thing": "violin",
            "found": "The cat was lying in the case, and she would not get up",
            "use": "play at the dance",
        },
    ),
    beats=(
        ("{opening}",),
        (
            "{weather} That morning {hero} could not find {his} {thing}. {He} looked under the bed, behind the "
            "stove and on top of the cupboard. There was no {thing}.",
            "{weather} But {hero} did not see any of it, because {his} {thing} was gone. And how can anybody "
            "{use} without a {thing}?",
        ),
        (
            'So {he} went to the miller. "Have you seen my {thing}?" asked {hero}.\n\n'
            '"Not I," said the miller, all white with flour. "{miller_says} Ask the ferryman."',
            'First {he} asked the miller, who was counting sacks. "A {thing}?" said the miller. "{miller_says} '
            'But the ferryman sees everything that goes by."',
        ),
        (
            'So {he} went to the ferryman. "Have you seen my {thing}?" asked {hero}.\n\n'
            '"Not I," said the ferryman, and he pulled on his oar. "{ferryman_says} Ask {elder}."',
            '{hero} ran down to the river, and the ferryman took off his cap. "{ferryman_says} But '
            '{elder} knows where the socks go that are lost in the wash. {Ehe} will know."',
        ),
        (
            'So {he} went to {elder}. "Have you seen my {thing}?" asked {hero}.\n\n'
            '{elder} put down {ehis} cup. "Where did you see it last?"\n\n'
            '"At home," said {hero}.\n\n'
            '"Then why," said {elder}, "are you looking for it here?"',
            '{elder} was peeling potatoes. {Ehe} listened to the end. "When you lose a thing," {ehe} said, "go '
            'back to where you were happy with it."',
        ),
        (
            "{hero} went home and opened {his} eyes. And there it was! {found}.",
            "{thinking} Then {he} ran home as fast as {he} could, and there was the {thing}. {found}.",
            "It was evening when {hero} came home. And there, of all places, was the {thing}! {found}.",
        ),
        (
            '"Well," said {hero}, "it was never lost. It was only me who was lost."',
            "{hero} laughed until {he} had to hold on to the {tree}.",
            '"Stay there," said {hero} {softly}. "I can {use} tomorrow."',
            "The miller laughed, and the ferryman laughed, and {elder} laughed the loudest of all.",
        ),
        ("{home}", "{advice}"),
        ("{ending}",),
    ),
)
