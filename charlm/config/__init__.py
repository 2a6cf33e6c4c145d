"""Every setting, in frozen dataclasses that check their values.

`ModelConfig`, `TransducerConfig`, `SeriesConfig`, `TrainConfig`, `SampleConfig` and `DynamicConfig` are in a file
each; `presets` are named sets of settings that learn well. The dataclasses alone hold the defaults, and the command
line reads them there. No file imports NumPy, so ``charlm --help`` stays fast.
"""

from __future__ import annotations

from charlm.config.dynamic import DynamicConfig
from charlm.config.mapping import from_mapping
from charlm.config.model import CellName, DTypeName, GruReset, InitName, ModelConfig
from charlm.config.sample import OnUnknown, SampleConfig
from charlm.config.series import OutputActivation, SeriesConfig
from charlm.config.train import LossReduction, OnNan, OptimizerName, Sampling, ScheduleName, TrainConfig
from charlm.config.transducer import LONGEST_OUTPUT, OutputName, TransducerConfig
from charlm.config.vocabulary import DecodingErrors, Normalization, Unit

__all__ = [
    "LONGEST_OUTPUT",
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
    "OutputActivation",
    "OutputName",
    "SampleConfig",
    "Sampling",
    "ScheduleName",
    "SeriesConfig",
    "TrainConfig",
    "TransducerConfig",
    "Unit",
    "from_mapping",
]
