"""``--preset min-char-rnn`` is the published algorithm: the same losses from the same initial weights."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

import charlm
from charlm.config.presets import preset_settings

from . import min_char_rnn

LENGTH = 25
PANGRAM = "the quick brown fox jumps over a lazy dog, While Zebras & yaks vex 1 gnu. Why? 'tis so; Quit!\n"


def make_text(characters: int) -> str:
    rng = np.random.default_rng(0)
    return " ".join(rng.choice(PANGRAM.split(" "), characters))[:characters]


def losses(
    steps: int, *, rate: float, characters: int = 2400, dtype: str = "float32"
) -> tuple[list[list[float]], list[min_char_rnn.Shown]]:
    """Return [summed loss, smoothed loss] of every update, as charlm reports them and as they should be."""
    text = make_text(characters)
    settings = preset_settings("min-char-rnn", len(text), {"steps": steps})
    vocabulary = charlm.Vocabulary.from_text(text)
    model = charlm.CharModel(charlm.ModelConfig(**settings.model | {"dtype": dtype}), vocabulary)
    start = {name: tensor.copy() for name, tensor in model.tensors().items()}
    config = charlm.TrainConfig(**settings.train | {"learning_rate": rate, "log_every": 1})
    got = [
        [report.loss * LENGTH, report.details["smooth_loss"]]
        for report in charlm.train(model, text, config)
        if report.event == "step"
    ]
    return got, list(islice(min_char_rnn.train(text, start, length=LENGTH, rate=rate), steps))


def shown(wanted: list[min_char_rnn.Shown]) -> list[list[float]]:
    return [[update.loss, update.smooth_loss] for update in wanted]


def test_three_hundred_updates() -> None:
    got, wanted = losses(300, rate=0.01)
    assert sum(update.position == 0 for update in wanted) >= 3  # the position went back at least twice
    assert wanted[-1].loss < 0.8 * wanted[0].loss  # and something was learned
    np.testing.assert_allclose(got, shown(wanted), rtol=1e-4)


def test_four_updates_at_the_published_rate() -> None:
    got, wanted = losses(4, rate=0.1)
    np.testing.assert_allclose(got, shown(wanted), rtol=1e-4)


@pytest.mark.parametrize("extra", range(-1, 3))
def test_the_position_goes_back_at_the_published_place(extra: int) -> None:
    got, wanted = losses(12, rate=0.01, characters=4 * LENGTH + extra, dtype="float64")
    windows = 3 if extra <= 1 else 4
    assert [update.position for update in wanted[: windows + 1]] == [25 * k for k in range(windows)] + [0]
    np.testing.assert_allclose(got, shown(wanted), rtol=1e-9)


def test_double_precision_follows_closely() -> None:
    got, wanted = losses(300, rate=0.01, dtype="float64")
    np.testing.assert_allclose(got, shown(wanted), rtol=1e-9)


def test_the_first_loss_is_a_guess_among_all_symbols() -> None:
    got, wanted = losses(1, rate=0.1)
    assert got[0][0] == pytest.approx(LENGTH * np.log(len(set(make_text(2400)))), rel=1e-3)
    assert len(wanted) == 1
