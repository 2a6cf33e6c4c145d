"""Checkpoints: one ``.npz`` file a model, run folders, and which of them is meant.

``archive``
    The zip container, read with suspicion.
``npy``
    One array in it.
``npz``
    Tensors and metadata, checksummed.
``reading_errors``
    Every way in which reading fails becomes one `CheckpointError`.
``store``
    Models to files and back.
``atomic``
    The one writer of files.
``journal``
    A log that only grows.
``locate``
    The file that a name means; the list of runs.
``describe``
    What people want to know about a checkpoint and about the runs there are.
``run_folder``
    A run's own folder and its lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.checkpoint.atomic import atomic_file, write_json
    from charlm.checkpoint.describe import (
        ModelInfo,
        RunInfo,
        TensorInfo,
        describe_model,
        describe_runs,
        is_unfinished,
    )
    from charlm.checkpoint.journal import Journal
    from charlm.checkpoint.locate import RUNS, Run, find_model, find_run, is_checkpoint, list_runs, newest_run
    from charlm.checkpoint.npz import Contents, read_meta, read_npz, write_npz
    from charlm.checkpoint.run_folder import clear_run_folder, lock_run_folder, new_run_folder
    from charlm.checkpoint.store import Checkpoint, load, load_checkpoint, save

__all__ = [
    "RUNS",
    "Checkpoint",
    "Contents",
    "Journal",
    "ModelInfo",
    "Run",
    "RunInfo",
    "TensorInfo",
    "atomic_file",
    "clear_run_folder",
    "describe_model",
    "describe_runs",
    "find_model",
    "find_run",
    "is_checkpoint",
    "is_unfinished",
    "list_runs",
    "load",
    "load_checkpoint",
    "lock_run_folder",
    "new_run_folder",
    "newest_run",
    "read_meta",
    "read_npz",
    "save",
    "write_json",
    "write_npz",
]

__getattr__ = loader(
    globals(),
    {
        "atomic": "atomic_file write_json",
        "describe": "ModelInfo RunInfo TensorInfo describe_model describe_runs is_unfinished",
        "journal": "Journal",
        "locate": "RUNS Run find_model find_run is_checkpoint list_runs newest_run",
        "npz": "Contents read_meta read_npz write_npz",
        "run_folder": "clear_run_folder lock_run_folder new_run_folder",
        "store": "Checkpoint load load_checkpoint save",
    },
)
