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

from charlm.lazy import loader

__version__ = "0.1.0"

# The public names by the modules that define them. They are loaded at first use (PEP 562), so that `import charlm`
# and `charlm --help` do not wait for NumPy.
_NAMES = {
    "analysis.evaluation": "evaluate",
    "analysis.scoring": "score",
    "checkpoint": "load save",
    "config": "DynamicConfig ModelConfig SampleConfig SeriesConfig TrainConfig TransducerConfig",
    "errors": "CharlmError CheckpointError ConstraintError CorpusError DiskError DivergedError PeerLostError "
    "RunLockedError UsageError VocabularyError",
    "generation.generated_text": "generate",
    "generation.transduction": "transduce",
    "models.counts": "Counts",
    "models.ensemble": "Ensemble",
    "models.extension": "extended",
    "models.language_model": "CharModel",
    "models.mixture": "Mixture",
    "models.series": "SeriesModel",
    "models.transducer": "Transducer",
    "text.vocabulary": "Vocabulary",
    "training.train": "train",
}
__all__ = sorted(["__version__", "nn", *" ".join(_NAMES.values()).split()])

_load = loader(globals(), _NAMES)

if TYPE_CHECKING:  # the same names for type checkers; a test compares
    from charlm import nn as nn
    from charlm.analysis.evaluation import evaluate as evaluate
    from charlm.analysis.scoring import score as score
    from charlm.checkpoint import load as load
    from charlm.checkpoint import save as save
    from charlm.config import (
        DynamicConfig as DynamicConfig,
    )
    from charlm.config import (
        ModelConfig as ModelConfig,
    )
    from charlm.config import (
        SampleConfig as SampleConfig,
    )
    from charlm.config import (
        SeriesConfig as SeriesConfig,
    )
    from charlm.config import (
        TrainConfig as TrainConfig,
    )
    from charlm.config import (
        TransducerConfig as TransducerConfig,
    )
    from charlm.errors import (
        CharlmError as CharlmError,
    )
    from charlm.errors import (
        CheckpointError as CheckpointError,
    )
    from charlm.errors import (
        ConstraintError as ConstraintError,
    )
    from charlm.errors import (
        CorpusError as CorpusError,
    )
    from charlm.errors import (
        DiskError as DiskError,
    )
    from charlm.errors import (
        DivergedError as DivergedError,
    )
    from charlm.errors import (
        PeerLostError as PeerLostError,
    )
    from charlm.errors import (
        RunLockedError as RunLockedError,
    )
    from charlm.errors import (
        UsageError as UsageError,
    )
    from charlm.errors import (
        VocabularyError as VocabularyError,
    )
    from charlm.generation.generated_text import generate as generate
    from charlm.generation.transduction import transduce as transduce
    from charlm.models.counts import Counts as Counts
    from charlm.models.ensemble import Ensemble as Ensemble
    from charlm.models.extension import extended as extended
    from charlm.models.language_model import CharModel as CharModel
    from charlm.models.mixture import Mixture as Mixture
    from charlm.models.series import SeriesModel as SeriesModel
    from charlm.models.transducer import Transducer as Transducer
    from charlm.text.vocabulary import Vocabulary as Vocabulary
    from charlm.training.train import train as train


def __getattr__(name: str) -> Any:
    return import_module("charlm.nn") if name == "nn" else _load(name)


def __dir__() -> list[str]:
    return __all__
