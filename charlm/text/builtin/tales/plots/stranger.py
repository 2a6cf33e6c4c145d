"""A stranger comes to the door at night and leaves a small gift."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["STRANGER"]

STRANGER = Plot(
    titles=("The stranger's {gift}", "{hero} and the {gift}", "The {gift} that nobody wanted"),
    cases=(
        {
            "gift": "seed",
            "advice_given": "Plant it where you can see it from your bed",
            "use": "planted it under the window",
            "wonder": "In the morning there was a green shoot, at noon there was a tree, and in the evening it "
            "was full of yellow pears that tasted like honey",
            "after": "There were enough pears for everybody, and there still are",
        },
        {
            "gift": "gray button",
            "season": "winter",
            "advice_given": "Sew it on when you are cold",
            "use": "sewed it on {his} thin old coat",
            "wonder": "And the coat was as warm as an oven, and in its pockets there was always one hot chestnut",
            "after": "Whoever was cold in {village} could borrow the coat, and nobody was cold for long",
        },
        {
            "gift": "white stone",
            "advice_given": "Put it into the pot when the pot is empty",
            "use": "put it into the empty pot",
            "wonder": "The pot began to sing, and then to steam, and then it was full of soup, with carrots in it",
            "after": "The whole street came with bowls and spoons, and the pot was never empty again",
        },
        {
            "gift": "feather",
            "advice_given": "Write with it what you cannot say",
            "use": "dipped it in ink",
            "wonder": "And it wrote a letter, all by itself, to {his} brother across the sea, to whom {he} had "
            "not spoken for seven years. Before the week was over, the brother stood at the door",
            "after": "They talked all night, and neither of them could remember what the quarrel had been about",
        },
        {
            "gift": "candle stump",
            "advice_given": "Light it when you have lost your way",
            "use": "lit it in the black heart of the forest",
            "wonder": "Then a path shone in front of {him} like a ribbon of silver, and at the end of it was "
            "{his} own front door",
            "after": "The stump has burned a hundred times since then, and it is no shorter than before",
        },
    ),
    beats=(
        ("{opening}",),
        (
            "{weather} One night there was a knock at the door. Outside stood a stranger in a {wet} cloak.",
            "{weather} When the lamps were lit, a stranger came down the road, leaning on a stick, and knocked "
            "at every door. Every door stayed shut but one.",
        ),
        (
            '"I have no money," said the stranger, "and I have walked all day."\n\n'
            '"Then you must be hungry," said {hero}. "Come in."',
            '"May I sit by your fire?" asked the stranger.\n\n"You may have the good chair," said {hero}.',
        ),
        (
            "There was not much in the house, only {food}. {hero} cut it in two and gave the stranger the "
            "bigger half.",
            "{hero} gave the stranger {food}, a pair of dry socks, and {his} own bed. {He} slept on the floor "
            "beside the cat.",
        ),
        (
            'In the morning the stranger was gone. On the table lay a {gift} and a note. "{advice_given}," it '
            "said.",
            '"I can only give you this," said the stranger at dawn, and held out a {gift}. "{advice_given}." '
            "Then the road was empty, though the fields lay wide and bare on every side.",
        ),
        (
            '"A {gift}!" said the neighbors. "What a poor sort of present." But {hero} kept it in a little box.',
            "{hero} showed the {gift} to {elder}, who looked at it through {ehis} glasses for a long time. "
            '"Keep it," {ehe} said. "I have seen one before."',
        ),
        (
            "{time_passed} Then one evening {hero} remembered it. {He} took the {gift} and {use}. {wonder}.",
            "{time_passed} At last a day came when {hero} did not know what to do. Then {he} thought of the "
            "{gift}, and {he} {use}, as {he} had been told. {wonder}.",
        ),
        (
            "{after}.",
            "{after}. {advice}",
            '"Now I should like one too," said every neighbor. And the next time, when a stranger knocked, all '
            "the doors in {village} flew open. {after}.",
        ),
        ("{ending}",),
    ),
)
