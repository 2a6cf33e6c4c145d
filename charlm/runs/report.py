"""`Report`: one event of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias, TypeGuard, TypeVar

__all__ = ["Event", "Report", "is_finite", "json_value"]

Event: TypeAlias = Literal["start", "step", "eval", "sample", "warning", "rollback", "plan", "save", "end"]

SCHEMA = 1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Report:
    """One event of a training run.

    Parameters
    ----------
    event : {"start", "step", "eval", "sample", "warning", "rollback", "plan", "save", "end"}
        Kind of event. At a "rollback", training diverged and continues from the state after `step` updates. At a
        "plan", a budget of minutes gives a new number of `steps`.
    step : int
        Finished updates.
    steps : int
        Updates of the whole run.
    epoch : float
        Passes over the training text so far.
    elapsed_s : float
        Seconds since the run started.
    loss : float, optional
        Nats per character: in "step" of the window before its update, in "eval" of the validation text. None in
        other events, and in "eval" without a validation text.
    learning_rate : float, optional
        Step size of the update, in "step".
    grad_norm : float, optional
        Global norm of the gradient before clipping, in "step".
    chars_per_s : float, optional
        Characters trained on per second since the "step" event before, without evaluating, sampling and
        saving; in "step".
    text : str
        A sampled text, in "sample"; a line for the user in "warning" and "rollback".
    path : str
        The run folder in "start" and "end", the file in "save"; empty if nothing is stored.
    best : bool
        Whether this "eval" has the lowest loss so far.
    details : mapping
        In "start": parameters, vocabulary, characters, shards, workers, blas_threads, preset, baseline, config;
        ranks of a distributed run; init_from, init_sha256 and new_symbols of a fine-tuned model; best_loss and
        best_step of a resumed run. In "start" and "plan" with a budget of minutes: minutes and left_s. In "step"
        with the preset min-char-rnn: smooth_loss. In "eval" of pairs: exact, the share of sources whose output
        equals the target. In "eval" of a mixture: networks, the loss of each, counts, that of the counts, and
        weights, those of the networks and, if they help, of the counts. In "rollback": from_step and rate. In
        "end": reason ("finished", "patience", "interrupted" or "diverged") and best_loss; if it diverged,
        diverged_at, the update, and cause.
    """

    event: Event
    step: int = 0
    steps: int = 0
    epoch: float = 0.0
    elapsed_s: float = 0.0
    loss: float | None = None
    learning_rate: float | None = None
    grad_norm: float | None = None
    chars_per_s: float | None = None
    text: str = ""
    path: str = ""
    best: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show the fields that are not empty."""
        values = ((one.name, getattr(self, one.name), one.default) for one in fields(self))
        shown = (f"{name}={value!r}" for name, value, default in values if value not in (default, {}))
        return f"Report({', '.join(shown)})"

    @property
    def bits_per_char(self) -> float | None:
        """`loss` in bits."""
        return None if self.loss is None else self.loss / math.log(2)

    def to_json(self) -> dict[str, Any]:
        """Return the event as in a line of ``log.jsonl``.

        It has the fields of the kind of event, then `details`. A number that is not finite becomes None, since JSON
        has no such numbers.
        """
        values: dict[str, Any] = {"event": self.event, "schema": SCHEMA, "step": self.step}
        match self.event:
            case "start" | "plan":
                values |= {"steps": self.steps}
            case "step":
                values |= {"epoch": self.epoch, "loss": self.loss, "bpc": self.bits_per_char}
                values |= {"lr": self.learning_rate, "grad_norm": self.grad_norm, "chars_per_s": self.chars_per_s}
            case "eval":
                values |= {"epoch": self.epoch, "loss": self.loss, "bpc": self.bits_per_char, "best": self.best}
            case "sample" | "warning" | "rollback":
                values |= {"text": self.text}
            case "save":
                values |= {"path": self.path}
            case "end":
                values |= {"steps": self.steps, "epoch": self.epoch, "path": self.path}
        values |= {"elapsed_s": round(self.elapsed_s, 3)}
        values |= {name: value for name, value in self.details.items() if name not in values}
        return {name: json_value(value) for name, value in values.items()}


def is_finite(value: float | None) -> TypeGuard[float]:
    """Whether there is a number, and it is finite."""
    return value is not None and math.isfinite(value)


def json_value(value: T) -> T | None:
    """Return a value as JSON can hold it: None for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
