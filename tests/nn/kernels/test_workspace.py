"""A workspace stores what was made, by name, shape and type."""

from __future__ import annotations

import numpy as np

from charlm.nn import Workspace


def test_the_same_array_comes_back() -> None:
    workspace = Workspace()
    first = workspace.array("z", (2, 3), np.float32)
    assert workspace.array("z", (2, 3), np.float32) is first
    assert (first.shape, first.dtype) == ((2, 3), np.float32)


def test_name_shape_and_dtype_tell_arrays_apart() -> None:
    workspace = Workspace()
    arrays = [
        workspace.array(name, shape, dtype)
        for name in ("y", "z")
        for shape in ((2, 3), (3, 2))
        for dtype in (np.float32, np.float64)
    ]
    assert not any(np.shares_memory(a, b) for a in arrays for b in arrays if a is not b)
    assert not np.shares_memory(arrays[0], Workspace().array("y", (2, 3), np.float32))


def test_things_are_made_once() -> None:
    workspace, made = Workspace(), []
    for _ in range(2):
        workspace.get("key", lambda: made.append(1) or len(made))
    assert made == [1]
