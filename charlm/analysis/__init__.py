"""What a model makes of a text: surprisal of each character, and its mean over a whole text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.analysis.evaluation import Evaluation, evaluate
    from charlm.analysis.scoring import Score, score

__all__ = ["Evaluation", "Score", "evaluate", "score"]

__getattr__ = loader(globals(), {"evaluation": "Evaluation evaluate", "scoring": "Score score"})
