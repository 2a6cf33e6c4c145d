"""A conversation with its commands, and all that they have shown."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

import charlm
from charlm.checkpoint import Checkpoint
from charlm.cli.console.slash import Context, LoadedModels, Outcome, run_command
from charlm.config import SampleConfig
from charlm.conversation import Conversation
from charlm.errors import CheckpointError


class Desk:
    def __init__(self) -> None:
        vocabulary = charlm.Vocabulary.from_text("ab\n \x1b")
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=8), vocabulary, seed=1)
        self.talk = Conversation(model, SampleConfig(length=5), seed=3)
        self._file = io.StringIO()
        console = Console(file=self._file, width=60, color_system=None, soft_wrap=True)
        self.context = Context(self.talk, show=console.print, models=LoadedModels(self._load))
        self.context.models.add("first", Checkpoint(model, {}, {}, {}, Path("first.npz")))

    def _load(self, name: str) -> Checkpoint[charlm.CharModel]:
        if name != "a good one.npz":
            raise CheckpointError(f"there is no {name}")
        model = charlm.CharModel(charlm.ModelConfig(cell="gru", hidden_size=9), self.talk.model.vocabulary)
        return Checkpoint(model, {}, {}, {}, Path(name))

    def shown(self, line: str) -> str:
        self._file.seek(0)
        self._file.truncate()
        assert self.run(line) is None
        return self._file.getvalue()

    def run(self, line: str) -> Outcome:
        return run_command(line, self.context)

    def turn(self, typed: str) -> str:
        self.talk.append(typed)
        return "".join(self.talk.generate())


@pytest.fixture
def desk() -> Desk:
    return Desk()
