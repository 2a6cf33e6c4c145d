"""Every setting, in frozen dataclasses that check their values.

`ModelConfig`, `TransducerConfig`, `SeriesConfig`, `TrainConfig`, `SampleConfig` and `DynamicConfig` are in a file
each; `presets` are named sets of settings that learn well. The dataclasses alone hold the defaults, and the command
line reads them there. No file imports NumPy, so ``charlm --help`` stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.config.dynamic import DynamicConfig
    from charlm.config.mapping import from_mapping
    from charlm.config.model import CellName, DTypeName, GruReset, InitName, ModelConfig
    from charlm.config.presets import PresetName
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
    "PresetName",
    "SampleConfig",
    "Sampling",
    "ScheduleName",
    "SeriesConfig",
    "TrainConfig",
    "TransducerConfig",
    "Unit",
    "from_mapping",
]

__getattr__ = loader(
    globals(),
    {
        "dynamic": "DynamicConfig",
        "mapping": "from_mapping",
        "model": "CellName DTypeName GruReset InitName ModelConfig",
        "presets": "PresetName",
        "sample": "OnUnknown SampleConfig",
        "series": "OutputActivation SeriesConfig",
        "train": "LossReduction OnNan OptimizerName Sampling ScheduleName TrainConfig",
        "transducer": "LONGEST_OUTPUT OutputName TransducerConfig",
        "vocabulary": "DecodingErrors Normalization Unit",
    },
)
