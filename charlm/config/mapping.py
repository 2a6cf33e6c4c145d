"""Configurations from JSON values."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from charlm.config.model import ModelConfig
from charlm.config.sample import SampleConfig
from charlm.config.series import SeriesConfig
from charlm.config.train import TrainConfig
from charlm.config.transducer import TransducerConfig
from charlm.errors import UsageError

__all__ = ["from_mapping"]

_Config = TypeVar("_Config", ModelConfig, TrainConfig, SampleConfig, TransducerConfig, SeriesConfig)


def from_mapping(cls: type[_Config], values: dict[str, Any]) -> _Config:
    """Build a configuration from JSON values.

    Raises
    ------
    UsageError
        For an unknown name or a value out of range.
    """
    known = {field.name for field in dataclasses.fields(cls)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise UsageError(f"{cls.__name__} has no setting {', '.join(unknown)}; it was written by another version")
    settings: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    return cls(**settings)
