from __future__ import annotations

import math
from typing import Any

import pytest

from charlm.runs.history import History
from charlm.runs.verdict import Verdict, judge
from tests.runs.curves import START, Curve, cosine, events, falling, history_of

SEEDS = range(12)
QUIET: dict[str, Any] = {"noise": 0.02, "wobble": 0.0005}
NOISY: dict[str, Any] = {"noise": 0.15, "wobble": 0.005}


def full_rate(x: float) -> float:
    return 0.3


def plateau(height: float) -> Curve:
    return falling(height, 40)


def rising(low: float, since: float, slope: float) -> Curve:
    return lambda x: falling(low, 9)(x) + slope * max(0.0, x - since)


def overfitted(x: float) -> float:
    return falling(1.3, 6)(x) - 0.3 * x


LEARNS: dict[str, Any] = {"train": falling(1.45), "validation": falling(1.5)}
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "learns": ("learns", LEARNS),
    "learns slowly": ("learns", {"train": falling(1.3, 3), "validation": falling(1.4, 3)}),
    "learns at full rate": ("learns", {"train": falling(1.3, 4), "validation": falling(1.4, 4), "rate": full_rate}),
    "learns unvalidated": ("learns", {"train": falling(1.4, 6)}),
    "overfits": ("overfits", {"train": overfitted, "validation": rising(1.45, 0.5, 0.35)}),
    "stalls": ("stalls", {"train": plateau(3.3), "validation": plateau(3.32), "rate": full_rate}),
    "stalls unvalidated": ("stalls", {"train": plateau(3.3), "rate": full_rate, "noise": 0.05}),
    "settled": ("settled", {"train": falling(1.45, 30), "validation": falling(1.5, 30)}),
    "diverges late": ("diverges", {"train": rising(1.5, 0.7, 4), "validation": rising(1.5, 0.7, 4)}),
    "diverges unvalidated": ("diverges", {"train": rising(1.5, 0.7, 4)}),
    "never learns": ("diverges", {"train": lambda x: 8.0, "validation": lambda x: 9.0, "noise": 1.0}),
}


@pytest.mark.parametrize("scatter", [QUIET, NOISY], ids=["quiet", "noisy"])
@pytest.mark.parametrize("kind", RUNS)
def test_finished_runs(kind: str, scatter: dict[str, Any]) -> None:
    word, run = RUNS[kind]
    assert {judge(history_of(**{**scatter, **run}, seed=seed)).word for seed in SEEDS} == {word}


@pytest.mark.parametrize("scatter", [QUIET, NOISY], ids=["quiet", "noisy"])
@pytest.mark.parametrize("kind", ["learns", "learns slowly", "learns at full rate", "learns unvalidated"])
def test_no_alarm_while_a_run_learns(kind: str, scatter: dict[str, Any]) -> None:
    _, run = RUNS[kind]
    for seed in SEEDS[:4]:
        for part in (0.002, 0.01, 0.03, 0.07, 0.13, 0.19, 0.26, 0.35, 0.5, 0.7, 0.9):
            assert judge(history_of(**{**scatter, **run}, upto=part, seed=seed)).word in ("early", "learns")


def test_the_first_evaluations_raise_no_alarm_even_where_they_rise() -> None:
    history = history_of(falling(1.4), lambda x: 2.0 + x, upto=0.2, **QUIET)
    assert len(history.evaluations) == 3
    assert judge(history).word in ("early", "learns")


def test_a_single_bad_evaluation_is_no_overfitting_while_train_falls() -> None:
    bad_at_last = history_of(
        falling(1.3, 3), lambda x: falling(1.4, 3)(x) + 0.5 * (x > 0.99), **QUIET, rate=full_rate
    )
    assert bad_at_last.evaluations[-1].loss > 1.9
    assert judge(bad_at_last).word != "overfits"


