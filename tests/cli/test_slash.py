from __future__ import annotations

import io

import pytest
from rich.console import Console

import charlm
from charlm.cli.conversation import Conversation
from charlm.cli.slash import COMMANDS, Slash, parse_setting
from charlm.config import SampleConfig
from charlm.errors import CharlmError, CheckpointError, UsageError


class Desk:
    """A conversation with its commands, and all that they have shown."""

    def __init__(self) -> None:
        vocabulary = charlm.Vocabulary.from_text("ab\n \x1b")
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=8), vocabulary, seed=1)
        self.talk = Conversation(model, SampleConfig(length=5), seed=3)
        self._file = io.StringIO()
        console = Console(file=self._file, width=60, color_system=None)
        self.slash = Slash(self.talk, show=console.print, load=self._load)

    def _load(self, name: str) -> charlm.CharModel:
        if name != "a good one.npz":
            raise CheckpointError(f"there is no {name}")
        return charlm.CharModel(charlm.ModelConfig(cell="gru", hidden_size=9), self.talk.model.vocabulary)

    def shown(self, line: str) -> str:
        self._file.seek(0)
        self._file.truncate()
        assert self.slash.run(line) == "prompt"
        return self._file.getvalue()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_help_lists_every_command(desk: Desk) -> None:
    text = desk.shown("/help")
    assert all(f"/{name}" in text for name in COMMANDS)
    assert set(COMMANDS) == {"help", "set", "show", "model", "seed", "undo", "retry", "clear", "bye"}


def test_set_changes_and_shows(desk: Desk) -> None:
    assert "temperature  0.5" in desk.shown("/set temp 0.5")
    assert desk.talk.config.temperature == 0.5
    assert "top-k        3" in desk.shown("/set top_k 3")
    assert "seed         3" in desk.shown("/set")


def test_show(desk: Desk) -> None:
    assert desk.shown("/show") == desk.shown("/show settings")
    assert desk.shown("/show model").startswith("lstm 8 · 5 symbols")
    assert "␊ ␛ ␠ a b" in desk.shown("/show vocab")


def test_model_takes_a_name_with_spaces(desk: Desk) -> None:
    assert desk.shown("/model a good one.npz").startswith("gru 9")
    assert desk.shown("/model") == desk.shown("/show model")
    with pytest.raises(CheckpointError):
        desk.slash.run("/model nowhere")
    assert desk.talk.model.config.cell == "gru"


def test_seed(desk: Desk) -> None:
    assert desk.shown("/seed") == "seed 3\n"
    assert desk.shown("/seed 12") == "seed 12\n"
    assert desk.talk.seed == 12


def test_undo_and_clear_tell_where_the_text_stands(desk: Desk) -> None:
    desk.talk.say("ab\x1b[bold]"[:3])
    "".join(desk.talk.answer())
    assert desk.shown("/clear") == "the text is empty\n"
    assert "ab␛" in desk.shown("/undo")


def test_retry_and_bye_say_what_comes_next(desk: Desk) -> None:
    desk.talk.say("a")
    assert desk.slash.run("/retry") == "answer"
    assert desk.slash.run("/bye") == "leave"


@pytest.mark.parametrize(
    "line",
    [
        "/", "/nope", "/Set", "/set nope 1", "/set temp", "/set temp -1", "/set temp nan", "/set top-k 1.5",
        "/set on-unknown perhaps", "/show nope", "/seed -1", "/seed x", "/seed ²", "/undo", "/retry",
    ],
)  # fmt: skip
def test_mistakes_are_one_line_and_change_nothing(desk: Desk, line: str) -> None:
    before = desk.talk.config
    with pytest.raises(CharlmError) as problem:
        desk.slash.run(line)
    assert isinstance(problem.value, UsageError)
    assert "\n" not in str(problem.value)
    assert desk.talk.config == before


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("length", "30", SampleConfig(length=30)),
        ("top-p", "1", SampleConfig(top_p=1.0)),
        ("temperature", " 2 ", SampleConfig(temperature=2.0)),
        ("on-unknown", "skip", SampleConfig(on_unknown="skip")),
        ("stop", "END", SampleConfig(stop=("END",))),
        ("stop", "\\n\\n", SampleConfig(stop=("\n\n",))),
        ("stop", "", SampleConfig(stop=())),
    ],
)
def test_settings_are_parsed_by_their_type(name: str, value: str, expected: SampleConfig) -> None:
    assert parse_setting(SampleConfig(stop=("x",) if name == "stop" else ()), name, value) == expected
