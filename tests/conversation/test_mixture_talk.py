"""A conversation with a mixture: kept in files with all members' states, and read again by any other model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import charlm
from charlm.conversation import Conversation, load_conversation, save_conversation
from charlm.conversation.saving import fingerprint

TEXT = "abcab cab bead\n" * 6
VOCABULARY = charlm.Vocabulary.from_text(TEXT)
NETWORK = charlm.CharModel(charlm.ModelConfig(hidden_size=5), VOCABULARY, seed=1)
COUNTS = charlm.Counts(VOCABULARY, VOCABULARY.encode(TEXT), order=4)


def mixture(weight: float = 0.5) -> charlm.Mixture:
    return charlm.Mixture([NETWORK, COUNTS], [1 - weight, weight])


def continued(talk: Conversation, text: str) -> str:
    talk.append(text)
    return "".join(talk.generate())


@pytest.mark.parametrize("other", [mixture(0.25), NETWORK])
def test_a_file_is_continued_with_the_same_bits_or_read_again(tmp_path: Path, other: charlm.CharModel) -> None:
    talk = Conversation(mixture(), charlm.SampleConfig(length=20), seed=3)
    first = continued(talk, "cab")
    save_conversation(talk, tmp_path / "talk.npz")
    again = Conversation(mixture(), seed=9)
    load_conversation(again, tmp_path / "talk.npz")
    after = continued(talk, "ab")
    assert continued(again, "ab") == after
    again.undo()
    assert again.text == "cab" + first
    changed = Conversation(other)
    load_conversation(changed, tmp_path / "talk.npz")
    assert changed.text == "cab" + first
    assert continued(changed, "b")


def test_fingerprints_tell_mixtures_apart() -> None:
    other = charlm.Counts(VOCABULARY, VOCABULARY.encode(TEXT[1:]), order=4)
    shorter = charlm.Counts(VOCABULARY, VOCABULARY.encode(TEXT), order=3)
    models = [NETWORK, COUNTS, other, shorter, mixture(), mixture(0.25), charlm.Mixture([NETWORK, other])]
    assert len(set(map(fingerprint, models))) == len(models)
    assert fingerprint(mixture()) == fingerprint(mixture())
    with pytest.raises(charlm.UsageError, match="the state of a strange one cannot be saved; save the text alone"):
        fingerprint(type("Strange", (), {"kind": "strange one"})())


def test_surprisal_of_a_conversation() -> None:
    talk = Conversation(mixture(), charlm.SampleConfig(length=10), seed=1)
    text = "cab" + continued(talk, "cab")
    bits = talk.surprisal(len(text)).bits
    np.testing.assert_allclose(bits[1:], charlm.score(mixture(), text).bits[1:], rtol=1e-6)
