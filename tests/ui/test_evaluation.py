"""The lines of an evaluation."""

from __future__ import annotations

from charlm import CharModel, ModelConfig, Vocabulary
from charlm.analysis.evaluation import Evaluation
from charlm.analysis.members import MemberLoss
from charlm.config import DynamicConfig
from charlm.models.counts import Counts
from charlm.ui.evaluation import evaluation_lines, evaluation_table


def test_the_columns_of_members_are_aligned_however_large_a_loss_is() -> None:
    vocabulary = Vocabulary.from_text("abc")
    network = CharModel(ModelConfig(hidden_size=8), vocabulary)
    counts = Counts(vocabulary, vocabulary.encode("abcabc"))
    members = (MemberLoss(network, 509_800_571.8, 0.0), MemberLoss(counts, 1.5, 1.0))
    *_, titles, first, second = evaluation_lines(Evaluation(1.5, 2.2, 9, 9, members), "char")
    assert titles == "  alone  weight  member"
    assert first == "5.1e+08   0.000  lstm 8 · 3 symbols · 411 parameters"
    assert second == " 1.5000   1.000  counts of 6 symbols, order 10"


def test_dynamic_evaluation_of_a_mixture_names_the_speed_of_its_weights() -> None:
    counts = Counts(Vocabulary.from_text("abc"), Vocabulary.from_text("abc").encode("abcabc"))
    for members, named in ((1, ""), (2, ", mixing 0.5")):
        found = Evaluation(1.5, 2.2, 9, 9, (MemberLoss(counts, 1.5, 1.0),) * members)
        lines = list(evaluation_lines(found, "char", dynamic=DynamicConfig(mixing=0.5, length=7)))
        assert f"dynamic: rate 0.002, decay 0.003{named}, every 7 characters" in lines


def test_the_title_of_short_names_stands_apart() -> None:
    row = {"model": "a", "text": "t.txt", "bits_per_char": 2.0, "nats": 1.4, "characters": 9}
    assert next(evaluation_table([row])) == "model  bits/char    nats  characters  text"
