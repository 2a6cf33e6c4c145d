"""charlm: train, use and understand character-level recurrent language models, in NumPy.

>>> import charlm
>>> text = "the cat sat on the mat. " * 40
>>> model = charlm.CharModel(charlm.ModelConfig(hidden_size=16), charlm.Vocabulary.from_text(text))
>>> reports = list(charlm.train(model, text, charlm.TrainConfig(steps=5)))
>>> reports[-1].step
5
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Loaded at first use (PEP 562), so that `import charlm` and `charlm --help` do not wait for NumPy.
_HOMES = {
    "CharModel": "charlm.models.language_model",
    "CharlmError": "charlm.errors",
    "CheckpointError": "charlm.errors",
    "ConstraintError": "charlm.errors",
    "CorpusError": "charlm.errors",
    "DiskError": "charlm.errors",
    "DivergedError": "charlm.errors",
    "DynamicConfig": "charlm.config",
    "ModelConfig": "charlm.config",
    "PeerLostError": "charlm.errors",
    "RunLockedError": "charlm.errors",
    "SampleConfig": "charlm.config",
    "TrainConfig": "charlm.config",
    "UsageError": "charlm.errors",
    "Vocabulary": "charlm.text.vocabulary",
    "VocabularyError": "charlm.errors",
    "evaluate": "charlm.analysis.evaluation",
    "extended": "charlm.models.extension",
    "generate": "charlm.generation.streaming",
    "load": "charlm.checkpoint",
    "save": "charlm.checkpoint",
    "score": "charlm.analysis.scoring",
    "train": "charlm.training.train",
}

__all__ = [
    "CharModel",
    "CharlmError",
    "CheckpointError",
    "ConstraintError",
    "CorpusError",
    "DiskError",
    "DivergedError",
    "DynamicConfig",
    "ModelConfig",
    "PeerLostError",
    "RunLockedError",
    "SampleConfig",
    "TrainConfig",
    "UsageError",
    "Vocabulary",
    "VocabularyError",
    "__version__",
    "evaluate",
    "extended",
    "generate",
    "load",
    "nn",
    "save",
    "score",
    "train",
]

if TYPE_CHECKING:
    from charlm import nn
    from charlm.analysis.evaluation import evaluate
    from charlm.analysis.scoring import score
    from charlm.checkpoint import load, save
    from charlm.config import DynamicConfig, ModelConfig, SampleConfig, TrainConfig
    from charlm.errors import (
        CharlmError,
        CheckpointError,
        ConstraintError,
        CorpusError,
        DiskError,
        DivergedError,
        PeerLostError,
        RunLockedError,
        UsageError,
        VocabularyError,
    )
    from charlm.generation.streaming import generate
    from charlm.models.extension import extended
    from charlm.models.language_model import CharModel
    from charlm.text.vocabulary import Vocabulary
    from charlm.training.train import train


def __getattr__(name: str) -> Any:
    if name == "nn":
        return import_module("charlm.nn")
    if name not in _HOMES:
        raise AttributeError(f"module 'charlm' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
