"""`TrainConfig`: settings of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.config.checks import check_choice, check_number
from charlm.errors import UsageError

__all__ = ["LossReduction", "OnNan", "OptimizerName", "Sampling", "ScheduleName", "TrainConfig"]

OptimizerName: TypeAlias = Literal["adagrad", "adam", "adamw", "rmsprop", "sgd"]
ScheduleName: TypeAlias = Literal["constant", "cosine", "step"]
Sampling: TypeAlias = Literal["sequential", "random", "min-char-rnn"]
LossReduction: TypeAlias = Literal["mean", "sum"]
OnNan: TypeAlias = Literal["stop", "rollback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Settings of training.

    Parameters
    ----------
    optimizer : {"adagrad", "adam", "adamw", "rmsprop", "sgd"}
        Update rule.
    learning_rate : float
        Step size at the top of the schedule.
    momentum, nesterov
        For ``sgd`` only.
    weight_decay : float
        L2 penalty added to the gradient; decoupled from it in ``adamw``.
    schedule : {"constant", "cosine", "step"}
        The learning rate over the run.
    warmup : int
        Number of first updates, during which the rate rises linearly from 0.
    ema : float
        Decay a of the moving average of the weights, ``ā ← a ā + (1 - a) w`` at each update, smaller during the
        first updates. The average is evaluated and stored as the best. 0 keeps no average.
    clip_norm, clip_value : float
        Largest global norm of the gradient, and largest absolute value of an entry; 0 clips nothing.
    batch_size : int
        Streams N that are read in parallel.
    seq_length : int
        Characters T of a window, after which back-propagation through time is truncated.
    seq_length_min : int, optional
        Smallest length of a window, which is then random, up to `seq_length`; see `charlm.text.batches.lengths`.
    epochs, steps, minutes : optional
        The budget, at most one of them; ten epochs if all are None. Minutes are wall-clock time of the whole
        command, or of the call in Python. See `charlm.training.budget`.
    sampling : {"sequential", "random", "min-char-rnn"}
        Contiguous streams with carried state, random windows with zero state, or min-char-rnn's cursor.
    state_reset : float
        Probability that a sequential stream begins a window from zero state. At 0 a model may come to depend on a
        state carried through the whole text, which a new text does not have.
    documents : bool
        Whether every non-blank line is a separate text.
    patience : int
        Number of successive evaluations without a new best after which training ends; 0 for never. Of pairs, those
        up to the last at which fewer than half of the targets were exact do not count: some rest on a plateau.
    val_frac : float
        Share of the text, at its end, that is held out; 0 trains on everything.
    eval_every, save_every, sample_every, log_every : int, optional
        In updates; 0 for never, None for a number that follows from the length of the run.
    save_minutes : float
        Minutes after a save at which the run is saved again; 0 for never.
    seed : int
        Seed of initial weights, offsets, windows and dropout masks.
    loss_reduction : {"mean", "sum"}
        Whether the gradient is that of the mean or of the sum over a window's targets.
    shards : int, optional
        Groups of streams whose gradients are summed along a fixed tree. Their number changes the bits of a run.
    workers : int, optional
        Threads or processes that compute the shards. Their number changes no bit.
    on_nan : {"stop", "rollback"}
        Response to a loss or gradient that is not finite: end, or restore the last good state with half the rate.
    """

    optimizer: OptimizerName = "adagrad"
    learning_rate: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    schedule: ScheduleName = "constant"
    warmup: int = 0
    ema: float = 0.0
    clip_norm: float = 1.0
    clip_value: float = 0.0
    batch_size: int = 16
    seq_length: int = 32
    seq_length_min: int | None = None
    epochs: float | None = None
    steps: int | None = None
    minutes: float | None = None
    sampling: Sampling = "sequential"
    state_reset: float = 0.0
    documents: bool = False
    patience: int = 0
    val_frac: float = 0.1
    eval_every: int | None = None
    save_every: int | None = None
    sample_every: int | None = None
    log_every: int | None = None
    save_minutes: float = 5.0
    seed: int = 0
    loss_reduction: LossReduction = "mean"
    shards: int | None = None
    workers: int | None = None
    on_nan: OnNan = "stop"

    def __post_init__(self) -> None:
        check_choice("optimizer", self.optimizer, OptimizerName)
        check_number("learning_rate", self.learning_rate)
        check_number("momentum", self.momentum, high=1, below=True)
        check_number("weight_decay", self.weight_decay)
        check_choice("schedule", self.schedule, ScheduleName)
        check_number("warmup", self.warmup, whole=True)
        check_number("ema", self.ema, high=1, below=True)
        check_number("clip_norm", self.clip_norm)
        check_number("clip_value", self.clip_value)
        check_number("batch_size", self.batch_size, low=1, whole=True)
        check_number("seq_length", self.seq_length, low=1, whole=True)
        check_number("seq_length_min", self.seq_length_min, low=1, whole=True)
        check_number("epochs", self.epochs, above=True)
        check_number("steps", self.steps, whole=True)
        check_number("minutes", self.minutes, above=True)
        check_choice("sampling", self.sampling, Sampling)
        check_number("state_reset", self.state_reset, high=1, below=True)
        check_number("patience", self.patience, whole=True)
        check_number("val_frac", self.val_frac, high=1, below=True)
        for name in ("eval_every", "save_every", "sample_every", "log_every"):
            check_number(name, getattr(self, name), whole=True)
        check_number("save_minutes", self.save_minutes)
        check_number("seed", self.seed, high=2**63 - 1, whole=True)
        check_choice("loss_reduction", self.loss_reduction, LossReduction)
        check_number("shards", self.shards, low=1, high=1024, whole=True)
        check_number("workers", self.workers, low=1, high=1024, whole=True)
        check_choice("on_nan", self.on_nan, OnNan)
        budgets = [n for n in ("epochs", "steps", "minutes") if getattr(self, n) is not None]
        if len(budgets) > 1:
            raise UsageError(f"{' and '.join(f'`{n}`' for n in budgets)} are two budgets; give one of them")
        if self.nesterov and not self.momentum:
            raise UsageError("`nesterov` needs `momentum`; give one, for example `momentum=0.9`")
        if (self.momentum or self.nesterov) and self.optimizer != "sgd":
            raise UsageError(f'`momentum` is for sgd, not {self.optimizer}; add `optimizer="sgd"`')
        if self.seq_length_min is not None and self.seq_length_min > self.seq_length:
            raise UsageError(
                f"`seq_length` runs from {self.seq_length_min} down to {self.seq_length}; "
                f"give the smaller end first"
            )
        if self.seq_length_min is not None and self.sampling == "min-char-rnn":
            raise UsageError(
                f"sampling min-char-rnn has windows of one length; give `seq_length={self.seq_length}`, not a range"
            )
        if self.shards is not None and self.batch_size % self.shards:
            raise UsageError(
                f"{self.batch_size} streams do not divide into {self.shards} shards; "
                f"choose a `batch_size` that is a multiple of `shards`"
            )
