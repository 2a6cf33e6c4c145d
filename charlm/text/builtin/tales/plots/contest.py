"""Somebody boasts, and somebody else does not."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["CONTEST"]

CONTEST = Plot(
    titles=("The great {contest} of {village}", "{hero} and the {braggart}", "How {hero} won the {prize}"),
    cases=(
        {
            "contest": "cake contest",
            "braggart": "proud cook",
            "boast": "My cake will be so tall that the birds will have to fly around it",
            "try": "The proud cook's cake had twenty floors and a tower of sugar. It leaned to the left, it "
            "leaned to the right, and then it fell on the mayor.",
            "hero_try": "{hero}'s cake was small and round and still warm. The mayor, who was licking his "
            "sleeve, tried one piece, and then he ate it all.",
            "prize": "golden spoon",
        },
        {
            "contest": "boat race",
            "season": "summer",
            "braggart": "proud captain",
            "boast": "My boat has three sails and a silver anchor, and nothing can catch it",
            "try": "The proud captain's boat flew off like an arrow. But there was not enough wind for three "
            "sails and too much silver in the anchor, and soon it stood as still as a duck asleep.",
            "hero_try": "{hero} had only an old tub and a wooden shovel. {He} paddled, and {he} sang, and {he} "
            "came in first, with wet knees.",
            "prize": "blue flag",
        },
        {
            "contest": "singing match",
            "braggart": "proud singer",
            "boast": "When I sing, the stars come closer to listen",
            "try": "The proud singer took such a deep breath that every button flew off his coat. After that he "
            "could only squeak.",
            "hero_try": "{hero} sang the song that everybody's mother used to sing. Nobody clapped, because "
            "they were all wiping their eyes.",
            "prize": "silver whistle",
        },
        {
            "contest": "pumpkin show",
            "season": "autumn",
            "braggart": "proud farmer",
            "boast": "My pumpkin is so big that the sun has to ask its leave to set",
            "try": "The proud farmer's pumpkin was as big as a cottage. But when they knocked on it, it rang "
            "like a drum, for there was nothing in it but air.",
            "hero_try": "{hero}'s pumpkin was no bigger than a bucket. But the soup that they made from it was "
            "enough for the whole of {village}.",
            "prize": "red wheelbarrow",
        },
    ),
    beats=(
        ("{opening}",),
        (
            "{weather} It was the week of the great {contest}, and the winner was to have the {prize}.",
            "Once a year there was a {contest} in {village}, and whoever won it was given the {prize}. {weather}",
        ),
        (
            'A {braggart} came riding into the village on a white horse. "{boast}," he said, and he twirled his '
            'mustache. "Who dares to try against me?"',
            'This time a {braggart} had come all the way from the city. "{boast}," he told everybody, whether '
            "they asked him or not.",
        ),
        (
            'Nobody said a word. Then {hero} put up {his} hand. "I should like to try," {he} said {softly}, and '
            "the {braggart} laughed so loud that the pigeons flew away.",
            '"You should try it too," said {elder} to {hero}.\n\n'
            '"I?" said {hero}. "I am only a {trade}."\n\n'
            '"That is why," said {elder}.',
            '{thinking} "I will try," {he} said at last. "If I lose, I have only lost. That is soon done."',
        ),
        (
            "The day came, and all the world was there, even the goats. {try}",
            "On Sunday the bell rang, the mayor waved his handkerchief, and it began. {try}",
        ),
        ("Then it was {hero}'s turn. {hero_try}", "And {hero}? {hero_try}"),
        (
            "So the {prize} went to {hero}. {Feast}.\n\n"
            '"How did you do it?" asked the {braggart}.\n\n'
            '"I forgot that anybody was looking," said {hero}.',
            '"The {prize}," cried the mayor, "goes to {hero} the {trade}!" {Feast}.\n\n'
            "The {braggart} sat alone on a barrel, until {hero} brought him {food}. After that he was not so "
            "proud.",
            "The mayor gave {hero} the {prize}, and {hero} gave it to {elder}, who had always wanted one. {Feast}.",
        ),
        ("{advice}", "{home}"),
        ("{ending}",),
    ),
)
