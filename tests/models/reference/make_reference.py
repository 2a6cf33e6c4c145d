"""Make ``transducers.npz``: the loss and every gradient of transducers built of PyTorch's modules, in float64.

The tests compare charlm's transducers with this file, so that they prove parity without PyTorch; where it is
installed, they build its models again for every kind.

    python -m tests.models.reference.make_reference
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from charlm.models.transducer import Transducer
from charlm.text.batches.base import Batch
from tests.models.pairs import draw_batch, make
from tests.nn.naive_ngrams import naive_rows

CELLS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
LENGTHS = [(3, 2), (5, 4), (1, 0), (5, 5)]
STORED = [("text", "lstm"), ("layers", "gru"), ("neither", "rnn"), ("label", "gru"), ("tags-one-way", "lstm")]


def weights_of(module: Any, k: int, suffix: str = "") -> tuple[Any, ...]:
    return tuple(
        getattr(module, f"{name}_l{k}{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )


class Peer(torch.nn.Module):
    """Encoder, decoder, attention and head of `torch.nn`, with packed sources."""

    def __init__(self, model: Transducer) -> None:
        super().__init__()
        c = self.config = model.config
        cell, E, H = getattr(torch.nn, CELLS[c.cell]), c.embedding_size, c.hidden_size
        V, outputs = len(model.source), len(model.target or model.labels)
        self.tables = [torch.nn.Embedding(v, E) if E else torch.eye(v) for v in (V, outputs)]
        self.encoder = cell(E or V, H // (1 + c.bidirectional), c.layers, bidirectional=c.bidirectional)
        self.decoder = cell(E or outputs, H, c.layers) if c.output == "text" else None
        self.attention = torch.nn.Linear(2 * H, H) if c.attends else None
        self.head = torch.nn.Linear(H, outputs)
        self.ngrams = None
        if model.ngrams is not None:
            self.known = model.ngrams.known.tolist()
            self.ngrams = torch.nn.EmbeddingBag(len(model.params["ngrams.W"]), outputs, mode="sum")
        self.pairs: list[tuple[str, Any]] = []  # our names and their tensors
        self.double()
        parts = [("encoder", self.encoder, self.tables[0])]
        parts += [("decoder", self.decoder, self.tables[1])] if self.decoder is not None else []
        for name, module, table in parts:
            if E:
                self.pairs.append((f"{name}.embedding.W", table.double().weight))
            both = c.bidirectional and name == "encoder"
            for k in range(c.layers):
                for ours, theirs in ((".forward", ""), (".backward", "_reverse")) if both else (("", ""),):
                    self.take_cell(model, f"{name}.layers.{k}{ours}", weights_of(module, k, theirs))
        for name, linear in (("attention", self.attention), ("head", self.head)):
            if linear is not None:
                self.pairs += [(f"{name}.W", linear.weight), (f"{name}.b", linear.bias)]
        if self.ngrams is not None:
            self.pairs.append(("ngrams.W", self.ngrams.weight))
        for name, tensor in self.pairs:
            if name.endswith("b_hn"):
                continue  # taken with its layer
            ours = model.params[name]
            tensor.data = torch.from_numpy((ours.T if name.endswith("embedding.W") else ours).copy())

    def take_cell(self, model: Transducer, name: str, tensors: tuple[Any, ...]) -> None:
        self.pairs += list(zip((f"{name}.W_x", f"{name}.W_h", f"{name}.b"), tensors, strict=False))
        tensors[3].data.zero_()
        if f"{name}.b_hn" in model.params:
            self.pairs.append((f"{name}.b_hn", tensors[3]))
            H = len(tensors[3]) // 3
            tensors[3].data[2 * H :] = torch.from_numpy(model.params[f"{name}.b_hn"])

    def look_up(self, which: int, ids: Any) -> Any:
        table = self.tables[which]
        return table(ids) if isinstance(table, torch.nn.Embedding) else table.double()[ids]

    def forward(self, batch: Batch) -> Any:
        c = self.config
        source, lengths = batch["source"], batch["source_lengths"][0]
        right = np.stack([np.roll(source[:, n], k) for n, k in enumerate(lengths)], axis=1)  # padded on the right
        x = self.look_up(0, torch.from_numpy(right))
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.from_numpy(lengths), enforce_sorted=False)
        h_source, end = self.encoder(packed)
        h_source, _ = torch.nn.utils.rnn.pad_packed_sequence(h_source)
        states = end if c.cell == "lstm" else (end,)
        if c.bidirectional:  # (layers · 2, N, H/2) -> (layers, N, H)
            states = tuple(torch.cat([part[0::2], part[1::2]], dim=2) for part in states)
        if c.output == "tags":
            logits = self.head(h_source)
            chosen = torch.arange(len(source))[:, None] < torch.from_numpy(lengths)
            targets = torch.from_numpy(batch["targets"].T[batch["mask"].T])
            return torch.nn.functional.cross_entropy(logits.transpose(0, 1)[chosen.T], targets)
        if c.output == "label":
            logits = self.head(states[0][-1])
            if self.ngrams is not None:
                bags = [naive_rows(right[:k, n], c.ngrams, self.known) for n, k in enumerate(lengths)]
                offsets = np.cumsum([0, *map(len, bags)])[:-1]
                logits = logits + self.ngrams(
                    torch.from_numpy(np.concatenate(bags).astype(int)), torch.from_numpy(offsets)
                )
            return torch.nn.functional.cross_entropy(logits, torch.from_numpy(batch["targets"][0]))
        h, _ = self.decoder(
            self.look_up(1, torch.from_numpy(batch["inputs"])), states if c.cell == "lstm" else states[0]
        )
        if self.attention is not None:
            mask = torch.arange(len(source)) < torch.from_numpy(lengths)[:, None]
            queries, keys = h.transpose(0, 1), h_source.transpose(0, 1)
            context = torch.nn.functional.scaled_dot_product_attention(
                queries, keys, keys, attn_mask=mask[:, None], scale=1.0
            ).transpose(0, 1)
            h = torch.tanh(self.attention(torch.cat([h, context], dim=2)))
        counted = torch.from_numpy(batch["mask"])
        return torch.nn.functional.cross_entropy(self.head(h)[counted], torch.from_numpy(batch["targets"])[counted])


def losses_and_gradients(model: Transducer, batch: Batch) -> tuple[float, dict[str, NDArray[Any]]]:
    """Return what PyTorch makes of a batch: the loss, and the gradient of each of our tensors."""
    peer = Peer(model)
    loss = peer(batch)
    loss.backward()
    gradients = {}
    for name, tensor in peer.pairs:
        own = tensor.grad.numpy()
        if name.endswith("b_hn"):  # the last third of a bias of three gates
            own = own[2 * len(own) // 3 :]
        gradients[name] = own.T if name.endswith("embedding.W") else own
    return loss.item(), gradients


def main() -> None:
    flat = {}
    for shape, cell in STORED:
        model = make(shape, cell)
        batch = draw_batch(model.config.output, LENGTHS, seed=3)
        loss, gradients = losses_and_gradients(model, batch)
        parts = {"value": model.params.value, "loss": np.array(loss)}
        parts["grad"] = np.concatenate([gradients[name].ravel() for name in model.params])
        parts |= {f"batch.{name}": array for name, array in batch.arrays.items()}
        flat |= {f"{shape}/{cell}/{name}": array for name, array in parts.items()}
    np.savez_compressed(Path(__file__).with_name("transducers.npz"), **flat)


if __name__ == "__main__":
    main()
