"""The village is in danger, and what somebody does every day turns out to help."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["STORM"]

STORM = Plot(
    titles=("The night of the {danger}", "{hero} and the {danger}", "How {village} was saved"),
    cases=(
        {
            "danger": "great fog",
            "season": "autumn",
            "signs": "In the afternoon a fog came up from the river. First it hid the river, then the road, and "
            "then the church",
            "peril": "Six fishermen were still out on the water, and they could not see the shore",
            "tool": "drum",
            "deed": "beat the big drum, slow and steady, from the end of the pier",
            "rescue": "The fishermen heard it. They turned their boats toward the sound, and one after another "
            "they came out of the gray",
        },
        {
            "danger": "long snow",
            "season": "winter",
            "signs": "In the evening it began to snow, and it snowed until the fences were gone and the doors "
            "would not open",
            "peril": "The mail coach had not come, and the horses could not see the road",
            "tool": "lantern",
            "deed": "hung a lantern on every {tree} along the road, from the mill to the bridge",
            "rescue": "The coachman saw the lights, one after the other, like beads of gold. The horses shook "
            "their manes and followed them home",
        },
        {
            "danger": "high water",
            "season": "spring",
            "signs": "It rained for three days, and on the third night the river climbed out of its bed",
            "peril": "The water was already at the miller's gate, and the miller slept like a stone",
            "tool": "bell",
            "deed": "ran from house to house and rang the bell at every door",
            "rescue": "Everybody woke up, even the miller. They carried sand, they carried stones, and they "
            "carried the miller's pig, and by morning there was a wall that the river could not climb",
        },
        {
            "danger": "big wind",
            "signs": "At noon a wind came over the hills. It took the washing, it took the hats, and it took "
            "the scarecrow",
            "peril": "The old bridge shook and groaned, and all the children were on the other side, at school",
            "tool": "rope",
            "deed": "tied one end of it to the {tree} and walked over with the other end",
            "rescue": "The children held on to the rope, the small ones between the big ones, and came across "
            "one by one. When the last was over, the bridge fell down with a crash",
        },
    ),
    beats=(
        ("{opening}",),
        (
            '{weather} {hero} had just bought an old {tool} at the fair. "What do you want with a {tool}?" '
            "asked {elder}.\n\n"
            '"I do not know yet," said {hero}.',
            "{weather} In a corner of the house stood an old {tool}, which had been {his} grandfather's. "
            "Everybody said that {he} should throw it away.",
            'People smiled at {hero}, because wherever {he} went {he} took along an old {tool}. "You never '
            'know," {he} used to say.',
        ),
        ("{signs}.", '{signs}. "I do not like it," said {elder}, and {ehe} shut the window.'),
        (
            '{peril}. "What shall we do?" cried the people in the square. The mayor wrung his hands. The '
            "teacher looked it up in a book.",
            "Then somebody came running. {peril}! All the people talked at the same time, and nobody did anything.",
        ),
        (
            "{thinking} Then {he} took {his} {tool} and {deed}. {His} hands were cold and {his} ears were red, "
            "but {he} did not stop.",
            '"The {tool}!" said {hero}. {He} jumped up and ran out into the dark, and {he} {deed}.',
            "Only {hero} said nothing. {He} fetched the {tool}, put on two scarves, and {deed}.",
        ),
        ("And see! {rescue}.", "It took an hour, and it took another. {rescue}."),
        (
            "Nobody was lost, not even the pig. {Feast}.",
            '"Who was that with the {tool}?" they all asked. {hero} was already asleep by the stove, with the '
            "{tool} in {his} arms. {Feast}.",
            "The mayor made a long speech, and in the middle of it {hero} fell asleep. {Feast}.",
        ),
        ("{advice}", "The old {tool} hangs in the town hall now, with a ribbon on it."),
        ("{ending}",),
    ),
)
