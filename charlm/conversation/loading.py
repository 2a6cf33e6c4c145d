"""Conversations from files: every value is checked, then turns and snapshots are rebuilt for a model.

The layout is described at `charlm.conversation.saving`. Checksums find accidents first; the checks here make a
forged file, too, end in one error and never in an invalid state.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from charlm.checkpoint import read_npz
from charlm.checkpoint.archive import DamagedError
from charlm.checkpoint.npy import Tensor
from charlm.config import SampleConfig, from_mapping
from charlm.conversation.conversation import Conversation
from charlm.conversation.saving import LONGEST_WRITER, MOST_TURNS, RANDOM_BYTES, VERSION, fingerprint
from charlm.conversation.turns import BRANCH_NAME, ConversationSnapshot, Turn, text_length
from charlm.errors import CheckpointError, UsageError
from charlm.generation import Position, Sampler, Snapshot
from charlm.generation.repeat_window import ids_of
from charlm.models.predictor import Predictor
from charlm.nn.stack import map_state, named_state

__all__ = ["LoadedFile", "load_conversation"]

_BIT_GENERATOR = "PCG64"


class LoadedFile(NamedTuple):
    """The model that wrote a file, by what the file says.

    Parameters
    ----------
    same : bool
        Whether that is the model of the conversation.
    writer : str
        The name of `save_conversation`; untrusted input.
    """

    same: bool
    writer: str


def load_conversation(conversation: Conversation, path: Path) -> LoadedFile:
    """Replace a conversation by that of a file.

    Undoing goes back through the turns of the file, and then to the conversation that was replaced.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or no conversation; the conversation is then unchanged.
    VocabularyError
        If the model is another one and does not know a symbol; the conversation is then unchanged.
    """
    name = repr(str(path))
    try:
        contents = read_npz(path)
        stored = _Stored(contents.meta.get("conversation"), contents.tensors)
        same = stored.model == fingerprint(conversation.model)
        now, branches = stored.snapshots(conversation, same=same)
    except DamagedError as error:
        raise CheckpointError(f"conversation {name} cannot be used: {error}; {error.remedy}") from error
    except CheckpointError as error:
        if isinstance(error.__cause__, DamagedError):
            raise CheckpointError(f"conversation {name} cannot be used: {error.__cause__}; use a copy") from error
        if isinstance(error.__cause__, FileNotFoundError):
            raise CheckpointError(f"there is no conversation {name}; check the name") from error
        raise
    conversation.replace(now, branches, stored.config)
    return LoadedFile(same, stored.writer)


class _Stored:
    """Contents of a file, checked as far as possible without a model.

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
    writer : str
        Its name.

    Raises
    ------
    DamagedError
        If `save_conversation` does not write such a file.
    """

    def __init__(self, meta: object, tensors: Mapping[str, Tensor]) -> None:
        if not isinstance(meta, dict):
            raise DamagedError("it holds no conversation", "a model is taken by /model")
        if meta.get("version") != VERSION:
            raise DamagedError("another version of charlm wrote it", "install a newer charlm")
        self.tensors = tensors
        self.model, self.writer = meta.get("model"), meta.get("writer", "")
        if not isinstance(self.writer, str) or len(self.writer) > LONGEST_WRITER:
            raise DamagedError("its writer has no proper name")
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
        self.previous = turns[:, 0].tolist()
        if any(not -1 <= previous < k for k, previous in enumerate(self.previous)):
            raise DamagedError("its turns are out of order")
        text = self._tensor("text", np.uint8, (None,)).tobytes()
        self.texts = _decode(_slices(text, turns[:, 1:].ravel().tolist()))
        packed = self._tensor("random", np.uint8, (self.n + self.m, RANDOM_BYTES))
        self.random = [_unpack(row.tobytes()) for row in packed]

    def _tensor(self, name: str, dtype: Any, shape: tuple[int | None, ...]) -> NDArray[Any]:
        tensor = self.tensors.get(name)
        if tensor is None or tensor.dtype != dtype or tensor.ndim != len(shape):
            raise DamagedError(f"its {name} is missing or of another type")
        if any(size not in (None, found) for size, found in zip(shape, tensor.shape, strict=True)):
            raise DamagedError(f"its {name} has another size")
        return tensor

    def snapshots(
        self, conversation: Conversation, *, same: bool
    ) -> tuple[ConversationSnapshot, dict[str, ConversationSnapshot]]:
        """Rebuild the present snapshot and the branches for a conversation's model."""
        model, sampler = conversation.model, conversation.sampler()
        sampler.configure(self.config)
        positions = self._positions(model) if same else self._read_again(sampler)
        origin = conversation.snapshot()
        turns: list[Turn] = []
        starts: list[ConversationSnapshot] = []
        for k, number in enumerate(self.previous):
            previous, before = (turns[number], starts[number]) if number >= 0 else (None, origin)
            start = Snapshot(positions[2 * k], self.random[k])
            typed, generated = self.texts[2 * k : 2 * k + 2]
            offset, position = text_length(previous), positions[2 * k + 1]
            turns.append(Turn(typed, previous, offset, start, self.seeds[k], position, [generated]))
            starts.append(ConversationSnapshot(model, sampler, start, self.seeds[k], previous, before))
        found = []
        for k, end in enumerate(self.ends):
            start = Snapshot(positions[2 * self.n + k], self.random[self.n + k])
            last, before = (turns[end], starts[end]) if end >= 0 else (None, origin)
            found.append(ConversationSnapshot(model, sampler, start, self.seeds[self.n + k], last, before))
        return found[0], dict(zip(cast("list[str]", self.names), found[1:], strict=True))

    def _positions(self, model: Predictor) -> list[Position]:
        """Return the positions of the file."""
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

    def _read_again(self, sampler: Sampler) -> list[Position]:
        """Let another model read the text."""
        origin = sampler.position
        ends: list[Position] = []
        positions: list[Position] = []
        for k, previous in enumerate(self.previous):
            sampler.position = ends[previous] if previous >= 0 else origin
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
    """Split bytes into parts of given sizes."""
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
        int.from_bytes(data[a:b], "little") for a, b in pairwise((0, 16, 32, 36, RANDOM_BYTES))
    )
    if has_half > 1:
        raise DamagedError("a random state in it is garbled")
    numbers = {"state": state, "inc": increment}
    return {"bit_generator": _BIT_GENERATOR, "state": numbers, "has_uint32": has_half, "uinteger": half}