def test_a_single_bad_evaluation_is_no_overfitting() -> None:
    history = history_of(**LEARNS, **QUIET)
    history.add({"event": "eval", "step": 1601, "loss": 1.9})
    assert judge(history).word == "learns"


def test_a_single_bad_stretch_is_no_divergence() -> None:
    history = history_of(**LEARNS, **QUIET)
    for step in range(1601, 1640):
        history.add({"event": "step", "step": step, "loss": 4.0})
    assert judge(history).word == "learns"


def test_a_text_whose_parts_differ_does_not_diverge() -> None:
    parts = history_of(lambda x: falling(1.5)(x) + 0.4 * (int(min(x, 0.999) * 10) % 3 == 0), noise=0.02)
    assert judge(parts).word != "diverges"


def test_a_little_rise_is_no_divergence() -> None:
    assert judge(history_of(rising(1.5, 0.7, 0.6), noise=0.02)).word != "diverges"


def test_overfitting_tells_the_figures_and_the_way_out() -> None:
    verdict = judge(history_of(**RUNS["overfits"][1], **QUIET))
    assert verdict.reason.startswith("validation 1.63 rose from 1.48 at step 800")
    assert "while train fell to 1.0" in verdict.reason
    assert verdict.remedy == "next time use `dropout=0.3`; best.npz keeps step 800"
    running = judge(history_of(**RUNS["overfits"][1], **QUIET, upto=0.95))
    assert running.remedy.startswith("stop here, or use `dropout=0.3`")


def evaluated(*losses: float) -> History:
    history = History()
    history.add({"event": "start", "step": 0, "steps": 10 * len(losses), **START})
    for k, loss in enumerate(losses, 1):
        history.add({"event": "step", "step": 10 * k, "loss": loss, "lr": 0.3})
        history.add({"event": "eval", "step": 10 * k, "loss": loss})
    return history


def test_a_loss_that_stands_still_is_told_once_and_with_its_zeros() -> None:
    assert judge(evaluated(*[3.0] * 4, *[2.0004] * 4, *[2.0] * 4)).reason == "validation stays at 2.00"
    falls = judge(evaluated(*[3.0] * 4, *[2.0] * 4, *[1.99] * 4)).reason
    assert falls == "validation fell from 3.00 to 1.99, still above the 5-gram (1.90)"
    assert (
        judge(evaluated(*[3.0] * 4, *[2.0] * 4, *[2.01] * 4)).reason == "validation falls no more (2.00, then 2.01)"
    )


def test_figures_that_are_compared_are_told_apart() -> None:
    near = judge(evaluated(3.0, 2.5, 2.1, 1.9004)).reason
    assert near == "validation fell from 3.0000 to 1.9004, still above the 5-gram (1.9000)"


def test_a_setting_that_the_run_has_not_is_not_recommended() -> None:
    history = history_of(**RUNS["overfits"][1], **QUIET)
    assert "weight_drop" not in judge(history).remedy
    config = {"model": {"dropout": 0.7}, "train": {"weight_drop": 0.0}}
    history.start = {**history.start, "config": config}
    assert "a smaller `hidden_size` or more `weight_drop`" in judge(history).remedy


@pytest.mark.parametrize("event", [{"event": "step", "loss": None}, {"event": "eval", "loss": None}])
def test_a_loss_that_is_no_number_is_told_at_once(event: dict[str, Any]) -> None:
    history = history_of(**LEARNS, upto=0.2)
    history.add({**event, "step": 321})
    verdict = judge(history)
    assert verdict.word == "diverges"
    assert verdict.remedy == "try `learning_rate=0.1`"


def test_a_run_without_validation_evaluates_to_nothing_and_that_is_no_fault() -> None:
    history = history_of(falling(1.4))
    history.add({"event": "eval", "step": 1600, "loss": None})
    assert judge(history).word == "learns"


