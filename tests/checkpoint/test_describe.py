from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from charlm.checkpoint import describe_model

from .stored_runs import TRAINING, run


def test_a_model(tmp_path: Path) -> None:
    file = run(tmp_path, "x", 1000.0, TRAINING) / "last.npz"
    info = describe_model(file)
    assert (info.path, info.bytes, info.saved_s) == (str(file), file.stat().st_size, 1000.0)
    assert (info.config["cell"], info.unit, info.symbols) == ("gru", "char", 4)
    # per gru layer 3H(D + H + 1) + H, then the head V(H + 1); D is V, then H
    assert info.parameters == (9 * 8 + 3) + (9 * 7 + 3) + 4 * 4
    assert sum(tensor.entries for tensor in info.weights) == info.parameters
    assert [tensor.name for tensor in info.others] == ["state.0.h"]
    state = info.others[0]
    assert (state.shape, state.dtype, state.entries) == ((3, 2), "float32", 6)
    head = b"state.0.h\n<f4\n3,2\n"
    assert state.sha256 == hashlib.sha256(head + np.ones((3, 2), "<f4").tobytes()).hexdigest()
    values = json.loads(json.dumps(info.to_json()))
    assert values["saved"] == "1970-01-01T00:16:40+00:00"
    assert "saved_s" not in values
    assert values["training"] == TRAINING
    assert values["weights"][0]["shape"] == [9, 4]
