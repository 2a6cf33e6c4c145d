"""The progress of a run: with the tensors, everything that an exact resume needs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from charlm.errors import CheckpointError
from charlm.runs.report import json_value
from charlm.runs.verdict import PLATEAU

__all__ = ["Progress", "from_stored"]

HISTORY_LIMIT = 4000
HOPELESS = 100
EQUAL = 1e-4  # nats; a smaller difference between two mixtures is none


@dataclass(slots=True)
class Progress:
    """Counters, best score and history of a run.

    Attributes
    ----------
    step : int
        Finished updates.
    best_loss : float
        Lowest validation loss so far, in nats; infinite before the first.
    best_step : int
        Of the best weights.
    smooth_loss : float
        Loss of min-char-rnn: summed over T, smoothed by 0.999/0.001; NaN before the first update.
    elapsed_s : float
        Seconds of training so far, over all sessions.
    examined_step : int
        The last update whose due hooks (evaluate, sample) ran. Below `step` if a stop was requested before they
        did; a resumed run runs them first.
    worse, hopeless : int
        Updates in a row whose loss was above that of a uniform guess, ln V for text; and above a hundred times it.
    rollbacks : int
        Number of rollbacks after divergence; each halves the rate.
    plateau_step : int
        The last evaluation of pairs in which fewer than half of the targets were exact, 0 if there is none. Until
        then the run may be on a plateau, after which its loss falls steeply.
    gave_up : bool
        Whether the run ended early, since validation no longer improved.
    history : list of [step, train loss, validation loss]
        One entry for each evaluation, in nats per character; of a mixture with the mean loss of its networks as a
        fourth number.
    """

    step: int = 0
    best_loss: float = math.inf
    best_step: int = 0
    smooth_loss: float = math.nan
    elapsed_s: float = 0.0
    examined_step: int = 0
    worse: int = 0
    hopeless: int = 0
    rollbacks: int = 0
    history: list[list[float | None]] = field(default_factory=list)
    gave_up: bool = False
    plateau_step: int = 0

    def smooth(self, loss: float, length: int, guess_nats: float) -> None:
        """Update `smooth_loss` by a window's loss per character; its start is a uniform guess, -ln(1/V)·T."""
        if math.isnan(self.smooth_loss):
            self.smooth_loss = guess_nats * length
        self.smooth_loss = 0.999 * self.smooth_loss + 0.001 * loss * length

    def compare(self, loss: float, guess_nats: float) -> None:
        """Compare an update's loss per prediction with that of a uniform guess, ln V for V symbols."""
        self.worse = self.worse + 1 if loss > guess_nats else 0
        self.hopeless = self.hopeless + 1 if loss > HOPELESS * guess_nats else 0

    @property
    def rate_factor(self) -> float:
        """Factor of the learning rate after the rollbacks."""
        return 0.5**self.rollbacks

    def evaluated(
        self, train_loss: float, loss: float, *, exact: float = math.nan, networks: Sequence[float] = ()
    ) -> bool:
        """Record an evaluation; return whether its weights are the best so far.

        They are if the loss is the lowest. They also are if the loss of a mixture equals the lowest, and its
        networks alone predict better: beside counts with all the weight, the loss does not show what they learn.

        Parameters
        ----------
        train_loss, loss : float
        exact : float
            Of pairs, the exact share.
        networks : sequence of float
            Of a mixture, the losses of its networks.
        """
        alone = fmean(networks) if networks else math.nan
        best = loss < self.best_loss or (loss < self.best_loss + EQUAL and alone < self._best_alone)
        if exact < PLATEAU:
            self.plateau_step = self.step
        if best:
            self.best_loss, self.best_step = min(loss, self.best_loss), self.step
        entry = [self.step, json_value(train_loss), json_value(loss)]
        self.history.append([*entry, json_value(alone)] if networks else entry)
        if len(self.history) > HISTORY_LIMIT:  # so that the checkpoint of a long run stays small
            self.history = self.history[::2]
        return best

    @property
    def _best_alone(self) -> float:
        """Mean loss of the networks at the best evaluation; NaN if not known."""
        entries = (entry[3] for entry in self.history if len(entry) > 3 and entry[0] == self.best_step)
        return next((loss for loss in entries if loss is not None), math.nan)

    @property
    def waited(self) -> int:
        """Evaluations since the best one and the last on a plateau; of a mixture, since its networks' best, too.

        Beside good counts, networks have no weight at first, and the loss of the mixture does not fall.
        """
        of_networks = [
            (entry[3], entry[0] or 0) for entry in self.history if len(entry) > 3 and entry[3] is not None
        ]
        since = max(self.best_step, self.plateau_step, min(of_networks, default=(0, 0))[1])
        return sum((entry[0] or 0) > since for entry in self.history)

    def to_json(self) -> dict[str, Any]:
        """Return values for JSON: None for a number that is not finite."""
        values = dataclasses.asdict(self)
        return {name: json_value(value) for name, value in values.items()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Progress:
        """Build from the result of `to_json`.

        Raises
        ------
        CheckpointError
            If a value is missing or of another type.
        """
        try:
            return cls(
                step=int(values["step"]),
                best_loss=math.inf if values["best_loss"] is None else float(values["best_loss"]),
                best_step=int(values["best_step"]),
                smooth_loss=from_stored(values["smooth_loss"]),
                elapsed_s=float(values["elapsed_s"]),
                history=[list(entry) for entry in values["history"]],
                # the first runs stored none of these
                examined_step=int(values.get("examined_step", values["step"])),
                worse=int(values.get("worse", 0)),
                hopeless=int(values.get("hopeless", 0)),
                rollbacks=int(values.get("rollbacks", 0)),
                gave_up=bool(values.get("gave_up", False)),
                plateau_step=int(values.get("plateau_step", 0)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"the run's progress cannot be read ({error}); train a new model") from error


def from_stored(value: float | None) -> float:
    """Return a number from JSON: NaN for None."""
    return math.nan if value is None else float(value)
