"""A model that predicts texts, described in a line; apart from `charlm.ui.wording`, which needs no NumPy."""

from __future__ import annotations

import dataclasses

from charlm.models.counts import Counts
from charlm.models.language_model import CharModel
from charlm.models.mixture import Mixture
from charlm.models.predictor import Predictor
from charlm.ui.sanitize import visible_line
from charlm.ui.wording import counts_line, model_line

__all__ = ["predictor_line"]


def predictor_line(model: Predictor) -> str:
    """Describe a model that predicts texts.

    Examples
    --------
    >>> from charlm import CharModel, ModelConfig, Vocabulary
    >>> network = CharModel(ModelConfig(hidden_size=8), Vocabulary.from_text("abc"))
    >>> predictor_line(Mixture([network, network], [0.25, 0.75]))
    '0.25 (lstm 8 · 3 symbols · 411 parameters) + 0.75 (lstm 8 · 3 symbols · 411 parameters)'
    """
    if isinstance(model, Mixture):
        parts = zip(model.weights, model.members, strict=True)
        return " + ".join(f"{weight:.2f} ({predictor_line(member)})" for weight, member in parts)
    if isinstance(model, Counts):
        return counts_line(**model.describe(), symbols=model.tensors()["ids"].size)
    if not isinstance(model, CharModel):
        return visible_line(model.kind)
    config, symbols = {"model": dataclasses.asdict(model.config)}, len(model.vocabulary)
    return model_line({"config": config, "vocabulary": symbols, "parameters": model.params.value.size})
