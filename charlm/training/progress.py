"""How far a run is: everything beside the tensors that going on exactly where it stopped needs."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

from charlm.errors import CheckpointError

__all__ = ["Progress"]

HISTORY_LIMIT = 4000


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
    smooth_loss : float
        As min-char-rnn shows it: summed over T, smoothed by 0.999/0.001; NaN before the first update.
    elapsed_s : float
        Seconds of training so far, over all sittings.
    history : list of [step, train loss, validation loss]
        One entry an evaluation, in nats per character.
    """

    step: int = 0
    best_loss: float = math.inf
    best_step: int = 0
    smooth_loss: float = math.nan
    elapsed_s: float = 0.0
    history: list[list[float | None]] = field(default_factory=list)

    def smooth(self, loss: float, length: int, vocabulary_size: int) -> None:
        """Take a window's loss per character into `smooth_loss`; it starts at -ln(1/V)·T."""
        if math.isnan(self.smooth_loss):
            self.smooth_loss = math.log(vocabulary_size) * length
        self.smooth_loss = 0.999 * self.smooth_loss + 0.001 * loss * length

    def evaluated(self, train_loss: float, loss: float) -> bool:
        """Note an evaluation; returns whether it is the best so far."""
        best = loss < self.best_loss
        if best:
            self.best_loss, self.best_step = loss, self.step
        self.history.append([self.step, _finite(train_loss), _finite(loss)])
        if len(self.history) > HISTORY_LIMIT:  # keeps a checkpoint small however long the run
            self.history = self.history[::2]
        return best

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold: None for a number that is not finite."""
        values = dataclasses.asdict(self)
        return {name: _finite(value) if isinstance(value, float) else value for name, value in values.items()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Progress:
        """Rebuild from `to_json`.

        Raises
        ------
        CheckpointError
            If a value is missing or of another kind.
        """
        try:
            return cls(
                step=int(values["step"]),
                best_loss=math.inf if values["best_loss"] is None else float(values["best_loss"]),
                best_step=int(values["best_step"]),
                smooth_loss=math.nan if values["smooth_loss"] is None else float(values["smooth_loss"]),
                elapsed_s=float(values["elapsed_s"]),
                history=[list(entry) for entry in values["history"]],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"the run's progress cannot be read ({error}); train anew") from error


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
