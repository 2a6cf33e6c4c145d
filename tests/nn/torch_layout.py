"""From PyTorch's names and memory layout to charlm's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Record = Mapping[str, Array]


def stored_records() -> dict[str, dict[str, Array]]:
    """Read the reference numbers that ``make_reference.py`` wrote."""
    records: dict[str, dict[str, Array]] = {}
    with np.load(Path(__file__).parent / "reference" / "torch.npz") as file:
        for key in file.files:
            name, part = key.split("/")
            records.setdefault(name, {})[part] = file[key]
    return records


def columns_last(x: Array) -> Array:
    """(…, N, features) → (…, features, N)."""
    return np.ascontiguousarray(x.swapaxes(-1, -2))


def weights(record: Record, cell: str, layer: int) -> dict[str, Array]:
    """Return a layer's weights. PyTorch has two biases; only a GRU's candidate needs both."""
    b_ih, b_hh = record[f"bias_ih_l{layer}"], record[f"bias_hh_l{layer}"]
    tensors = {"W_x": record[f"weight_ih_l{layer}"], "W_h": record[f"weight_hh_l{layer}"], "b": b_ih + b_hh}
    if cell == "gru":
        r, z, n = np.split(b_ih, 3)
        h_r, h_z, h_n = np.split(b_hh, 3)
        tensors |= {"b": np.concatenate([r + h_r, z + h_z, n]), "b_hn": h_n}
    return tensors


def weight_gradients(record: Record, cell: str, layer: int) -> dict[str, Array]:
    """Return a layer's weight gradients; the gradients of two biases that are added are equal."""
    tensors = {
        "W_x": record[f"d.weight_ih_l{layer}"],
        "W_h": record[f"d.weight_hh_l{layer}"],
        "b": record[f"d.bias_ih_l{layer}"],
    }
    if cell == "gru":
        tensors["b_hn"] = np.split(record[f"d.bias_hh_l{layer}"], 3)[2]
    return tensors


def states(record: Record, cell: str, prefix: str = "") -> list[tuple[Array, ...]]:
    """Return each layer's state parts, (H, N); `prefix` is "", "end.", "d." or "d.end."."""
    parts = ("h", "c") if cell == "lstm" else ("h",)
    stacks = [columns_last(record[prefix + part]) for part in parts]
    return list(zip(*stacks, strict=True))
