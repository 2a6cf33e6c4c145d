"""Every setting, in frozen dataclasses that check themselves.

`ModelConfig`, `TrainConfig`, `SampleConfig`, `DynamicConfig`.

Defaults are here and nowhere else: the command line reads them from the dataclasses. Nothing here needs
NumPy, so ``charlm --help`` stays quick.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from charlm.errors import UsageError

__all__ = [
    "CellName",
    "DTypeName",
    "DynamicConfig",
    "GruReset",
    "InitName",
    "LossReduction",
    "ModelConfig",
    "Normalization",
    "OnNan",
    "OnUnknown",
    "OptimizerName",
    "SampleConfig",
    "Sampling",
    "ScheduleName",
    "TrainConfig",
    "Unit",
    "from_mapping",
]

CellName: TypeAlias = Literal["rnn", "lstm", "gru"]
GruReset: TypeAlias = Literal["after", "before"]
DTypeName: TypeAlias = Literal["float32", "float64"]
InitName: TypeAlias = Literal["uniform", "min-char-rnn"]
OptimizerName: TypeAlias = Literal["adagrad", "adam", "adamw", "rmsprop", "sgd"]
ScheduleName: TypeAlias = Literal["constant", "cosine", "step"]
Sampling: TypeAlias = Literal["sequential", "random", "min-char-rnn"]
LossReduction: TypeAlias = Literal["mean", "sum"]
Unit: TypeAlias = Literal["char", "byte", "grapheme"]
Normalization: TypeAlias = Literal["none", "NFC", "NFKC"]
OnNan: TypeAlias = Literal["stop", "rollback"]
OnUnknown: TypeAlias = Literal["error", "skip", "replace"]

_Config = TypeVar("_Config", "ModelConfig", "TrainConfig", "SampleConfig")


def _choice(name: str, value: object, choices: object) -> None:
    allowed = get_args(choices)
    if value not in allowed:
        raise UsageError(f"{name} is {value!r}; choose one of {', '.join(map(str, allowed))}")


def _number(
    name: str,
    value: float | None,
    *,
    low: float = 0.0,
    high: float = math.inf,
    above: bool = False,
    below: bool = False,
    whole: bool = False,
) -> None:
    """Refuse a number outside ``[low, high]``; `above` and `below` leave out the border itself."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise UsageError(f"{name} is {value!r}; it must be a {'whole number' if whole else 'number'}")
    inside = (value > low if above else value >= low) and (value < high if below else value <= high)
    if not inside or not math.isfinite(value):
        border = "above" if above else "at least"
        top = "" if math.isinf(high) else f" and {'below' if below else 'at most'} {high:g}"
        raise UsageError(f"{name} is {value}; it must be {border} {low:g}{top}")


