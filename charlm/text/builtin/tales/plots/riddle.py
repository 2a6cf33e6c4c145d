"""Somebody bars the way and asks a riddle."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["RIDDLE"]

RIDDLE = Plot(
    titles=("{hero} and the riddle", "The riddle at the bridge", "What the troll asked {hero}"),
    cases=(
        {
            "riddle": "I have a bed but never sleep, and a mouth but never speak. What am I?",
            "hint": "Below {him} the water went by, talking to itself",
            "answer": "A river",
        },
        {
            "riddle": "I have teeth, but I cannot bite. What am I?",
            "hint": "The wind blew {his} hair into {his} eyes",
            "answer": "A comb",
        },
        {
            "riddle": "I follow you all day long and leave you when it is dark. What am I?",
            "hint": "The sun stood low, and on the planks lay a long dark shape with a hat on",
            "answer": "My shadow",
        },
        {
            "riddle": "I fly without wings and weep without eyes. What am I?",
            "hint": "A cold drop fell on {his} nose, and {he} looked up",
            "answer": "A cloud",
        },
        {
            "riddle": "I have one eye, but I cannot see. What am I?",
            "hint": "There was a hole in {his} sleeve, and it wanted mending",
            "answer": "A needle",
        },
        {
            "riddle": "The more you take away from me, the bigger I grow. What am I?",
            "hint": "A mole was digging beside the path",
            "answer": "A hole",
        },
        {
            "riddle": "The longer I stand, the shorter I grow. What am I?",
            "hint": "Far away, in a window of {village}, somebody lit a little flame",
            "answer": "A candle",
        },
        {
            "riddle": "I have no mouth, and yet I always have the last word. What am I?",
            "hint": '"Oh dear!" {he} cried, and the hills called back, "Oh dear!"',
            "answer": "An echo",
        },
    ),
    beats=(
        ("{opening}",),
        (
            "{weather} {hero} had to carry {meal} to {elder}, who lived on the other side of the river.",
            "One day {elder} fell ill, and {hero} set out to bring {ehim} {meal}. {Weather}",
        ),
        (
            "But on the bridge sat a troll, as big as a barn and as green as a pickle.\n\n"
            '"Nobody passes," said the troll, "who cannot guess my riddle. Those who cannot must wash my '
            'socks."',
            'Halfway across the bridge a voice said, "Stop!" It was a troll with moss on his ears.\n\n'
            '"Guess my riddle," said the troll, "or go back where you came from."',
            'At the bridge stood a troll with a very long spoon. "I am so bored," said the troll, "that I let '
            'nobody pass without a riddle."\n\n'
            '"Then ask," said {hero}.',
        ),
        (
            'The troll shut his eyes and said:\n\n"{riddle}"',
            '"Listen well," said the troll, "for I say it only once."\n\n"{riddle}"',
            'The troll grinned, and he had nine teeth. "{riddle}"',
        ),
        (
            '"A {guess}?" asked {hero}.\n\n"No," said the troll, and he began to hum.',
            '"Is it a {guess}?" said {hero}.\n\n"It is not a {guess}," said the troll. "It is never a {guess}."',
            "{hero} guessed a {guess}, and that was wrong. {He} guessed two of them, and that was worse.",
            '"Everybody says a {guess}," the troll went on, "so do not say a {guess}." And that was just what '
            "{hero} had wanted to say.",
        ),
        (
            "{thinking} {hint}. Then {hero} began to smile.",
            '{hint}. "Of course!" thought {hero}.',
        ),
        (
            '"{answer}!" said {hero}.\n\n'
            'The troll opened his mouth and shut it again. "Right," he said at last. "A hundred years I have '
            'asked it, and you are the first who knew."',
            '"{answer}," said {hero} {softly}.\n\n'
            '"Who told you?" cried the troll, and he stamped his foot so hard that the bridge shook.\n\n'
            '"Nobody told me," said {hero}. "I looked around."',
            '"{answer}! It can only be that," said {hero}, and the troll wept for joy.\n\n'
            '"At last," said the troll, "somebody who listens."',
        ),
        (
            "So {hero} crossed the bridge and brought {elder} {meal}. {advice}",
            "And the troll carried {hero} across on his shoulders, all the way to {elder}'s door. {Elder} was "
            'not even surprised. "Wipe your feet," {ehe} told the troll.',
            '"Come again tomorrow," said the troll, "and ask me one." And {hero} did, and the troll has not '
            "guessed it yet.",
        ),
        ("{ending}",),
    ),
)
