"""What stands in a conversation's file, checked entry by entry, and rebuilt for a model.

The layout is described at `charlm.conversation.files`. Checksums have found accidents before any of this is
looked at; here is seen to it that a forged file, too, ends in one error and never in a state that is none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from charlm.checkpoint.archive import DamagedError
from charlm.checkpoint.npy import Tensor
from charlm.config import SampleConfig, from_mapping
from charlm.conversation.conversation import Conversation
from charlm.conversation.turns import BRANCH_NAME, Place, Turn
from charlm.errors import UsageError
from charlm.generation import Position, Sampler, Snapshot
from charlm.generation.repeat_window import ids_of
from charlm.models.language_model import CharModel
from charlm.nn.stack import map_state, named_state

__all__ = ["MOST_TURNS", "STREAM_BYTES", "VERSION", "Stored"]

VERSION = 1
MOST_TURNS = 20_000  # each takes some 3 KB of memory, far more than what it takes of a file
STREAM_BYTES = 40
_STREAM = "PCG64"


class Stored:
    """A file's contents, checked as far as that goes without a model.

    Parameters
    ----------
    meta : object
        The entry ``conversation`` of the metadata.
    tensors : mapping of str to ndarray

    Attributes
    ----------
    config : SampleConfig
    model : object
        The fingerprint of the model that wrote it.

    Raises
    ------
    DamagedError
        If it is not what `save_conversation` writes.
    """

    def __init__(self, meta: object, tensors: Mapping[str, Tensor]) -> None:
        if not isinstance(meta, dict):
            raise DamagedError("it holds no conversation", "a model is taken by /model")
        if meta.get("version") != VERSION:
            raise DamagedError("another version of charlm wrote it", "install a newer charlm")
        self.tensors = tensors
        self.model = meta.get("model")
        self.config = _settings(meta.get("settings"))
        turns = self._tensor("turns", np.int64, (None, 3))
        self.n = len(turns)
        self.ends = _whole_numbers(meta, "ends", low=-1, high=self.n - 1)
        self.m = len(self.ends)
        self.seeds = _whole_numbers(meta, "seeds", low=0, high=None)
        self.names = meta.get("branches")
        if not isinstance(self.names, list) or not all(map(_is_name, self.names)):
            raise DamagedError("its branches have no proper names")
        if not self.m or len({*self.names}) != self.m - 1 or len(self.seeds) != self.n + self.m:
            raise DamagedError("its places do not fit together")
        if self.n > MOST_TURNS:
            raise DamagedError(f"it has more than {MOST_TURNS:,} turns")
        self.before = turns[:, 0].tolist()
        if any(not -1 <= before < k for k, before in enumerate(self.before)):
            raise DamagedError("its turns are out of order")
        text = self._tensor("text", np.uint8, (None,)).tobytes()
        self.texts = _decode(_slices(text, turns[:, 1:].ravel().tolist()))
        packed = self._tensor("random", np.uint8, (self.n + self.m, STREAM_BYTES))
        self.random = [_unpack(row.tobytes()) for row in packed]

    def _tensor(self, name: str, dtype: Any, shape: tuple[int | None, ...]) -> NDArray[Any]:
        tensor = self.tensors.get(name)
        if tensor is None or tensor.dtype != dtype or tensor.ndim != len(shape):
            raise DamagedError(f"its {name} is missing or of another type")
        if any(size not in (None, found) for size, found in zip(shape, tensor.shape, strict=True)):
            raise DamagedError(f"its {name} has another size")
        return tensor

    def places(self, talk: Conversation, *, same: bool) -> tuple[Place, dict[str, Place]]:
        """Rebuild the present place and the branches for a conversation's model."""
        sampler = talk.sampler()
        sampler.configure(self.config)
        positions = self._positions(talk.model) if same else self._read_anew(sampler)
        origin = talk.place()
        turns: list[Turn] = []
        pasts: list[Place] = []
        for k, before in enumerate(self.before):
            last, past = (turns[before], pasts[before]) if before >= 0 else (None, origin)
            start = Snapshot(positions[2 * k], self.random[k])
            begins = 0 if last is None else last.ends
            typed, generated = self.texts[2 * k : 2 * k + 2]
            turns.append(Turn(typed, last, begins, start, self.seeds[k], positions[2 * k + 1], [generated]))
            pasts.append(Place(talk.model, sampler, start, self.seeds[k], last, past))
        places = []
        for k, end in enumerate(self.ends):
            snapshot = Snapshot(positions[2 * self.n + k], self.random[self.n + k])
            last, past = (turns[end], pasts[end]) if end >= 0 else (None, origin)
            places.append(Place(talk.model, sampler, snapshot, self.seeds[self.n + k], last, past))
        return places[0], dict(zip(cast("list[str]", self.names), places[1:], strict=True))

    def _positions(self, model: CharModel) -> list[Position]:
        """Take the hidden states from the file."""
        count = 2 * self.n + self.m
        template = map_state(np.ravel, model.zero_state(1))
        states = {
            name: self._tensor(name, array.dtype, (count, *array.shape))
            for name, array in named_state(template).items()
        }
        last = self._tensor("last", np.int64, (count, 2))
        recent = _slices(self._tensor("recent", np.uint8, (None,)).tobytes(), last[:, 1].tolist())
        if any(len(part) % 4 for part in recent):
            raise DamagedError("a memory in it is garbled")
        ids = np.concatenate([last[:, 0], ids_of(b"".join(recent))])
        low = np.repeat([-1, 0], [count, ids.size - count])  # only the last symbol may be none
        if ((ids < low) | (ids >= len(model.vocabulary))).any():
            raise DamagedError("a symbol in it is not the model's")
        if not all(np.isfinite(array).all() for array in states.values()):
            raise DamagedError("a hidden state in it is not finite")
        positions = []
        for k, symbol in enumerate(last[:, 0].tolist()):
            rows = iter([array[k] for array in states.values()])
            state = map_state(lambda _, rows=rows: next(rows), template)  # type: ignore[misc]
            positions.append(Position(state, None if symbol < 0 else symbol, recent[k]))
        return positions

    def _read_anew(self, sampler: Sampler) -> list[Position]:
        """Let another model read the text."""
        origin = sampler.position
        ends: list[Position] = []
        positions: list[Position] = []
        for k, before in enumerate(self.before):
            sampler.position = ends[before] if before >= 0 else origin
            for text in self.texts[2 * k : 2 * k + 2]:
                positions.append(sampler.position)
                sampler.feed(text)
            ends.append(sampler.position)
        return positions + [ends[end] if end >= 0 else origin for end in self.ends]