def test_near_the_true_entropy_there_is_nothing_left_to_learn() -> None:
    baseline = {"order": 5, "nats": 1.9, "true_nats": 1.49}
    verdict = judge(history_of(plateau(1.5), plateau(1.5), **QUIET, rate=full_rate, baseline=baseline))
    assert (verdict.word, verdict.remedy) == ("settled", "")
    assert "the true entropy is 1.49" in verdict.reason


def test_a_schedule_that_ends_above_nought_has_run_down() -> None:
    run: dict[str, Any] = {**QUIET, "rate": lambda x: 0.3 * 0.3 + 0.7 * cosine(x)}
    verdict = judge(history_of(falling(1.45, 30), falling(1.5, 30), **run, config={"train": {"final_rate": 0.3}}))
    assert verdict.word == "settled"
    assert "the learning rate has run down" in verdict.reason
    assert judge(history_of(falling(1.45, 30), falling(1.5, 30), **run)).word == "stalls"


def test_the_baseline_is_named() -> None:
    assert "below the 5-gram (1.90)" in judge(history_of(**LEARNS, **QUIET)).reason
    slow = history_of(falling(2.4), falling(2.5), **QUIET)
    assert "still above the 5-gram (1.90)" in judge(slow).reason


def test_nothing_at_all() -> None:
    assert judge(History()) == Verdict("early", "too few figures yet to judge by")


def test_history_alone_is_enough() -> None:
    history = History()
    history.add_entries([[100 * k, 1.5 - 0.03 * k, 1.5 + 0.04 * abs(k - 5)] for k in range(1, 12)])
    assert judge(history).word == "overfits"


@pytest.mark.parametrize("loss", [0.0, 1e-12, 1e8, -3.0])
def test_odd_losses_do_no_harm(loss: float) -> None:
    history = History()
    for step in range(200):
        history.add({"event": "step", "step": step, "loss": loss})
        history.add({"event": "eval", "step": step, "loss": loss})
    assert not math.isnan(len(str(judge(history))))


def test_a_short_text_is_to_become_longer() -> None:
    history = history_of(**RUNS["overfits"][1], **QUIET, characters=900)
    assert "use more text or `dropout=0.3`" in judge(history).remedy


def test_bounds_in_nats_are_not_those_of_a_series() -> None:
    small = {"noise": 0.0005, "wobble": 0.00002, "vocabulary": None, "features": 1}
    learns: dict[str, Any] = {"train": falling(0.01, 3, start=0.04), "validation": falling(0.011, 3, start=0.04)}
    assert judge(history_of(**learns, **small, rate=full_rate)).word == "learns"
    risen = judge(history_of(lambda x: 0.01 + 0.03 * max(0.0, x - 0.5), **small))
    assert (risen.word, risen.reason[:15]) == ("diverges", "train loss rose")
    large = judge(history_of(lambda x: 400 + 0.5 * x, noise=0.01, features=1, vocabulary=None))
    assert large.word != "diverges"


def test_what_is_known_by_heart_is_settled() -> None:
    by_heart = judge(history_of(falling(0.01, 40), noise=0.002, rate=full_rate))
    assert by_heart.word == "settled"
    assert "knows its text by heart" in by_heart.reason
    assert "`val_frac=0.1`" in by_heart.remedy
    predictable = judge(history_of(falling(0.01, 40), falling(0.01, 40), noise=0.002, rate=full_rate))
    assert str(predictable) == "settled: validation is 0.018, and next to nothing is left to learn"


def test_a_run_that_ended_soon_is_judged_by_what_there_is() -> None:
    history = History()
    for step in range(1, 13):
        history.add({"event": "step", "step": step, "loss": 3 - step / 10})
    assert judge(history).word == "early"
    history.add({"event": "end", "step": 12, "steps": 12, "reason": "finished"})
    assert str(judge(history)) == "learns: train fell from 2.65 to 2.05"