def from_mapping(cls: type[_Config], values: dict[str, Any]) -> _Config:
    """Rebuild a configuration from JSON values, refusing names that it does not have.

    Raises
    ------
    UsageError
        For an unknown name or a value out of range.
    """
    known = {field.name for field in dataclasses.fields(cls)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise UsageError(f"{cls.__name__} has no setting {', '.join(unknown)}; it was written by another version")
    settings: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    return cls(**settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """The shape of a `CharModel`.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Kind of recurrent cell.
    hidden_size : int
        Hidden units H of each layer.
    layers : int
        Recurrent layers on top of each other.
    embedding_size : int
        Features E of the learned input embedding; 0 feeds one-hot columns.
    dropout : float
        Probability that an activation is dropped while training, between layers and before the head.
    variational : bool
        Whether dropout drops the same units at all steps of a window (Gal & Ghahramani 2016).
    weight_drop : float
        Probability that a recurrent weight is dropped for an update (DropConnect; Merity et al. 2018).
    gru_reset : {"after", "before"}
        Where a GRU's reset gate acts: after the recurrent product (PyTorch) or before it (Cho et al. 2014).
    init : {"uniform", "min-char-rnn"}
        Start weights: uniform in ±1/√fan-in with forget-gate bias 1, or 0.01·N(0, 1) with zero biases.
    dtype : {"float32", "float64"}
        Precision of weights and arithmetic.
    """

    cell: CellName = "lstm"
    hidden_size: int = 128
    layers: int = 1
    embedding_size: int = 0
    dropout: float = 0.0
    variational: bool = False
    weight_drop: float = 0.0
    gru_reset: GruReset = "after"
    init: InitName = "uniform"
    dtype: DTypeName = "float32"

    def __post_init__(self) -> None:
        _choice("model", self.cell, CellName)
        _number("hidden-size", self.hidden_size, low=1, high=65536, whole=True)
        _number("layers", self.layers, low=1, high=64, whole=True)
        _number("embedding-size", self.embedding_size, high=65536, whole=True)
        _number("dropout", self.dropout, high=1, below=True)
        _number("weight-drop", self.weight_drop, high=1, below=True)
        _choice("gru-reset", self.gru_reset, GruReset)
        _choice("init", self.init, InitName)
        _choice("dtype", self.dtype, DTypeName)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """How a model is trained.

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
        Course of the learning rate over the run.
    warmup : int
        Updates over which the rate first rises linearly from 0.
    ema : float
        Decay a an update of the average of the weights that is evaluated and kept as the best,
        ``ā ← a ā + (1 - a) w``; less while updates are few. 0 keeps no average.
    clip_norm, clip_value : float
        Largest global norm of the gradient; largest size of an entry. 0 switches either off.
    batch_size : int
        Streams N that are read side by side.
    seq_length : int
        Characters T between truncations of back-propagation through time.
    seq_length_min : int, optional
        Draw each window's length, from this to `seq_length`; see `charlm.text.batches.lengths`.
    epochs, steps, minutes : optional
        The budget; at most one. None of them means ten epochs.
    sampling : {"sequential", "random", "min-char-rnn"}
        Contiguous streams with carried state, windows from anywhere with zero state, or min-char-rnn's cursor.
    state_reset : float
        Probability with which a sequential stream goes on from zero state at the start of a window. Without it a
        model may come to rely on a state that has been carried through the whole text, which a new text has not.
    documents : bool
        Every non-blank line is a text of its own.
    patience : int
        End after so many evaluations in a row without a new best; 0 never does.
    val_frac : float
        Share of the end of the text that is held out; 0 trains on everything.
    eval_every, save_every, sample_every, log_every : int, optional
        In updates; 0 means never, None leaves it to the length of the run.
    save_minutes : float
        Also save when so many minutes have gone by since the last time; 0 means never.
    seed : int
        Fixes start weights, offsets, windows and dropout.
    loss_reduction : {"mean", "sum"}
        Whether the gradient is of the mean or of the sum over a window's targets.
    shards : int, optional
        Column groups whose gradients are summed along a fixed tree: part of what fixes a run's bits.
    workers : int, optional
        Threads that work on the shards: never changes a bit.
    on_nan : {"stop", "rollback"}
        What follows a loss or gradient that is not finite: the end, or going on from the last good state with
        half the rate.
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
        _choice("optimizer", self.optimizer, OptimizerName)
        _number("learning-rate", self.learning_rate)
        _number("momentum", self.momentum, high=1, below=True)
        _number("weight-decay", self.weight_decay)
        _choice("schedule", self.schedule, ScheduleName)
        _number("warmup", self.warmup, whole=True)
        _number("ema", self.ema, high=1, below=True)
        _number("clip-norm", self.clip_norm)
        _number("clip-value", self.clip_value)
        _number("batch-size", self.batch_size, low=1, whole=True)
        _number("seq-length", self.seq_length, low=1, whole=True)
        _number("seq-length's lower end", self.seq_length_min, low=1, whole=True)
        _number("epochs", self.epochs, above=True)
        _number("steps", self.steps, whole=True)
        _number("minutes", self.minutes, above=True)
        _choice("sampling", self.sampling, Sampling)
        _number("state-reset", self.state_reset, high=1, below=True)
        _number("patience", self.patience, whole=True)
        _number("val-frac", self.val_frac, high=1, below=True)
        for name in ("eval_every", "save_every", "sample_every", "log_every"):
            _number(name.replace("_", "-"), getattr(self, name), whole=True)
        _number("save-minutes", self.save_minutes)
        _number("seed", self.seed, high=2**63 - 1, whole=True)
        _choice("loss-reduction", self.loss_reduction, LossReduction)
        _number("shards", self.shards, low=1, high=1024, whole=True)
        _number("workers", self.workers, low=1, high=1024, whole=True)
        _choice("on-nan", self.on_nan, OnNan)
        budgets = [n for n in ("epochs", "steps", "minutes") if getattr(self, n) is not None]
        if len(budgets) > 1:
            raise UsageError(f"{' and '.join('--' + n for n in budgets)} are two budgets; give one of them")
        if self.nesterov and not self.momentum:
            raise UsageError("nesterov needs momentum; give --momentum, for example 0.9")
        if (self.momentum or self.nesterov) and self.optimizer != "sgd":
            raise UsageError(f"momentum is for sgd, not {self.optimizer}; add --optimizer sgd")
        if self.seq_length_min is not None and self.seq_length_min > self.seq_length:
            raise UsageError(
                f"seq-length runs from {self.seq_length_min} down to {self.seq_length}; give the smaller end first"
            )
        if self.seq_length_min is not None and self.sampling == "min-char-rnn":
            raise UsageError(
                f"sampling min-char-rnn has windows of one length; give --seq-length {self.seq_length}, not a range"
            )
        if self.shards is not None and self.batch_size % self.shards:
            raise UsageError(
                f"{self.batch_size} streams do not divide into {self.shards} shards; "
                f"choose a --batch-size that is a multiple of --shards"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleConfig:
    """How text is drawn from a model.

    Parameters
    ----------
    length : int
        Symbols of the continuation.
    temperature : float
        Divides the log-probabilities; 0 takes the most likely symbol.
    top_k : int
        Keep the k most likely symbols; 0 keeps all.
    top_p : float
        Keep the fewest most likely symbols whose probabilities reach p; 1 keeps all.
    min_p : float
        Keep symbols at least p times as likely as the most likely one; 0 keeps all.
    typical_p : float
        Keep the fewest symbols whose surprisal is nearest to the expected one and whose probabilities reach p; 1
        keeps all.
    repeat_penalty : float
        Multiplies the log-probability of symbols that were seen lately: above 1 they become less likely, 1 does
        nothing.
    repeat_last_n : int
        So many of the last symbols, the prompt's among them, count as seen; 0 none.
    stop : tuple of str
        The text ends before the first of these that it would contain; one that has to match contains none.
    regex : str
        A pattern that the text matches in full, or ``@name`` for a named one; empty for any text. See
        `charlm.generation.constraint`.
    template : str
        A text with holes to fill, ``Dear {name:PATTERN}, …``; empty for any text.
    on_unknown : {"error", "skip", "replace"}
        What becomes of prompt characters outside the vocabulary.
    """

    length: int = 500
    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    repeat_penalty: float = 1.0
    repeat_last_n: int = 64
    stop: tuple[str, ...] = ()
    regex: str = ""
    template: str = ""
    on_unknown: OnUnknown = "error"

    def __post_init__(self) -> None:
        _number("length", self.length, whole=True)
        _number("temperature", self.temperature)
        _number("top-k", self.top_k, whole=True)
        _number("top-p", self.top_p, high=1, above=True)
        _number("min-p", self.min_p, high=1)
        _number("typical-p", self.typical_p, high=1, above=True)
        _number("repeat-penalty", self.repeat_penalty, high=1000, above=True)
        _number("repeat-last-n", self.repeat_last_n, high=100_000, whole=True)
        _choice("on-unknown", self.on_unknown, OnUnknown)
        if self.regex and self.template:
            raise UsageError("--regex and --template are two patterns for one text; give one of them")
        if any(not text for text in self.stop):
            raise UsageError("an empty --stop would end every text at once; give at least one character")


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicConfig:
    """How a model goes on learning while it is evaluated; see `charlm.analysis.dynamic`.

    Parameters
    ----------
    rate : float
        Step size η of gradient descent on a segment's mean loss; 0 learns nothing.
    decay : float
        Share λ of the way back to the trained weights that each update goes.
    length : int
        Characters of a segment, which is scored before it is learnt from.
    clip_norm : float
        Largest global norm of a segment's gradient; 0: any.
    """

    rate: float = 0.5
    decay: float = 0.01
    length: int = 20
    clip_norm: float = 0.5

    def __post_init__(self) -> None:
        _number("dynamic-rate", self.rate)
        _number("dynamic-decay", self.decay, high=1)
        _number("dynamic-length", self.length, low=1, whole=True)
        _number("clip-norm", self.clip_norm)
