"""Every setting, in frozen dataclasses that check themselves.

`ModelConfig`, `TrainConfig`, `SampleConfig`, `DynamicConfig`, each in a file of its own; `presets` are named sets
of them that learn well.

Defaults are here and nowhere else: the command line reads them from the dataclasses. Nothing here needs
NumPy, so ``charlm --help`` stays quick.
"""

from __future__ import annotations

from charlm.config.dynamic import DynamicConfig
from charlm.config.mapping import from_mapping
from charlm.config.model import CellName, DTypeName, GruReset, InitName, ModelConfig
from charlm.config.sample import OnUnknown, SampleConfig
from charlm.config.train import LossReduction, OnNan, OptimizerName, Sampling, ScheduleName, TrainConfig
from charlm.config.vocabulary import DecodingErrors, Normalization, Unit

__all__ = [
    "CellName",
    "DTypeName",
    "DecodingErrors",
    "DynamicConfig",
    "GruReset",
    "InitName",
    "LossReduction",
    "ModelConfig",
    "Normalization",
    "OnNan",
    "OnUnknown",
    "OptimizerName",
    "SampleConfig",
    "Sampling",
    "ScheduleName",
    "TrainConfig",
    "Unit",
    "from_mapping",
]
