"""Two friends fall out, and the weather brings them together."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["QUARREL"]

QUARREL = Plot(
    titles=("The quarrel about the {cause}", "{hero}, {friend} and the {cause}", "Two friends and one {cause}"),
    cases=(
        {
            "kind": "goose",
            "cause": "blanket",
            "season": "winter",
            "weather_turns": "Then came the coldest night of the year",
            "hero_part": "{hero} lay awake with a warm head and cold feet",
            "friend_part": "{friend} lay awake with warm feet and a cold head",
            "together": "So they put the two halves side by side, and one was warm from top to toe and so was "
            "the other",
        },
        {
            "kind": "fox",
            "cause": "umbrella",
            "season": "autumn",
            "weather_turns": "Then it began to rain, and it rained as if the sea had been hung up to dry",
            "hero_part": "{hero} stood in the rain with the handle",
            "friend_part": "{friend} stood in the rain with the cloth",
            "together": "So they put the cloth on the handle and stood under it, close together, and let it rain",
        },
        {
            "kind": "bear",
            "cause": "boat",
            "weather_turns": "Then the river rose and made an island of each of their houses",
            "hero_part": "{hero} had the boat, but no oars",
            "friend_part": "{friend} had the oars, but no boat",
            "together": "So {friend} threw the oars, {hero} caught them and rowed across, and the boat was big "
            "enough for both",
        },
        {
            "kind": "hedgehog",
            "cause": "stove",
            "season": "winter",
            "weather_turns": "Then the frost came, with long white fingers",
            "hero_part": "{hero} had the stove, but no wood",
            "friend_part": "{friend} had the wood, but no stove",
            "together": "So {friend} brought in the wood, {hero} lit the stove, and soon it glowed like a rose",
        },
    ),
    beats=(
        ("{opening} {His} best friend was a {kind} named {friend}.",),
        (
            "They did everything together. If {hero} had {food}, {friend} had half, and if {friend} found a "
            "mushroom, {hero} had the bigger piece.",
            "In the evening they sat under the {tree}. {hero} told stories, and {friend} laughed at all the "
            "right places.",
        ),
        (
            'But one day in {season} they quarreled about the {cause}. "It is mine," said {hero}.\n\n'
            '"It is mine," said {friend}.\n\n'
            '"You are as stubborn as a {kind}!" cried {hero}.\n\n'
            '"I am a {kind}!" cried {friend}, and {fhe} slammed the door.',
            "{weather} It could have been such a lovely day. But they had only one {cause}, and each of them "
            "wanted it.\n\n"
            '"You had it yesterday," said {friend}.\n\n'
            '"And you had it all last week," said {hero}. They shouted until the plates shook on the shelf.',
        ),
        (
            "So they divided what they had, and a line was drawn across the garden with chalk. {hero} stayed on "
            "this side of it, and {friend} stayed on the other.",
            "They did not speak that day, and they did not speak the next. {time_passed}",
        ),
        ("{weather_turns}. {hero_part}. {friend_part}.",),
        (
            '{thinking} "It is very quiet without {friend}," {he} thought. And on the other side {friend} was '
            "thinking the same about {hero}.",
            '{elder} came by and saw it. "What a clever pair," {ehe} said. "Each of you has won, and both of '
            'you have lost."',
        ),
        (
            '"I am sorry," said {hero} {softly}.\n\n"I was sorry first," said {friend}. {together}.',
            '"{friend}?" called {hero}.\n\n"Yes?" called {friend}, much too quickly. {together}.',
            "In the end they both opened their doors at the same moment. Nobody can say who laughed first. "
            "{together}.",
        ),
        (
            '"Whose {cause} is it now?" asked {elder}.\n\n"Ours," said {hero} and {friend}.',
            "They never counted halves again, and there was always enough.",
            "{advice}",
        ),
        ("{ending}",),
    ),
)
