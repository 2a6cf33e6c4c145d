"""Conversations to files and back: text, turns, branches, settings, seeds, random states and hidden states.

A file is a ``.npz`` like a checkpoint, written and read by the same code: whole or not at all, checksummed, without
pickle, and read within its own size and 64 MB. Beside the metadata it has

==============  ================  ====================================================================
tensor          shape             holds
==============  ================  ====================================================================
``text``        (bytes,)          UTF-8 of all turns, each what was typed and what was generated
``turns``       (n, 3)            the turn before, −1 for none; bytes typed; bytes generated
``last``        (2 n + m, 2)      last symbol, −1 for none, and bytes of ``recent``: at each turn's start,
                                  where its answer begins, and at the m places: the present one and the branches
``recent``      (bytes,)          what a repeat penalty looks at, at the same moments
``state.<…>``   (2 n + m, H)      hidden state at the same moments
``random``      (n + m, 40)       random state at each turn's start and at the places
==============  ================  ====================================================================

With the model that wrote it, everything is as it was, bit for bit. Another model reads the text anew.
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

from charlm.checkpoint import read_npz, write_npz
from charlm.checkpoint.archive import DamagedError
from charlm.checkpoint.npy import Tensor, digest
from charlm.conversation.conversation import Conversation
from charlm.conversation.stored import MOST_TURNS, VERSION, Stored
from charlm.conversation.turns import Turn, turns_up_to
from charlm.errors import CheckpointError, UsageError
from charlm.models.language_model import CharModel
from charlm.nn.stack import named_state

__all__ = ["load_conversation", "save_conversation"]


def save_conversation(talk: Conversation, path: Path) -> int:
    """Write a conversation to a file, atomically; return how many branches stay out, being another model's.

    Raises
    ------
    DiskError
        If the system refuses to write.
    UsageError
        If there are more turns than a file holds.
    """
    branches = {name: place for name, place in talk.branches.items() if place.model is talk.model}
    places = [talk.place(), *branches.values()]
    turns: dict[int, Turn] = {}
    for place in places:
        turns |= {id(turn): turn for turn in turns_up_to(place.last)}
    if len(turns) > MOST_TURNS:
        raise UsageError(f"a file holds at most {MOST_TURNS:,} turns, this is {len(turns):,}; /export the text")
    number = {key: k for k, key in enumerate(turns)}
    texts = [(_encode(turn.typed), _encode(turn.generated)) for turn in turns.values()]
    before = [-1 if turn.before is None else number[id(turn.before)] for turn in turns.values()]
    sizes = [(b, len(typed), len(generated)) for b, (typed, generated) in zip(before, texts, strict=True)]
    positions = [position for turn in turns.values() for position in (turn.start.position, turn.answer_from)]
    positions += [place.snapshot.position for place in places]
    snapshots = [turn.start for turn in turns.values()] + [place.snapshot for place in places]
    tensors: dict[str, Tensor] = {
        "text": np.frombuffer(b"".join(part for pair in texts for part in pair), np.uint8),
        "turns": np.array(sizes, np.int64).reshape(-1, 3),
        "last": np.array([(-1 if p.last is None else p.last, len(p.recent)) for p in positions], np.int64),
        "recent": np.frombuffer(b"".join(p.recent for p in positions), np.uint8),
        "random": np.stack([_pack(snapshot.random) for snapshot in snapshots]),
    }
    states = [named_state(position.state) for position in positions]
    tensors |= {name: np.stack([state[name] for state in states]) for name in states[0]}
    meta = {
        "version": VERSION,
        "model": fingerprint(talk.model),
        "settings": dataclasses.asdict(talk.config),
        "seeds": [turn.seed for turn in turns.values()] + [place.seed for place in places],
        "branches": list(branches),
        "ends": [-1 if place.last is None else number[id(place.last)] for place in places],
    }
    write_npz(path, {"conversation": meta}, tensors)
    return len(talk.branches) - len(branches)


def load_conversation(talk: Conversation, path: Path) -> bool:
    """Let a conversation go on from a file; return whether the model is the one that wrote it.

    Undoing leads back through the file's turns, and then to what was there before.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or no conversation; nothing has changed then.
    VocabularyError
        If the model is another one and does not know a symbol; nothing has changed then.
    """
    name = repr(str(path))
    try:
        contents = read_npz(path)
        stored = Stored(contents.meta.get("conversation"), contents.tensors)
        same = stored.model == fingerprint(talk.model)
        here, branches = stored.places(talk, same=same)
    except DamagedError as error:
        raise CheckpointError(f"conversation {name} cannot be used: {error}; {error.remedy}") from error
    except CheckpointError as error:
        if isinstance(error.__cause__, DamagedError):
            raise CheckpointError(f"conversation {name} cannot be used: {error.__cause__}; use a copy") from error
        if isinstance(error.__cause__, FileNotFoundError):
            raise CheckpointError(f"there is no conversation {name}; check the name") from error
        raise
    talk.replace(here, branches, stored.config)
    return same


def fingerprint(model: CharModel) -> str:
    """Return a SHA-256 of a model's shape, vocabulary and weights, in hexadecimal."""
    shape = json.dumps([dataclasses.asdict(model.config), model.vocabulary.to_json()], sort_keys=True)
    weights = [digest(name, tensor) for name, tensor in sorted(model.tensors().items())]
    return hashlib.sha256("\n".join([shape, *weights]).encode("ascii")).hexdigest()


def _pack(random: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Write a random state as bytes, (40,), little-endian: state, increment, and the half number that is left."""
    numbers = (random["state"]["state"], 16), (random["state"]["inc"], 16)
    rest = (random["has_uint32"], 4), (random["uinteger"], 4)
    return np.frombuffer(b"".join(n.to_bytes(size, "little") for n, size in (*numbers, *rest)), np.uint8)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
