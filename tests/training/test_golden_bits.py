"""The bits of fixed runs: weights, optimiser, losses, samples. A change that means to change none is held to it.

Bits follow from NumPy and its BLAS, so ``golden_bits.json`` has a set for each kind of machine that rounds alike,
known by what a few products and functions come to. On a kind that does not list a run only its losses are compared.
``CHARLM_TESTS_GOLDEN=write`` writes the set of this machine.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.blas import one_blas_thread
from charlm.checkpoint import load_checkpoint
from charlm.config import SampleConfig
from charlm.generation import sample_many

from .runs import log, make_names, make_text, new_model, train_in

GOLDEN = Path(__file__).with_name("golden_bits.json")

RUNS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "rnn": ({"cell": "rnn", "hidden_size": 48}, {}),
    "lstm": ({"hidden_size": 48}, {}),
    "gru-after": ({"cell": "gru", "hidden_size": 48}, {}),
    "gru-before": ({"cell": "gru", "gru_reset": "before", "hidden_size": 48}, {}),
    "two-layers": ({"hidden_size": 32, "layers": 2, "dropout": 0.3}, {"optimizer": "adam", "learning_rate": 0.01}),
    "two-layers-gru": ({"cell": "gru", "hidden_size": 24, "layers": 2, "embedding_size": 7}, {"clip_norm": 0.1}),
    "embedding": ({"hidden_size": 40, "embedding_size": 16, "variational": True, "dropout": 0.2}, {}),
    "weight-drop": ({"cell": "gru", "hidden_size": 40, "weight_drop": 0.3}, {"state_reset": 0.2}),
    "ema": (
        {"cell": "rnn", "hidden_size": 30},
        {"ema": 0.9, "optimizer": "sgd", "momentum": 0.9, "nesterov": True},
    ),
    "documents": ({"hidden_size": 20}, {"documents": True, "sampling": "random", "batch_size": 4}),
    "drawn-lengths": ({"hidden_size": 20, "dtype": "float64"}, {"seq_length_min": 3, "optimizer": "rmsprop"}),
    "single-stream": (
        {"cell": "rnn", "hidden_size": 33},
        {"sampling": "min-char-rnn", "batch_size": 1, "shards": 1},
    ),
    "wide": ({"hidden_size": 368}, {"steps": 3, "batch_size": 8, "seq_length": 4}),  # beyond a core's own cache
}


@cache
def machine() -> str:
    """Return what distinguishes machines that round differently."""
    rng, parts = np.random.default_rng(0), []
    with one_blas_thread():
        for M, K, N in ((1, 48, 192), (8, 48, 192), (16, 48, 48), (65, 512, 48), (33, 100, 7), (4, 368, 1472)):
            for dtype in (np.float32, np.float64):
                a, b = rng.normal(size=(M, K)).astype(dtype), rng.normal(size=(K, N)).astype(dtype)
                parts += [a @ b, a[0] @ b, b.T @ a.T]
        for dtype in (np.float32, np.float64):
            x = rng.normal(size=1001).astype(dtype)
            parts += [np.tanh(x), np.exp(x), np.log(np.abs(x)), x.sum(keepdims=True)]
    digest = hashlib.sha256(np.__version__.encode())
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes())
    return f"numpy {np.__version__} {digest.hexdigest()[:12]}"


def bits(name: str, folder: Path, workers: int) -> dict[str, Any]:
    """Run, and return its losses and a checksum of all that it leaves."""
    shape, settings = RUNS[name]
    documents = settings.get("documents", False)
    text = make_names(80) if documents else make_text(220)
    defaults = {
        "steps": 8,
        "batch_size": 8,
        "seq_length": 9,
        "shards": 2,
        "log_every": 1,
        "eval_every": 4,
        "seed": 5,
    }
    config = charlm.TrainConfig(**defaults | settings, workers=workers)
    model = new_model(text, stop=documents, **shape)
    train_in(folder, model, text, config)
    digest = hashlib.sha256()
    for file in ("last.npz", "best.npz"):
        checkpoint = load_checkpoint(folder / file)
        tensors = checkpoint.model.tensors() | checkpoint.tensors
        for key, tensor in sorted(tensors.items()):
            if not key.startswith("state."):  # whose layout is the file format's
                digest.update(key.encode() + tensor.tobytes())
    losses = [line["loss"] for line in log(folder) if line["event"] in ("step", "eval")]
    trained = charlm.load(folder)
    texts = ["".join(charlm.generate(trained, length=60, temperature=0.9, seed=3))]
    texts += [one.read() for one in sample_many(trained, SampleConfig(length=20), seeds=range(10))]
    evaluation = charlm.evaluate(trained, text[:300]).nats
    digest.update(json.dumps([losses, texts, evaluation]).encode())
    return {"losses": [round(loss, 5) for loss in losses], "sha256": digest.hexdigest()}


@pytest.mark.parametrize("name", RUNS)
def test_a_fixed_run_has_the_bits_that_it_had(name: str, tmp_path: Path) -> None:
    with one_blas_thread():  # for what follows training, too
        found = bits(name, tmp_path / "one", 1)
        if RUNS[name][1].get("shards") != 1:
            assert bits(name, tmp_path / "two", 2) == found
    golden = json.loads(GOLDEN.read_text("ascii")) if GOLDEN.exists() else {}
    if os.environ.get("CHARLM_TESTS_GOLDEN") == "write":
        golden.setdefault(machine(), {})[name] = found
        GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n", "ascii")
    own = golden.get(machine(), {})
    losses = next(known[name]["losses"] for known in (own, *golden.values()) if name in known)
    np.testing.assert_allclose(found["losses"], losses, rtol=1e-3)
    if name in own:
        assert found == own[name]
