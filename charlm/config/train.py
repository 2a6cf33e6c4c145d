"""`TrainConfig`: settings of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.config.settings import check_settings, documented, setting
from charlm.errors import UsageError

__all__ = ["LossReduction", "OnNan", "OptimizerName", "Sampling", "ScheduleName", "TrainConfig"]

OptimizerName: TypeAlias = Literal["adagrad", "adam", "adamw", "rmsprop", "sgd"]
ScheduleName: TypeAlias = Literal["constant", "cosine", "step"]
Sampling: TypeAlias = Literal["sequential", "random", "min-char-rnn"]
LossReduction: TypeAlias = Literal["mean", "sum"]
OnNan: TypeAlias = Literal["stop", "rollback"]


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Settings of training.

    At most one of `minutes`, `epochs` and `steps` is given: the budget, ten epochs if all are None. See
    `charlm.training.budget`.
    """

    minutes: float | None = setting(
        None,
        "Minutes that the whole command takes.",
        more="In Python they are those of the call.",
        above=True,
        panel="Common",
    )
    epochs: float | None = setting(None, "Or passes over the text.", above=True, panel="Common")
    steps: int | None = setting(None, "Or updates; 0 writes the initial weights.", panel="Common")
    documents: bool = setting(
        False,
        "Each line is a separate text.",
        more="Blank lines are none.",
        flags="documents/no-documents",
        panel="Common",
    )
    optimizer: OptimizerName = setting("adagrad", "Optimiser.", panel="Learning")
    learning_rate: float = setting(0.1, "Step size at the top of the schedule.", panel="Learning")
    schedule: ScheduleName = setting("constant", "The learning rate over the run.", panel="Learning")
    final_rate: float = setting(
        0.0,
        "Share of the rate to which the schedule falls, such as 0.3.",
        high=1,
        panel="Learning",
    )
    warmup: int = setting(0, "Updates of the linear warm-up of the rate.", more="It begins at 0.", panel="Learning")
    batch_size: int = setting(16, "Streams read in parallel.", low=1, panel="Learning")
    seq_length: int = setting(
        32,
        "Characters of a window. A range such as 16-64 draws the length of each window from at most eight "
        "lengths evenly spaced, and keeps arrays for each.",
        more="In Python, `seq_length_min` is the smaller end.",
        value="N[-M]",
        smaller_end="seq_length_min",
        low=1,
        panel="Learning",
    )
    seq_length_min: int | None = setting(
        None,
        "Smallest length of a window, which is then random, up to `seq_length`.",
        more="See `charlm.text.batches.lengths`.",
        flags=None,
        low=1,
    )
    clip_norm: float = setting(
        1.0,
        "Largest global norm of the gradient; 0: any.",
        more="Of several networks each is clipped by its own norm.",
        panel="Learning",
    )
    clip_value: float = setting(
        0.0, "Largest entry of the gradient; 0: any.", flags="clip-value grad-clip", panel="Learning"
    )
    weight_decay: float = setting(0.0, "L2 penalty; decoupled in adamw.", panel="Learning")
    run_decay: float = setting(
        0.0,
        "Decay of recurrent and output weights over the whole run, such as 1.4; 0: no.",
        more="Without a gradient they would end at ``exp(-run_decay)`` of their size. Decoupled: a weight is "
        "multiplied by 1 - c, with c in proportion to the rate of the schedule, beside the optimiser's step.",
        panel="Learning",
    )
    ema: float = setting(
        0.0,
        "Average the weights with this decay, such as 0.999; 0: no.",
        more="The average is ``ā ← a ā + (1 - a) w`` at each update, with a smaller a during the first updates. It "
        "is evaluated and stored as the best.",
        high=1,
        below=True,
        panel="Learning",
    )
    momentum: float = setting(0.0, "For sgd.", high=1, below=True, panel="Learning")
    nesterov: bool = setting(False, "For sgd with momentum.", flags="nesterov/no-nesterov", panel="Learning")
    sampling: Sampling = setting(
        "sequential",
        "Windows of streams with carried state, or windows at random positions.",
        more="Min-char-rnn is the cursor of that script.",
        panel="Learning",
    )
    state_reset: float = setting(
        0.0,
        "Probability with which a stream begins a window from zero state; for sequential sampling.",
        more="At 0 a model may come to depend on a state carried through the whole text, which a new text does not "
        "have.",
        value="P",
        high=1,
        below=True,
        panel="Learning",
    )
    loss_reduction: LossReduction = setting(
        "mean", "Whether the gradient is of the mean or of the sum over a window.", panel="Learning"
    )
    patience: int = setting(
        0,
        "End after so many evaluations without a new best; 0: never.",
        more="A best of the networks of a mixture is one, too. Of pairs, those up to the last at which fewer than "
        "half of the targets were exact do not count: some rest on a plateau.",
        panel="Learning",
    )
    on_nan: OnNan = setting(
        "stop", "If training diverges: end, or restore the last good state and halve the rate.", panel="Run"
    )
    val_frac: float = setting(
        0.1,
        "Held-out share of the text; 0: none.",
        more="It is the end of the text; of documents and pairs, some by seed.",
        value="P",
        high=1,
        below=True,
        panel="Text",
    )
    counts: bool | None = setting(
        False,
        "Mix with the n-gram counts of the text; weights fitted on pieces of it that are not learnt; left out, by "
        "measurement if the budget is minutes.",
        more="None: by measurement on those pieces. The stored model is a `charlm.Mixture`.",
        flags="counts/no-counts",
        shows_default=False,
        panel="Model",
    )
    seed: int = setting(0, "Seed of everything random.", high=2**63 - 1, panel="Run")
    eval_every: int | None = setting(
        None, "Evaluate every N steps; 0: at the end only; left out, by the length of the run.", panel="Run"
    )
    save_every: int | None = setting(
        None, "Save every N steps; 0: at the end only; left out, by the length of the run.", panel="Run"
    )
    save_minutes: float = setting(5.0, "Save after so many minutes as well; 0: no.", panel="Run")
    sample_every: int | None = setting(
        None, "Show a sample every N steps; 0: never; left out, by the length of the run.", panel="Run"
    )
    log_every: int | None = setting(
        None, "Write a line of the log every N steps; left out, by the length of the run.", panel="Run"
    )
    workers: int | None = setting(
        None,
        "Threads on the shards, which never change a bit; by default, one for each core.",
        more="They may be processes.",
        low=1,
        high=1024,
        panel="Run",
    )
    shards: int | None = setting(
        None,
        "Groups of streams, which decide the last bits; by default, by cores and streams.",
        more="Their gradients are summed along a fixed tree.",
        low=1,
        high=1024,
        panel="Run",
    )

    def __post_init__(self) -> None:
        check_settings(self)
        budgets = [n for n in ("epochs", "steps", "minutes") if getattr(self, n) is not None]
        if len(budgets) > 1:
            *some, last = (f"`{name}`" for name in budgets)
            count = "two" if len(budgets) == 2 else "three"
            raise UsageError(f"{', '.join(some)} and {last} are {count} budgets; give one of them")
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
