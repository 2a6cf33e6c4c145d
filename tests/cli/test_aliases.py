from __future__ import annotations

from typing import Any

import pytest

import charlm
from charlm.cli.aliases import ALIASES, normalizer
from charlm.cli.app import build
from charlm.cli.entry import run

PROGRAM = build()


def names(command: str) -> set[str]:
    return {name.lstrip("-") for option in PROGRAM.commands[command].params for name in option.opts}


@pytest.mark.parametrize("command", ALIASES)
def test_an_alias_is_of_an_option_that_there_is_and_hides_none(command):
    assert set(ALIASES[command].values()) <= names(command)
    assert not set(ALIASES[command]) & names(command)


@pytest.mark.parametrize("command", PROGRAM.commands)
def test_every_option_goes_by_its_own_name(command):
    normalize = normalizer(command)
    assert all(normalize(name) == name for name in names(command) if name not in ("h",))


@pytest.fixture
def model(tmp_path, monkeypatch) -> charlm.CharModel:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints" / "run").mkdir(parents=True)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=5), charlm.Vocabulary.from_text("abcdef \n"), seed=2)
    model.params.value *= 3
    charlm.save(model, "checkpoints/run/last.npz")
    return model


@pytest.mark.parametrize(
    ("flags", "settings"),
    [
        (["--primetext", "fa", "--length", "9"], {"prompt": "fa", "length": 9}),  # char-rnn
        (["--start_text", "fa", "--temperature", "1.5"], {"prompt": "fa", "temperature": 1.5}),  # torch-rnn
        (["--start=fa", "--max_new_tokens=9", "--top_k=3"], {"prompt": "fa", "length": 9, "top_k": 3}),  # nanoGPT
        (["--n-predict", "9", "--repeat-penalty", "1.3", "--temp", "1"], None),  # llama.cpp
        (["--typical", "0.6", "--top_p", "0.9", "--min_p", "0.01"], None),
        (["--repetition_penalty", "1.4", "--repeat_last_n", "5", "--typical_p", "0.7"], None),
    ],
)
def test_they_do_what_they_say(model, capsys, flags, settings: dict[str, Any] | None):
    if settings is None:
        words = [normalizer("sample")(word.lstrip("-")).replace("-", "_") for word in flags[::2]]
        numbers = [float(value) if "." in value else int(value) for value in flags[1::2]]
        settings = dict(zip(words, numbers, strict=True))
        settings = {{"temp": "temperature"}.get(name, name): value for name, value in settings.items()}
    assert run(["sample", *flags, "--no-echo", "--seed", "4"]) == 0
    settings = {"finish_line": "length" not in settings, **settings}
    assert capsys.readouterr().out == "".join(charlm.generate(model, seed=4, **settings))


@pytest.mark.parametrize("flag", ["--num_samples", "--num-return-sequences", "--nsamples", "--count"])
def test_the_number_of_samples(model, capsys, flag):
    assert run(["sample", flag, "3", "--length", "5", "--seed", "4", "--start", "f"]) == 0
    assert len(capsys.readouterr().out.split("\n---\n")) == 3


def test_a_name_that_nobody_knows_is_an_error(model, capsys):
    assert run(["sample", "--num_sampels", "3"]) == 2
    assert "sampels" in capsys.readouterr().err
    assert run(["sample", "--help"]) == 0
    assert "--primetext" not in capsys.readouterr().out
