"""A conversation: a person and a model write a text by turns; here a program takes the place of the person.

::

    surprisal of a character = -log2 p(character | text before it)      bits

The model that comes with charlm continues the opening four times. The continuation with the lowest mean surprisal
is adopted. From there two branches lead to two endings. The conversation is saved, and a second one loads it:
hidden states and random states come along, so both continue with the same text.

Prints the four candidates with their mean surprisal, the text of each branch with the typed spans in brackets, the
most surprising character of the second one, and whether the loaded conversation continues alike.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import charlm
from charlm.conversation import Candidate, Conversation, load_conversation, save_conversation, spans

__all__ = ["main"]


def mean_bits(candidate: Candidate) -> float:
    """Return the mean surprisal of a candidate."""
    return float(np.mean(candidate.bits))


def main() -> None:
    """Write two endings of a tale, and save them."""
    model = charlm.load("pretrained/tales")
    talk = Conversation(model, charlm.SampleConfig(length=60, finish_line=True, temperature=0.7), seed=1)
    talk.records_surprisal = True
    talk.append("Once upon a time")
    growing = talk.candidates(4)
    while growing.advance():
        pass
    candidates = growing.finish()
    for candidate in candidates:
        print(f"{mean_bits(candidate):.2f} bits  {candidate.text!r}")
    talk.adopt(min(candidates, key=mean_bits))

    talk.branches["opening"] = talk.snapshot()
    for typed in (" But the king said", " But the cat said"):
        talk.return_to("opening")
        talk.append(typed)
        for _ in talk.generate():
            pass  # each piece could be shown here, as it is sampled
        print("".join(f"[{text}]" if by_person else text for text, by_person in spans(talk.last)))
    score = talk.surprisal()
    most = int(np.nanargmax(score.bits))
    print(f"most surprising: {score.pieces[most]!r} after {''.join(score.pieces[:most])[-20:]!r}")

    with TemporaryDirectory() as folder:
        file = Path(folder) / "talk.npz"
        save_conversation(talk, file)
        other = Conversation(model)
        load_conversation(other, file)
    talk.append("")
    other.append("")
    print("alike:", "".join(talk.generate()) == "".join(other.generate()), "- branches:", *other.branches)


if __name__ == "__main__":
    main()