def _is_name(name: object) -> bool:
    return isinstance(name, str) and BRANCH_NAME.fullmatch(name) is not None


def _settings(values: object) -> SampleConfig:
    if not isinstance(values, dict):
        raise DamagedError("it has no settings")
    defaults = dataclasses.asdict(SampleConfig())
    for name, value in values.items():
        match defaults.get(name):
            case tuple() if not (isinstance(value, list) and all(isinstance(text, str) for text in value)):
                raise DamagedError(f"its setting {name} is no list of texts")
            case None | str() if not (value is None or isinstance(value, str)):
                raise DamagedError(f"its setting {name:.40} is no text")
    try:
        return from_mapping(SampleConfig, values)
    except UsageError as error:
        cause = str(error).replace("`", "")  # the file's names, and no flags of the command line
        raise DamagedError(f"its settings do not fit: {cause}") from error


def _whole_numbers(meta: Mapping[str, Any], name: str, *, low: int, high: int | None) -> list[int]:
    values = meta.get(name)
    if not isinstance(values, list) or not all(type(value) is int and value >= low for value in values):
        raise DamagedError(f"its {name} are no whole numbers of at least {low}")
    if high is not None and any(value > high for value in values):
        raise DamagedError(f"its {name} are out of range")
    return values


def _slices(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut bytes into parts of given sizes."""
    if any(size < 0 for size in sizes) or sum(sizes) != len(data):
        raise DamagedError("its parts do not add up")
    ends = np.cumsum([0, *sizes]).tolist()
    return [data[a:b] for a, b in pairwise(ends)]


def _decode(parts: list[bytes]) -> list[str]:
    try:
        return [part.decode("utf-8", "surrogatepass") for part in parts]
    except UnicodeDecodeError as error:
        raise DamagedError("its text is not UTF-8") from error


def _unpack(data: bytes) -> dict[str, Any]:
    state, increment, has_half, half = (
        int.from_bytes(data[a:b], "little") for a, b in pairwise((0, 16, 32, 36, STREAM_BYTES))
    )
    if has_half > 1:
        raise DamagedError("a random state in it is garbled")
    numbers = {"state": state, "inc": increment}
    return {"bit_generator": _STREAM, "state": numbers, "has_uint32": has_half, "uinteger": half}
