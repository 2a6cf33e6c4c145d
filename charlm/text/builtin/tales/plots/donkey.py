"""An animal will not move, and turns out to have had a reason."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["DONKEY"]

DONKEY = Plot(
    titles=("The {kind} who would not move", "{hero} and the wise {kind}", "Why {friend} said no"),
    cases=(
        {
            "kind": "donkey",
            "load": "two sacks of flour",
            "spot": "the old bridge",
            "reason": "the middle of the bridge broke off and fell into the river with a splash",
        },
        {
            "kind": "goat",
            "load": "a basket of eggs",
            "spot": "the dark part of the forest",
            "reason": "a great oak came down across the path, exactly where they would have been",
        },
        {
            "kind": "pony",
            "load": "a cart full of apples",
            "spot": "the frozen lake",
            "season": "winter",
            "reason": "the ice sang like a fiddle and cracked from one shore to the other",
        },
        {
            "kind": "ox",
            "load": "a wagon of hay",
            "spot": "the road under the cliff",
            "reason": "the cliff shook itself, and rocks as big as ovens rolled over the road",
        },
        {
            "kind": "mule",
            "load": "seven jars of honey",
            "spot": "the narrow gate",
            "reason": "nine bears came out of the gate, sniffing the air, and went the other way",
        },
    ),
    beats=(
        (
            "{opening} {He} had a {kind} named {friend}.",
            "{opening} {His} {kind} was called {friend}, and {fhe} had ideas of {fhis} own.",
        ),
        (
            "{weather} {hero} and {friend} set out for the market with {load}.",
            "One morning in {season} they had to bring {load} to {elder}. {sky}, and {friend} trotted along and "
            "waved {fhis} ears.",
        ),
        (
            "All went well until they came to {spot}. There {friend} stopped. {Fhe} did not go forward, and "
            "{fhe} did not go back.",
            "But in front of {spot} {friend} stood still, as if {fhis} feet had grown roots.",
        ),
        (
            "{hero} pulled at the front, and {hero} pushed from behind. {friend} looked at the sky.",
            '"Go on!" said {hero}. {friend} chewed a thistle. "Please go on!" said {hero}. {friend} chewed '
            "another.",
            "{hero} promised {fhim} {food}. {friend} ate it up and stayed where {fhe} was.",
        ),
        (
            'A miller came by. "You must shout," said the miller. So {hero} shouted, and {friend} wagged {fhis} '
            "tail.",
            'A soldier came by. "You must blow a trumpet," said the soldier, and he blew his. {friend} closed '
            "{fhis} eyes and enjoyed it.",
            'Three sisters came by. "You must sing to {fhim}," said the sisters. So they all sang, and {friend} '
            "sang too, but {fhe} did not move.",
        ),
        (
            'At last {hero} sat down in the grass. "Very well," {he} said. "Then tell me what you know." '
            "{friend} pricked up {fhis} ears. And at that moment {reason}.",
            '"You are the most stubborn {kind} in the world!" cried {hero}. {He} had not yet closed {his} mouth '
            "when {reason}.",
        ),
        (
            "{hero} turned as white as milk. Then {he} threw {his} arms around {friend}'s neck. \"You knew "
            'it," {he} whispered. "You knew it all the time."',
            'It was very quiet after that. "{friend}," said {hero} at last, "I have been the {kind}, and you '
            'have been the {trade}."',
        ),
        (
            "They took the long way around, and it was the most beautiful way. {advice}",
            "They came home late, and {friend} was given {food}, a clean bed of straw, and a new red ribbon.",
            "Since then, whenever they came to a crossroads, {hero} asked {friend} first.",
        ),
        ("{ending}",),
    ),
)