PLATEAU_OF_ADD = [  # training loss, validation loss and exact targets, of every 150 updates
    (1.887, 1.594, 0.0012),
    (1.576, 1.47, 0.0006),
    (1.39, 1.241, 0.0072),
    (1.189, 1.171, 0.0084),
    (1.15, 1.125, 0.0138),
    (1.104, 1.096, 0.0102),
    (1.05, 1.055, 0.0102),
    (1.052, 1.007, 0.018),
    (1.045, 0.938, 0.0276),
    (0.945, 0.945, 0.0222),
    (0.999, 0.912, 0.0276),
    (0.948, 0.942, 0.018),
    (1.045, 0.98, 0.0192),
    (0.982, 0.892, 0.0258),
    (0.968, 0.942, 0.0258),
    (0.964, 0.911, 0.0294),
    (0.916, 0.871, 0.0372),
    (0.884, 1.023, 0.015),
    (0.886, 1.022, 0.0144),
    (0.919, 0.859, 0.0336),
    (0.847, 0.808, 0.039),
    (0.918, 0.832, 0.0276),
    (0.865, 0.895, 0.027),
    (0.907, 0.782, 0.0552),
    (0.869, 0.772, 0.0564),
    (0.921, 0.911, 0.0288),
    (0.864, 1.02, 0.0246),
    (0.864, 0.762, 0.0612),
    (0.852, 0.771, 0.0432),
    (0.837, 0.833, 0.0396),
    (0.87, 0.783, 0.045),
    (0.781, 0.754, 0.0498),
    (0.82, 1.103, 0.0156),
    (0.954, 0.811, 0.0336),
    (0.818, 0.781, 0.0486),
    (0.81, 0.736, 0.063),
    (0.881, 0.926, 0.0324),
    (0.764, 0.757, 0.0516),
    (0.831, 0.732, 0.0726),
    (0.782, 0.78, 0.0522),
]
"""`charlm train --pairs builtin:add --no-bidirectional --hidden-size 96 --learning-rate 0.002 --schedule constant`,
6,000 updates with an evaluation after each 150: the sum of two numbers is found much later."""


def test_a_plateau_of_pairs_is_neither_stalled_nor_overfitted() -> None:
    history = History()
    history.add(
        {"event": "start", "step": 0, "steps": 6000, "pairs": 45_000, **START, "validation_characters": 8000}
    )
    for k, (train, validation, exact) in enumerate(PLATEAU_OF_ADD, start=1):
        for step in range(150 * k - 140, 150 * k + 1, 10):
            history.add({"event": "step", "step": step, "loss": train, "lr": 0.002})
        assert judge(history).word in ("early", "learns"), step
        history.add({"event": "eval", "step": step, "loss": validation, "exact": exact})
        assert judge(history).word in ("early", "learns"), step


@pytest.mark.parametrize(
    ("exact", "ended", "word"), [(0.1, False, "learns"), (0.1, True, "stalls"), (0.9, False, "stalls")]
)
def test_pairs_stall_where_half_are_exact_or_the_run_is_over(exact: float, ended: bool, word: str) -> None:
    history = History()
    for event in events(
        plateau(1.0), plateau(1.05), rate=full_rate, upto=1 if ended else 0.99, **QUIET, pairs=1000
    ):
        history.add(event | {"exact": exact})
    assert judge(history).word == word


def test_pairs_of_which_few_are_exact_can_overfit() -> None:
    history = History()
    for event in events(falling(0.1, 6), rising(1.45, 0.5, 0.35), upto=0.99, **QUIET, pairs=1000):
        history.add(event | {"exact": 0.1})
    assert judge(history).word == "overfits"


def test_a_loss_near_zero_is_no_stall_before_it_is_validated() -> None:
    near_zero = history_of(falling(0.001, 400), lambda _: 0.001, upto=0.24, noise=0.0002, evaluations=4)
    assert not near_zero.evaluations
    assert judge(near_zero).word == "learns"
