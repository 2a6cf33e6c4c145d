"""What a model makes of a text: surprisal of each character, and its mean over a whole text."""

from __future__ import annotations

from charlm.analysis.evaluation import Evaluation, evaluate
from charlm.analysis.scoring import Score, score

__all__ = ["Evaluation", "Score", "evaluate", "score"]
