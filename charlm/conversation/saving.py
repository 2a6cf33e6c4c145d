"""Conversations to files: text, turns, branches, settings, seeds, random states and hidden states.

A file is a ``.npz`` archive, written and read by the code of checkpoints: atomic, checksummed, without pickle, and
read within its own size and 64 MB. Beside the metadata it has

==============  ================  ====================================================================
tensor          shape             content
==============  ================  ====================================================================
``text``        (bytes,)          UTF-8 of all turns, each its typed and its generated text
``turns``       (n, 3)            the previous turn, −1 for none; bytes typed; bytes generated
``last``        (2 n + m, 2)      last symbol, −1 for none, and bytes of ``recent``: at the start and at the
                                  first generated character of each turn, and at the m snapshots: the present
                                  position and the branches
``recent``      (bytes,)          window of the repeat penalty at the same positions
``state.<…>``   (2 n + m, H)      hidden state at the same positions
``random``      (n + m, 40)       random state at the start of each turn and at the snapshots
==============  ================  ====================================================================

The model that wrote it continues with the same bits. Another model reads the text again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.checkpoint import write_npz
from charlm.checkpoint.npy import Tensor, digest
from charlm.conversation.conversation import Conversation
from charlm.conversation.turns import ConversationSnapshot, Turn, turns_up_to
from charlm.errors import UsageError
from charlm.models.counts import Counts
from charlm.models.language_model import CharModel
from charlm.models.mixture import Mixture
from charlm.models.predictor import Predictor
from charlm.nn.stack import named_state

__all__ = ["LONGEST_WRITER", "MOST_TURNS", "RANDOM_BYTES", "VERSION", "fingerprint", "save_conversation"]

VERSION = 1
MOST_TURNS = 20_000  # each takes some 3 KB of memory, far more than its share of the file
RANDOM_BYTES = 40
LONGEST_WRITER = 500


def save_conversation(conversation: Conversation, path: Path, *, writer: str = "") -> int:
    """Write a conversation to a file, atomically; return how many branches of other models are left out.

    Parameters
    ----------
    conversation : Conversation
    path : Path
    writer : str
        Name of the model, for whoever loads the file with another one.

    Raises
    ------
    DiskError
        If the system refuses to write.
    UsageError
        If there are more turns than a file holds.
    """
    model = conversation.model
    branches = {name: kept for name, kept in conversation.branches.items() if kept.model is model}
    snapshots = [conversation.snapshot(), *branches.values()]
    turns: dict[int, Turn] = {}
    for snapshot in snapshots:
        turns |= {id(turn): turn for turn in turns_up_to(snapshot.last)}
    if len(turns) > MOST_TURNS:
        raise UsageError(f"a file holds at most {MOST_TURNS:,} turns, this is {len(turns):,}; /export the text")
    number = {key: k for k, key in enumerate(turns)}
    texts = [(_encode(turn.typed), _encode(turn.generated)) for turn in turns.values()]
    previous = [-1 if turn.previous is None else number[id(turn.previous)] for turn in turns.values()]
    sizes = [(k, len(typed), len(generated)) for k, (typed, generated) in zip(previous, texts, strict=True)]
    positions = [position for turn in turns.values() for position in (turn.start.position, turn.generated_from)]
    positions += [snapshot.start.position for snapshot in snapshots]
    starts: list[Turn | ConversationSnapshot] = [*turns.values(), *snapshots]
    tensors: dict[str, Tensor] = {
        "text": np.frombuffer(b"".join(part for pair in texts for part in pair), np.uint8),
        "turns": np.array(sizes, np.int64).reshape(-1, 3),
        "last": np.array([(-1 if p.last is None else p.last, len(p.recent)) for p in positions], np.int64),
        "recent": np.frombuffer(b"".join(p.recent for p in positions), np.uint8),
        "random": np.stack([_pack(one.start.random) for one in starts]),
    }
    states = [named_state(position.state) for position in positions]
    tensors |= {name: np.stack([state[name] for state in states]) for name in states[0]}
    meta = {
        "version": VERSION,
        "model": fingerprint(model),
        "writer": writer[:LONGEST_WRITER],
        "settings": dataclasses.asdict(conversation.config),
        "seeds": [one.seed for one in starts],
        "branches": list(branches),
        "ends": [-1 if snapshot.last is None else number[id(snapshot.last)] for snapshot in snapshots],
    }
    write_npz(path, {"conversation": meta}, tensors)
    return len(conversation.branches) - len(branches)


def fingerprint(model: Predictor) -> str:
    """Return a SHA-256 of a model's shape, vocabulary and weights, or of a mixture's members, in hexadecimal."""
    if isinstance(model, Mixture):
        members = zip(model.weights, map(fingerprint, model.members), strict=True)
        return hashlib.sha256(json.dumps(list(members)).encode("ascii")).hexdigest()
    if not isinstance(model, (CharModel, Counts)):
        raise UsageError(f"the state of a {model.kind} cannot be saved; save the text alone")
    settings = model.order if isinstance(model, Counts) else dataclasses.asdict(model.config)
    shape = json.dumps([settings, model.vocabulary.to_json()], sort_keys=True)
    weights = [digest(name, tensor) for name, tensor in sorted(model.tensors().items())]
    return hashlib.sha256("\n".join([shape, *weights]).encode("ascii")).hexdigest()


def _pack(random: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Return a random state as bytes, (40,), little-endian: state, increment, buffered half number."""
    numbers = (random["state"]["state"], 16), (random["state"]["inc"], 16)
    rest = (random["has_uint32"], 4), (random["uinteger"], 4)
    return np.frombuffer(b"".join(n.to_bytes(size, "little") for n, size in (*numbers, *rest)), np.uint8)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
