"""Conversations: a text that a person and a model write by turns. It can be taken back, branched, scored and saved.

>>> import charlm
>>> from charlm.conversation import Conversation
>>> model = charlm.CharModel(charlm.ModelConfig(hidden_size=8), charlm.Vocabulary.from_text("abc "))
>>> talk = Conversation(model, charlm.SampleConfig(length=20), seed=1)
>>> talk.append("abc ")
>>> first = "".join(talk.generate())  # the model continues
>>> turn = talk.retry()
>>> second = "".join(talk.generate())
>>> talk.text == "abc " + second, first == second
(True, False)

``conversation``
    `Conversation`.
``turns``
    Its past: turns and snapshots.
``candidates``
    Several continuations of a turn, one of which is adopted.
``surprisal``
    Surprisal of what was typed and generated.
``saving``, ``loading``
    Files, with all branches, hidden states and random states.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.conversation.candidates import Candidate, CandidateSearch, SampledCandidates
    from charlm.conversation.conversation import Conversation
    from charlm.conversation.loading import load_conversation
    from charlm.conversation.saving import save_conversation
    from charlm.conversation.turns import ConversationSnapshot, Span, Turn, spans

__all__ = [
    "Candidate",
    "CandidateSearch",
    "Conversation",
    "ConversationSnapshot",
    "SampledCandidates",
    "Span",
    "Turn",
    "load_conversation",
    "save_conversation",
    "spans",
]

__getattr__ = loader(
    globals(),
    {
        "candidates": "Candidate CandidateSearch SampledCandidates",
        "conversation": "Conversation",
        "loading": "load_conversation",
        "saving": "save_conversation",
        "turns": "ConversationSnapshot Span Turn spans",
    },
)
