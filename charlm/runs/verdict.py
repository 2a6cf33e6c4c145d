"""A verdict on a run in one word, with its reason and a remedy: whether it learns, overfits, diverges or stalls.

Curves are noisy, and a false alarm costs more trust than a late one. So every rule requires a change that lasts and
is large beside the scatter of the curve. The scatter is estimated from the median absolute second difference, which
a trend changes little.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Literal, TypeAlias

from charlm.runs.digits import told_apart
from charlm.runs.history import History, Point

__all__ = ["PLATEAU", "Verdict", "Word", "judge"]

Word: TypeAlias = Literal["early", "learns", "settled", "stalls", "overfits", "diverges"]

FEWEST_EVALUATIONS = 3  # for a verdict on validation
FEWEST_POINTS = 20  # of the training loss, while the run continues
FEWEST_AT_END = 10
WINDOWS = 20
LARGE_RISE = 0.25  # nats, or share of a series' first loss; no schedule or dropout raises training loss so much
LEAST_CHANGE = 0.005  # share of the loss; a smaller change is none
SOONEST_STALL = 0.15  # share of the run; many runs have an early plateau
MOST_DOUBT = 0.01  # share of the loss; a larger fall counts, however noisy the curve
TRUE_MARGIN = 1.02  # a loss below this multiple of the true entropy has reached it
BY_HEART = 0.05  # nats; below it, next to nothing is left to learn
PLATEAU = 0.5  # share of exact targets; below it, a run on pairs may rest on a plateau, for most of its time
SHORT_TEXT = 20_000  # characters; no setting replaces more text
LOW_RATE = 0.1  # share of the fall from the highest rate to the last; below it, the schedule is at its end

_GAUSSIAN = 1.4826  # standard deviation over median absolute deviation


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict on a run.

    Parameters
    ----------
    word : {"early", "learns", "settled", "stalls", "overfits", "diverges"}
        "early" if there is too little data, "settled" if no more progress is expected.
    reason : str
        The numbers that it follows from.
    remedy : str
        Advice; empty if nothing is wrong.
    """

    word: Word
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return all three as a line."""
        return "; ".join(filter(None, (f"{self.word}: {self.reason}", self.remedy)))

    def to_json(self) -> dict[str, str]:
        """Return it for JSON."""
        return dataclasses.asdict(self)


def judge(history: History) -> Verdict:
    """Judge a run by its curves; that of a mixture by those of its networks.

    Parameters
    ----------
    history : History

    Returns
    -------
    Verdict
        The first of diverges, early, overfits, settled or stalls, learns that fits the curves.

    Examples
    --------
    >>> history = History()
    >>> for step in range(1, 101):
    ...     history.add({"event": "step", "step": step, "loss": 1.5 + 2.7 * math.exp(-step / 20)})
    >>> str(judge(history))
    'learns: train fell from 3.82 to 1.52'
    """
    history = history.of_networks()
    rules = (_diverges, _early, _overfits, _knows_by_heart, _stalls)
    return next(filter(None, (rule(history) for rule in rules)), None) or _learns(history)


def _diverges(history: History) -> Verdict | None:
    rate = history.setting("train", "learning_rate")
    remedy = f"try `learning_rate={rate / 3:.2g}`" if rate > 0 else "try a lower `learning_rate`"
    if history.setting("train", "clip_norm") == 0:
        remedy += " or `clip_norm=1`"
    if history.broken or history.reason == "diverged":
        reason = history.cause or "a loss, gradient or weight is huge, or no longer a number"
        return Verdict("diverges", reason, remedy)
    windows = _windows(history.train)
    if len(windows) < 3:
        return None
    now, best = min(windows[-2:]), min(windows)  # of the last two windows: the rise must last
    ignorance = math.log(history.start_value("vocabulary")) if history.start_value("vocabulary") > 1 else math.inf
    if min(windows[-3:]) > 1.05 * ignorance + 0.05:
        return Verdict("diverges", f"train loss is {now:.2f}, worse than guessing ({ignorance:.2f})", remedy)
    if now - best > max(LARGE_RISE * (windows[0] if _of_numbers(history) else 1), 6 * _scatter(windows)):
        low, high = told_apart(best, now)
        return Verdict("diverges", f"train loss rose from {low} to {high}", remedy)
    return None


def _early(history: History) -> Verdict | None:
    fewest = FEWEST_AT_END if history.reason else FEWEST_POINTS
    if len(history.evaluations) >= FEWEST_EVALUATIONS or len(history.train) >= fewest:
        return None
    if history.reason and history.last_step < fewest:
        updates = f"{history.last_step:,.0f} update{'s' * (history.last_step != 1)}"
        return Verdict("early", f"after {updates} there is too little to judge by", "train longer")
    return Verdict("early", "too few figures yet to judge by")


def _knows_by_heart(history: History) -> Verdict | None:
    name, losses = _series(history)
    unvalidated = history.start_value("validation_characters") == 0
    if not losses or losses[-1] > _by_heart(history) or not math.isnan(history.baseline("true_nats")):
        return None
    if name != "train":
        return Verdict("settled", f"{name} is {losses[-1]:.2g}, and next to nothing is left to learn")
    if not unvalidated:
        return None
    reason = f"train fell to {losses[-1]:.2g}: the model knows its text by heart"
    return Verdict("settled", reason, "give more text, or hold some of it out with `val_frac=0.1`")


def _overfits(history: History) -> Verdict | None:
    evaluations, best = history.evaluations, history.best
    if best is None or len(evaluations) < FEWEST_EVALUATIONS + 1 or best in evaluations[-2:]:
        return None
    last = fmean(point.loss for point in evaluations[-2:])
    rise = max(LEAST_CHANGE * best.loss, 3 * _scatter([point.loss for point in evaluations]))
    then, now = _train_level(history, best.step), _train_level(history, evaluations[-1].step)
    if not (last - best.loss > rise and now < then * (1 - LEAST_CHANGE)):
        return None
    if _rests(history) and now > last / 2:
        return None
    low, high = told_apart(best.loss, evaluations[-1].loss)
    reason = (
        f"{_validation(history)} {high} rose from {low} at step {best.step:,.0f} while train fell to "
        f"{told_apart(now)[0]}"
    )
    return Verdict("overfits", reason, _against_overfitting(history, best))


def _against_overfitting(history: History, best: Point) -> str:
    dropout = history.setting("model", "dropout")
    more = "more text" if math.isnan(history.start_value("pairs")) else "more pairs"
    remedies = [more] if history.start_value("characters") < SHORT_TEXT else []
    remedies.append(f"`dropout={min(dropout + 0.2, 0.8):.1f}`" if 0 <= dropout < 0.6 else "a smaller `hidden_size`")
    if not math.isnan(history.setting("train", "weight_drop")):
        remedies.append("more `weight_drop`")
    when = "next time" if history.reason else "stop here, or"
    kept = f"step {best.step:,.0f}" if math.isnan(best.alone) else "the best mixture"
    return f"{when} use {' or '.join(remedies)}; best.npz keeps {kept}"


def _stalls(history: History) -> Verdict | None:
    name, losses = _series(history)
    tail = max(4, len(losses) // 3)
    if len(losses) < 2 * tail or history.last_step < SOONEST_STALL * history.steps:
        return None
    if name == "train" and history.start_value("validation_characters") > 0:
        return None
    before, after = median(losses[-2 * tail : -tail]), median(losses[-tail:])
    doubt = min(2 * _scatter(losses) * math.sqrt(2 / tail), MOST_DOUBT * before)
    if before - after > max(LEAST_CHANGE / 2 * before, doubt):
        return None
    if after <= _by_heart(history) or (not history.reason and _rests(history)):
        return None
    since = _standstill(name, before, after)
    true_nats = history.baseline("true_nats")
    if after <= TRUE_MARGIN * true_nats:
        return Verdict(
            "settled", f"{since}; the true entropy is {told_apart(true_nats)[0]}, and no model does better"
        )
    rates = [point.rate for point in history.train if point.rate > 0]
    final = history.setting("train", "final_rate")
    final = 0 if math.isnan(final) else final  # older runs
    if rates and rates[-1] < (final + LOW_RATE * (1 - final)) * max(rates):
        return Verdict(
            "settled", f"{since}; the learning rate has run down", "a longer or larger run may learn more"
        )
    best = history.best
    if name != "train" and best is not None and _train_falls(history, tail):
        return Verdict("stalls", f"{since}, while train still falls", _against_overfitting(history, best))
    rate = history.setting("train", "learning_rate")
    remedy = (
        f'try `schedule="cosine"` or `learning_rate={rate / 3:.2g}`' if rate > 0 else "try another `learning_rate`"
    )
    return Verdict("stalls", since, f"{remedy}, or a larger `hidden_size`")


def _standstill(name: str, before: float, after: float) -> str:
    """Say that a loss no longer falls; with two figures only where they differ."""
    then, now = told_apart(before, after, most=3)
    return f"{name} stays at {now}" if now == then else f"{name} falls no more ({then}, then {now})"


def _rests(history: History) -> bool:
    """Whether a run on pairs may rest on a plateau, from which its loss falls steeply later."""
    exact = history.evaluations[-1].exact if history.evaluations else math.nan
    return exact < PLATEAU or (history.start_value("pairs") > 0 and math.isnan(exact))


def _of_numbers(history: History) -> bool:
    """Whether the loss is a squared error, which has the scale of the series and not that of nats."""
    return history.start_value("features") > 0


def _by_heart(history: History) -> float:
    return -math.inf if _of_numbers(history) else BY_HEART  # how much of a series is noise is not known


def _learns(history: History) -> Verdict:
    name, losses = _series(history)
    if len(losses) < 2:
        return Verdict("early", "too few figures yet to judge by")
    first, last = losses[0], losses[-1]
    if not first - last > LEAST_CHANGE * first:
        return Verdict("early", f"{name} has not moved yet from {told_apart(first)[0]}")
    nats, order = history.baseline("nats"), history.baseline("order")
    if not (name != "train" and nats > 0 and order > 0):
        high, low = told_apart(first, last)
        return Verdict("learns", f"{name} fell from {high} to {low}")
    high, low, level = told_apart(first, last, nats)
    beside = f"{'below' if last < nats else 'still above'} the {order:.0f}-gram ({level})"
    return Verdict("learns", f"{name} fell from {high} to {low}, {beside}")


def _series(history: History) -> tuple[str, list[float]]:
    """Return the curve to judge by: validation if it has enough points, else windows of the training loss."""
    if len(history.evaluations) >= FEWEST_EVALUATIONS:
        return _validation(history), [point.loss for point in history.evaluations]
    return "train", _windows(history.train)


def _validation(history: History) -> str:
    return f"validation of the {history.networks}" if history.networks else "validation"


def _windows(points: Sequence[Point]) -> list[float]:
    """Return the medians of up to `WINDOWS` equal parts of a curve, each of at least five points."""
    count = min(WINDOWS, len(points) // 5)
    n = len(points)
    return [median(point.loss for point in points[n * k // count : n * (k + 1) // count]) for k in range(count)]


def _train_level(history: History, step: float) -> float:
    """Return the mean training loss over the tenth of the run that ends at a step."""
    reach = max(history.last_step / 10, 1)
    losses = [point.loss for point in history.train if step - reach < point.step <= step]
    return fmean(losses) if losses else math.nan


def _train_falls(history: History, tail: int) -> bool:
    then, now = (_train_level(history, history.evaluations[k].step) for k in (-tail, -1))
    return now < then * (1 - LEAST_CHANGE)


def _scatter(values: Sequence[float]) -> float:
    """Estimate the scatter of values about a smooth curve, without the steep first third."""
    rest = values[len(values) // 3 :]
    second_differences = [a - 2 * b + c for a, b, c in zip(rest, rest[1:], rest[2:], strict=False)]
    return _GAUSSIAN * median(map(abs, second_differences)) / math.sqrt(6) if second_differences else 0.0
