"""Every flag of `train`, `sample` and `eval` reaches the setting that it is called after."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import charlm
from charlm.cli.app import build
from charlm.cli.entry import run
from charlm.config import DynamicConfig, ModelConfig, SampleConfig, TrainConfig
from charlm.text.vocabulary import Vocabulary

COMMANDS = build().commands
TEXT = "The cat sat on the mat; a cat ran.\n" * 60

# What a flag needs beside it.
NEEDS = {
    "momentum": ["--optimizer", "sgd"],
    "nesterov": ["--optimizer", "sgd", "--momentum", "0.5"],
    "sampling": ["--batch-size", "1"],
}
VOCABULARY = {"unit", "min_count", "normalize", "lowercase"}
# Flags that are no settings; each has tests of its own.
OF_TRAIN = {
    *(
        "members",
        "preset",
        "init_from",
        "vocab_from",
        "val_file",
        "encoding",
        "errors",
        "out",
        "force",
        "distributed",
    ),
    *("as_json", "quiet", "no_color", "tensorboard", "dry_run"),
    *("pairs", "output", "attention", "bidirectional", "ngrams"),
}
OF_SAMPLE = {
    *(
        "prompt",
        "prompt_file",
        "beam",
        "count",
        "seed",
        "novelty",
        "novelty_corpus",
        "encoding",
        "errors",
        "output",
    ),
    *("force", "no_echo", "as_json", "raw", "workers", "mix", "counts"),
}


def options(command: str) -> dict[str, Any]:
    return {one.name: one for one in COMMANDS[command].params if one.param_type_name == "option"}


def fields(*configs: type[Any]) -> dict[str, Any]:
    """Return the type of each setting."""
    return {name: kind for config in configs for name, kind in get_type_hints(config).items()}


def values(kind: Any) -> list[Any]:
    """Return values of a setting's type that are no defaults of it."""
    literals = [value for value in get_args(kind) if isinstance(value, str)]
    if literals:
        return literals
    kinds = set(get_args(kind) or (kind,))
    return [True] if bool in kinds else [0.125] if float in kinds else [2] if int in kinds else ["ab"]


def cases(command: str, *configs: type[Any]) -> list[Any]:
    kinds, found = fields(*configs), []
    for name, option in options(command).items():
        for flag in option.opts:
            for value in values(kinds[name]) if name in kinds else ():
                words = [flag] if value is True else [flag, str(value)]
                found.append(pytest.param(name, value, [*words, *NEEDS.get(name, ())], id=" ".join(words)))
    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text(TEXT, "utf-8")
    charlm.save(charlm.CharModel(ModelConfig(hidden_size=4), Vocabulary.from_text(TEXT)), "model.npz")
    return tmp_path


@pytest.fixture
def begun(here: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let `train` note what it would train, and how, and end there."""
    runs: list[Any] = []
    noted = "charlm.cli.commands.train.run_training"
    monkeypatch.setattr(noted, lambda model, text, config, *_, **__: runs.append((model, config)))
    return runs


@pytest.fixture
def asked(here: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let `sample` note the settings with which it would write, and write nothing."""
    seen: list[Any] = []

    def sample_many(model: Any, config: Any, **_: Any) -> Iterator[Any]:
        seen.append(config)
        yield from ()

    monkeypatch.setattr("charlm.generation.sample_many", sample_many)
    return seen


@pytest.mark.parametrize(("name", "value", "flags"), cases("train", ModelConfig, TrainConfig))
def test_a_flag_of_train(begun: list[Any], name: str, value: Any, flags: list[str]) -> None:
    assert run(["train", "corpus.txt", *flags]) == 0
    ((model, config),) = begun
    holder = model.config if name in fields(ModelConfig) else config
    assert getattr(holder, name) == value


def test_a_flag_is_nothing_by_itself(begun: list[Any]) -> None:
    """The values above are not those that a run has anyway."""
    assert run(["train", "corpus.txt"]) == 0
    ((model, config),) = begun
    usual = dataclasses.asdict(model.config) | dataclasses.asdict(config)
    kinds = fields(ModelConfig, TrainConfig)
    for name in options("train").keys() & kinds:
        assert any(value != usual[name] for value in values(kinds[name])), name


def test_the_two_ends_of_a_range_of_lengths(begun: list[Any]) -> None:
    assert run(["train", "corpus.txt", "--seq-length", "3-7"]) == 0
    ((_, config),) = begun
    assert (config.seq_length_min, config.seq_length) == (3, 7)


@pytest.mark.parametrize("flag", ["--no-documents", "--no-nesterov"])
def test_a_flag_that_switches_off(begun: list[Any], flag: str) -> None:
    assert run(["train", "corpus.txt", flag]) == 0
    assert getattr(begun[0][1], flag.removeprefix("--no-")) is False


@pytest.mark.parametrize(
    ("name", "value"),
    [("unit", "byte"), ("unit", "grapheme"), ("normalize", "NFC"), ("normalize", "NFKC"), ("lowercase", True)],
)
def test_a_flag_of_the_vocabulary(begun: list[Any], name: str, value: Any) -> None:
    assert run(["train", "corpus.txt", f"--{name}", *([] if value is True else [value])]) == 0
    vocabulary = begun[0][0].vocabulary
    assert getattr(vocabulary, name) == value != getattr(Vocabulary.from_text("a"), name)


def test_the_flag_for_rare_symbols(begun: list[Any]) -> None:
    assert run(["train", "corpus.txt", "--min-count", "61"]) == 0
    vocabulary = begun[0][0].vocabulary
    assert vocabulary.unknown_id is not None
    assert "a" in vocabulary
    assert ";" not in vocabulary


@pytest.mark.parametrize(("name", "value", "flags"), cases("sample", SampleConfig))
def test_a_flag_of_sample(asked: list[Any], name: str, value: Any, flags: list[str]) -> None:
    assert run(["sample", "model.npz", "--prompt", "a", *flags]) == 0
    (config,) = asked
    wanted = (value,) if name == "stop" else value
    assert getattr(config, name) == wanted
    # without a length the last line is finished
    others = SampleConfig(finish_line=name != "length", on_unknown=config.on_unknown)
    assert config == dataclasses.replace(others, **{name: wanted})


@pytest.mark.parametrize("name", sorted(fields(DynamicConfig).keys() - {"clip_norm"}))  # which is of Python only
def test_a_flag_of_dynamic_evaluation(here: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    seen: list[Any] = []

    class SeenError(charlm.CharlmError):
        pass

    def evaluate(*_: Any, dynamic: Any, **__: Any) -> None:
        seen.append(dynamic)
        raise SeenError

    monkeypatch.setattr("charlm.analysis.evaluate", evaluate)
    value = values(fields(DynamicConfig)[name])[0]
    assert run(["eval", "model.npz", "corpus.txt", "--dynamic", f"--dynamic-{name}", str(value)]) == 1
    assert seen == [DynamicConfig(**{name: value})]


def test_every_flag_is_accounted_for() -> None:
    """A new flag is a setting, and above by itself; or it is named here."""
    learning = set(fields(ModelConfig, TrainConfig))
    assert set(options("train")) - learning == VOCABULARY | OF_TRAIN
    assert learning - set(options("train")) == {"init", "seq_length_min"}  # of presets; of --seq-length
    drawing = set(fields(SampleConfig))
    assert set(options("sample")) - drawing == OF_SAMPLE
    assert drawing - set(options("sample")) == {"finish_line"}  # where no --length is given
