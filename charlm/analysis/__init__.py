"""What a model makes of a text: surprisal of each character, and its mean over a whole text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.analysis.baselines import corpus_baseline, text_baseline
    from charlm.analysis.evaluation import Evaluation, evaluate
    from charlm.analysis.gradients import check_models
    from charlm.analysis.pair_loss import PairNats, pair_nats
    from charlm.analysis.scoring import Score, score

__all__ = [
    "Evaluation",
    "PairNats",
    "Score",
    "check_models",
    "corpus_baseline",
    "evaluate",
    "pair_nats",
    "score",
    "text_baseline",
]

__getattr__ = loader(
    globals(),
    {
        "baselines": "corpus_baseline text_baseline",
        "evaluation": "Evaluation evaluate",
        "gradients": "check_models",
        "pair_loss": "PairNats pair_nats",
        "scoring": "Score score",
    },
)
