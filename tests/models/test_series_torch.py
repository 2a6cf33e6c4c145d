"""`SeriesModel` against the same model built of PyTorch's modules: outputs, loss, every gradient, free-running."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from charlm.models.series import SeriesModel
from charlm.text.batches.base import Batch

from .test_series import KINDS, D, H, N, draw_batch, draw_state, make

torch = pytest.importorskip("torch", reason="pip install -e .[parity]")

EXACT = {"rtol": 1e-10, "atol": 1e-10}
CELLS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}


class Peer(torch.nn.Module):
    """A cell of `torch.nn` and a linear head, with the weights of a `SeriesModel`."""

    def __init__(self, model: SeriesModel) -> None:
        super().__init__()
        c = self.config = model.config
        self.cell = getattr(torch.nn, CELLS[c.cell])(D, H, c.layers).double()
        self.head = torch.nn.Linear(H, D).double()
        self.pairs: list[tuple[str, Any]] = [("head.W", self.head.weight), ("head.b", self.head.bias)]
        for k in range(c.layers):
            W_x, W_h, b, b_h = (
                getattr(self.cell, f"{name}_l{k}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            self.pairs += [(f"layers.{k}.W_x", W_x), (f"layers.{k}.W_h", W_h), (f"layers.{k}.b", b)]
            b_h.data.zero_()
            if c.cell == "gru":
                b_h.data[2 * H :] = torch.from_numpy(model.params[f"layers.{k}.b_hn"])
        for name, tensor in self.pairs:
            tensor.data = torch.from_numpy(model.params[name].copy())

    def start(self, state: Any) -> Any:
        parts = [torch.from_numpy(np.stack(part)) for part in zip(*state, strict=True)]  # each (layers, N, H)
        return tuple(parts) if self.config.cell == "lstm" else parts[0]

    def loss(self, batch: Batch, state: Any) -> Any:
        h, _ = self.cell(torch.from_numpy(batch["inputs"].copy()), self.start(state))
        errors = (self.head(h) - torch.from_numpy(batch["targets"].copy())) ** 2
        return errors.mean() if batch.get("mask") is None else errors[torch.from_numpy(batch["mask"])].mean()

    def continued(self, x: Any, steps: int, state: Any) -> Any:
        made, now, x = [], self.start(state), torch.from_numpy(x.copy())
        for _ in range(steps):
            h, now = self.cell(x, now)
            x = self.head(h[-1:])
            made.append(x)
        return torch.cat(made)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_loss_and_gradients(cell: str, mask: bool, layers: int) -> None:
    model, batch = make(KINDS[cell], layers=layers), draw_batch(mask=mask)
    state, peer = draw_state(model), Peer(model)
    loss, _, backprop = model.loss(batch, state)
    backprop()
    theirs = peer.loss(batch, state)
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-10)
    for name, tensor in peer.pairs:
        np.testing.assert_allclose(model.params.gradient(name), tensor.grad.numpy(), **EXACT, err_msg=name)
    if cell == "gru":
        b_h = peer.cell.bias_hh_l0.grad.numpy()[2 * H :]
        np.testing.assert_allclose(model.params.gradient("layers.0.b_hn"), b_h, **EXACT)


@pytest.mark.parametrize("cell", CELLS)
def test_free_running(cell: str) -> None:
    model, start = make(KINDS[cell]), draw_batch()["inputs"]
    state = draw_state(model)
    with torch.no_grad():
        wanted = Peer(model).continued(start, 5, state).numpy()
    assert wanted.shape == (5, N, D)
    np.testing.assert_allclose(model.generate(start, 5, state=state), wanted, **EXACT)
