"""A hungry animal is fed, and knows how to thank."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["GOOD_TURN"]

GOOD_TURN = Plot(
    titles=("{hero} and the {kind}", "The {kind} who said thank you", "The {treasure} of {village}"),
    cases=(
        {
            "kind": "otter",
            "treasure": "silver ring",
            "loss": "It slipped from {his} finger on the bridge and sank to the bottom of the river.",
            "despair": "The water was deep and brown, and nobody in {village} could swim.",
            "deed": "{friend} dived. One bubble came up, and then two, and then {friend} with the silver ring "
            "in {fhis} whiskers.",
        },
        {
            "kind": "squirrel",
            "treasure": "brass bell",
            "loss": "A magpie saw it shining, snatched it, and carried it to the top of the tallest elm.",
            "despair": "The branches were thin, and no ladder was long enough.",
            "deed": "{friend} ran up the trunk like a little flame. Down came a twig, down came a feather, and "
            "down came {friend} with the brass bell ringing in {fhis} paws.",
        },
        {
            "kind": "mole",
            "treasure": "golden thimble",
            "loss": "It rolled off the table, out of the door, and into a crack in the ground.",
            "despair": "The crack was narrow, and the earth was as hard as stone.",
            "deed": "{friend} dug. Earth flew to the left and earth flew to the right, and soon {fhe} came up "
            "with the golden thimble on {fhis} nose.",
        },
        {
            "kind": "mouse",
            "treasure": "little red book",
            "loss": "It fell behind the great cupboard, which ten men could not move.",
            "despair": "A broom did not reach it, and neither did a long spoon.",
            "deed": "{friend} squeezed behind the cupboard, where the dust was as thick as snow. There was a "
            "sneeze, and then out came the little red book, with {friend} pushing.",
        },
        {
            "kind": "jackdaw",
            "treasure": "blue ribbon",
            "loss": "The wind took it, whirled it around, and hung it on the weathercock of the church.",
            "despair": "The tower was high, and the stairs had fallen down long ago.",
            "deed": "{friend} spread {fhis} wings. Up {fhe} went, twice around the weathercock, and down again "
            "with the blue ribbon in {fhis} beak.",
        },
    ),
    beats=(
        (
            "{opening}",
            "{opening} And of all the things {he} owned, {he} loved {his} {treasure} the best.",
        ),
        ("{weather}",),
        (
            "On the way home {hero} met a {kind}, thin and tired, sitting under the {tree}.\n\n"
            '"Please," said the {kind}, "my name is {friend}, and I have not eaten since yesterday."',
            "One evening there was a knock at the door, very low down. Outside stood a {kind}.\n\n"
            '"I am {friend}," said the {kind} {softly}. "Is there anything left from supper?"',
            'By the gate sat a hungry {kind}. "What is your name?" asked {hero}.\n\n'
            '"{friend}," said the {kind}, "and I am as empty as a drum."',
        ),
        (
            '{hero} had only {food}, but {he} shared it {gladly}. {friend} ate every crumb. "A {kind} does not '
            'forget," {fhe} said, and was gone.',
            '"Then sit down," said {hero}, and gave {fhim} {food}. When the last crumb was gone, {friend} '
            'bowed. "I will pay you back," {fhe} said. {hero} laughed, for {friend} was very small.',
            'So {hero} gave {fhim} {food}, and {food} besides. "Thank you," said {friend} {softly}. "If you are '
            'ever in trouble, call my name three times."',
        ),
        (
            "{time_passed} Then {hero} lost {his} {treasure}. {loss} {despair}",
            "{time_passed} But one day a sad thing happened to the {treasure}. {loss} {despair}",
        ),
        (
            '{hero} sat down and wept. "My grandmother gave it to me," {he} said, "and now it is gone."\n\n'
            '"Gone?" said a voice by {his} foot. It was {friend}. "Leave it to me."',
            '"Buy another," said the neighbors. But there was no other. So {hero} called, "{friend}, {friend}, '
            '{friend}!" And there stood the {kind}, looking pleased.\n\n'
            '"I thought you would never ask," said {friend}.',
            '{elder} shook {ehis} head. "Only a {kind} could get it back," {ehe} said. Then {hero} remembered '
            "{friend}, and ran to find {fhim}, and told {fhim} everything.",
        ),
        (
            "{deed}",
            "{deed} Everybody cheered, and {elder} threw {ehis} hat into the air.",
            "{deed}\n\n"
            '"How can I ever thank you?" cried {hero}.\n\n'
            '"You did that already," said {friend}, "with your supper."',
        ),
        (
            "{advice}",
            "That night there was {food} for {hero} and {food} for {friend}, and they sat by the fire until late.",
            "{hero} put the {treasure} in a safe place. {Home}",
        ),
        ("{ending}",),
    ),
)
