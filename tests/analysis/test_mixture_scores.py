"""Results of `evaluate`, `score`, `break_down` and `likeliest` for a mixture."""

from __future__ import annotations

import math

import numpy as np
import pytest

import charlm
from charlm.analysis import break_down, likeliest, surprisal
from charlm.models.counts import Counts
from charlm.models.mixture import Mixture

TEXT = "a cab, a bead.\nabba cab\n"


def make(stop: bool) -> Mixture:
    vocabulary = charlm.Vocabulary.from_text(TEXT, stop=stop)
    config = charlm.ModelConfig(hidden_size=6, dtype="float64")
    networks = [charlm.CharModel(config, vocabulary, seed=seed) for seed in (1, 2)]
    stops = [] if vocabulary.stop_id is None else [vocabulary.stop_id]
    ids = np.concatenate([[*stops, *vocabulary.encode(line)] for line in ("a cab", "a bead", "cab")])
    return Mixture([*networks, Counts(vocabulary, ids, order=4)], [0.2, 0.3, 0.5])


def naive_bits(mixture: Mixture, ids: list[int]) -> list[float]:
    """Average the members' softmaxes, one whole prefix at a time."""
    bits = []
    for t in range(1, len(ids)):
        p = 0.0
        for w, member in zip(mixture.weights, mixture.members, strict=True):
            z = member.logits(np.array(ids[:t])[:, None])[0][-1, 0]
            p += w * math.exp(z[ids[t]]) / sum(map(math.exp, z))
        bits.append(-math.log2(p))
    return bits


def test_a_stream() -> None:
    mixture = make(stop=False)
    expected = naive_bits(mixture, mixture.vocabulary.encode(TEXT).tolist())
    np.testing.assert_allclose(charlm.score(mixture, TEXT).bits[1:], expected, rtol=1e-10)
    found = charlm.evaluate(mixture, TEXT)
    assert found.bits_per_char == pytest.approx(np.mean(expected), rel=1e-12)
    assert break_down(mixture, TEXT).bits == pytest.approx(np.mean(expected), rel=1e-10)
    places = list(likeliest(mixture, TEXT, count=len(mixture.vocabulary)))
    np.testing.assert_allclose([bits for _, bits, _ in places[1:]], expected, rtol=1e-10)
    assert sum(candidate.probability for candidate in places[5][2]) == pytest.approx(1, abs=1e-12)


def test_documents_are_read_one_by_one() -> None:
    mixture = make(stop=True)
    stop = mixture.vocabulary.stop_id
    assert stop is not None
    expected = np.concatenate(
        [naive_bits(mixture, [stop, *mixture.vocabulary.encode(line).tolist(), stop]) for line in TEXT.splitlines()]
    )
    np.testing.assert_allclose(charlm.score(mixture, TEXT).bits, expected, rtol=1e-10)
    assert charlm.evaluate(mixture, TEXT).bits_per_char == pytest.approx(expected.mean(), rel=1e-12)


@pytest.mark.parametrize("stop", [False, True])
def test_evaluate_reports_each_member(stop: bool) -> None:
    mixture = make(stop)
    parts, (one, two, counts) = charlm.evaluate(mixture, TEXT).members, mixture.members
    alone = [charlm.evaluate(member, TEXT).nats for member in mixture.members]
    assert [part.nats for part in parts] == pytest.approx(alone, rel=1e-12)
    assert [part.weight for part in parts] == pytest.approx(mixture.weights, rel=1e-15)
    assert [part.model for part in parts] == list(mixture.members)
    nested = Mixture([Mixture([one, two], [0.4, 0.6]), counts])
    found = charlm.evaluate(nested, TEXT)
    assert [part.weight for part in found.members] == pytest.approx([0.2, 0.3, 0.5], rel=1e-15)
    assert [part.nats for part in found.members] == [part.nats for part in parts]


def test_long_texts_are_read_in_the_same_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    mixture = make(stop=False)
    whole = charlm.evaluate(mixture, TEXT)
    monkeypatch.setattr(surprisal, "_CHUNK", 60)  # 2 steps of the networks, 6 of the counts
    pieces = charlm.evaluate(mixture, TEXT)
    assert pieces.nats == pytest.approx(whole.nats, rel=1e-12)
    assert [part.nats for part in pieces.members] == pytest.approx([part.nats for part in whole.members], rel=1e-12)


def test_counts_alone() -> None:
    counts = make(stop=False).members[2]
    expected = naive_bits(Mixture([counts]), counts.vocabulary.encode(TEXT).tolist())
    assert charlm.evaluate(counts, TEXT).bits_per_char == pytest.approx(np.mean(expected), rel=1e-12)
