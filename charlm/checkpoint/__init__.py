"""Checkpoints: ``.npz`` files of models, run folders, and the search for them.

``archive``
    The zip container, as untrusted input.
``npy``
    An array in it.
``npz``
    Tensors and metadata, checksummed.
``reading_errors``
    All errors of reading as `CheckpointError`.
``learners``
    Metadata and tensors of each kind of model.
``store``
    Saving and loading of models.
``atomic``
    Atomic writing of files.
``journal``
    An append-only log.
``locate``
    The file of a name; the list of runs.
``describe``
    Facts of a checkpoint.
``run_folder``
    The folder of a run and its lock.
``run_list``
    Facts of all runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.checkpoint.atomic import atomic_file, write_json
    from charlm.checkpoint.describe import ModelInfo, TensorInfo, describe_model
    from charlm.checkpoint.journal import Journal
    from charlm.checkpoint.locate import RUNS, StoredRun, find_model, find_run, is_checkpoint, list_runs, newest_run
    from charlm.checkpoint.model_or_text import is_model, is_text, refuse_models
    from charlm.checkpoint.npz import Contents, read_meta, read_npz, write_npz
    from charlm.checkpoint.run_folder import clear_run_folder, lock_run_folder, new_run_folder
    from charlm.checkpoint.run_list import RunInfo, describe_runs, is_unfinished
    from charlm.checkpoint.store import Checkpoint, load, load_checkpoint, load_predictor, save

__all__ = [
    "RUNS",
    "Checkpoint",
    "Contents",
    "Journal",
    "ModelInfo",
    "RunInfo",
    "StoredRun",
    "TensorInfo",
    "atomic_file",
    "clear_run_folder",
    "describe_model",
    "describe_runs",
    "find_model",
    "find_run",
    "is_checkpoint",
    "is_model",
    "is_text",
    "is_unfinished",
    "list_runs",
    "load",
    "load_checkpoint",
    "load_predictor",
    "lock_run_folder",
    "new_run_folder",
    "newest_run",
    "read_meta",
    "read_npz",
    "refuse_models",
    "save",
    "write_json",
    "write_npz",
]

__getattr__ = loader(
    globals(),
    {
        "atomic": "atomic_file write_json",
        "describe": "ModelInfo TensorInfo describe_model",
        "journal": "Journal",
        "locate": "RUNS StoredRun find_model find_run is_checkpoint list_runs newest_run",
        "model_or_text": "is_model is_text refuse_models",
        "npz": "Contents read_meta read_npz write_npz",
        "run_folder": "clear_run_folder lock_run_folder new_run_folder",
        "run_list": "RunInfo describe_runs is_unfinished",
        "store": "Checkpoint load load_checkpoint load_predictor save",
    },
)
