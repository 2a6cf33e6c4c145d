"""Evaluation of models: surprisal of each character, loss on a text, baselines, inspection of the hidden units.

=================  =============================================================================================
`surprisal`        −ln p of every symbol; `scoring`: `score`, of each character; `pieces`: the characters of a text
`evaluation`       `evaluate`, the mean over a text; `dynamic`: the weights learn from the text that has been read
`members`          the networks and counts of a mixture: what each predicts, and all together
`breakdown`        loss by class and place, calibration; `totals`: sums of scores; `likeliest`: likely symbols
`pair_loss`        loss of a model of pairs; `pair_measures`: exact match, edit distance, precision and recall
`ngram`            a Kneser–Ney baseline; `baselines`: its loss on a text; `novelty`: verbatim runs of a corpus
`mixing`           `with_counts`: a model mixed with the n-gram counts of its training text
`gradients`        gradient checks of whole models; `inspection`: activations, gates, connectivity, health
=================  =============================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.analysis.baselines import corpus_baseline, held_out_bits, text_baseline
    from charlm.analysis.breakdown import Breakdown, break_down
    from charlm.analysis.candidates import Candidate, likeliest
    from charlm.analysis.evaluation import Evaluation, evaluate
    from charlm.analysis.gradients import check_models
    from charlm.analysis.mixing import with_counts
    from charlm.analysis.pair_loss import PairNats, pair_nats
    from charlm.analysis.quotations import Novelty, measure_novelty
    from charlm.analysis.scoring import Score, score, score_parts
    from charlm.analysis.totals import Totals

__all__ = [
    "Breakdown",
    "Candidate",
    "Evaluation",
    "Novelty",
    "PairNats",
    "Score",
    "Totals",
    "break_down",
    "check_models",
    "corpus_baseline",
    "evaluate",
    "held_out_bits",
    "likeliest",
    "measure_novelty",
    "pair_nats",
    "score",
    "score_parts",
    "text_baseline",
    "with_counts",
]

__getattr__ = loader(
    globals(),
    {
        "baselines": "corpus_baseline held_out_bits text_baseline",
        "breakdown": "Breakdown break_down",
        "evaluation": "Evaluation evaluate",
        "gradients": "check_models",
        "candidates": "Candidate likeliest",
        "mixing": "with_counts",
        "pair_loss": "PairNats pair_nats",
        "scoring": "Score score score_parts",
        "totals": "Totals",
        "quotations": "Novelty measure_novelty",
    },
)
