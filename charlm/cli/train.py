"""``charlm train``: from a text to a run folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args

import typer

from charlm.cli.options import NoColorOption, TensorboardOption
from charlm.config import (
    CellName,
    DTypeName,
    GruReset,
    LossReduction,
    ModelConfig,
    Normalization,
    OnNan,
    OptimizerName,
    Sampling,
    ScheduleName,
    TrainConfig,
    Unit,
)
from charlm.errors import UsageError

if TYPE_CHECKING:
    from charlm.cli.new_run import NewRun

__all__ = ["train"]

_MODEL, _TRAIN = ModelConfig(), TrainConfig()

SHAPE, LEARNING, BUDGET, TEXT, RUN = "Model", "Learning", "Budget", "Text", "Run"


def _option(*names: str, help: str, panel: str, choices: Any = None) -> Any:  # noqa: A002
    metavar = "|".join(get_args(choices)) if choices is not None else None
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=panel, show_default=False)


Text: TypeAlias = str | None
Whole: TypeAlias = int | None
Number: TypeAlias = float | None


def train(
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CORPUS]...",
            help="Files, folders, .zip, .gz and the like, - for stdin, or builtin:NAME; none: builtin:tales.",
            show_default=False,
        ),
    ] = None,
    preset: Annotated[
        str,
        _option(
            "--preset",
            help="Named starting point; a flag beats it. One of auto, quick, small, base, large, "
            "min-char-rnn, char-rnn. auto, the default, chooses by the size of the text and the budget.",
            panel=SHAPE,
        ),
    ] = "auto",
    init_from: Annotated[
        Text,
        _option(
            "--init-from",
            help="Fine-tune this model: take its weights, shape and vocabulary, extended by new symbols, and, of a "
            "model of documents, --documents. To go on with a run as a whole, charlm resume.",
            panel=SHAPE,
        ),
    ] = None,
    cell: Annotated[Text, _option("--model", help="Cell.", panel=SHAPE, choices=CellName)] = None,
    gru_reset: Annotated[
        Text, _option("--gru-reset", help="Where a GRU's reset gate acts.", panel=SHAPE, choices=GruReset)
    ] = None,
    hidden_size: Annotated[
        Whole, _option("--hidden-size", "--rnn-size", help="Hidden units of a layer.", panel=SHAPE)
    ] = None,
    layers: Annotated[Whole, _option("--layers", "--num-layers", help="Recurrent layers.", panel=SHAPE)] = None,
    embedding_size: Annotated[
        Whole, _option("--embedding-size", help="Features of the input embedding; 0 is one-hot.", panel=SHAPE)
    ] = None,
    dropout: Annotated[
        Number, _option("--dropout", help="Share of activations dropped while training.", panel=SHAPE)
    ] = None,
    variational: Annotated[
        bool | None,
        _option("--variational", help="Drop the same units at all steps of a window.", panel=SHAPE),
    ] = None,
    weight_drop: Annotated[
        Number, _option("--weight-drop", help="Share of recurrent weights an update does without.", panel=SHAPE)
    ] = None,
    dtype: Annotated[Text, _option("--dtype", help="Precision.", panel=SHAPE, choices=DTypeName)] = None,
    optimizer: Annotated[
        Text,
        _option("--optimizer", help="Update rule; adagrad unless said.", panel=LEARNING, choices=OptimizerName),
    ] = None,
    learning_rate: Annotated[
        Number, _option("--learning-rate", help="Step size at the top of the schedule.", panel=LEARNING)
    ] = None,
    momentum: Annotated[Number, _option("--momentum", help="For sgd.", panel=LEARNING)] = None,
    nesterov: Annotated[
        bool | None, _option("--nesterov/--no-nesterov", help="For sgd with momentum.", panel=LEARNING)
    ] = None,
    weight_decay: Annotated[
        Number, _option("--weight-decay", help="L2 penalty; decoupled in adamw.", panel=LEARNING)
    ] = None,
    schedule: Annotated[
        Text, _option("--schedule", help="Course of the rate.", panel=LEARNING, choices=ScheduleName)
    ] = None,
    warmup: Annotated[
        Whole, _option("--warmup", help="Updates until the rate is at its top.", panel=LEARNING)
    ] = None,
    ema: Annotated[
        Number, _option("--ema", help="Average the weights with this decay, such as 0.999.", panel=LEARNING)
    ] = None,
    clip_norm: Annotated[
        Number, _option("--clip-norm", help="Largest global norm of the gradient; 0: any.", panel=LEARNING)
    ] = None,
    clip_value: Annotated[
        Number,
        _option("--clip-value", "--grad-clip", help="Largest entry of the gradient; 0: any.", panel=LEARNING),
    ] = None,
    batch_size: Annotated[Whole, _option("--batch-size", help="Streams read side by side.", panel=LEARNING)] = None,
    seq_length: Annotated[
        Text,
        _option(
            "--seq-length",
            help="Characters between truncations. A range such as 16-64 draws them for each window, from at most "
            "eight lengths evenly spaced, and keeps arrays for each.",
            panel=LEARNING,
        ),
    ] = None,
    sampling: Annotated[
        Text, _option("--sampling", help="How windows are taken.", panel=LEARNING, choices=Sampling)
    ] = None,
    state_reset: Annotated[
        Number,
        _option(
            "--state-reset",
            help="Probability with which a stream begins a window from zero state; for sequential sampling.",
            panel=LEARNING,
        ),
    ] = None,
    loss_reduction: Annotated[
        Text,
        _option("--loss-reduction", help="What the gradient is of.", panel=LEARNING, choices=LossReduction),
    ] = None,
    epochs: Annotated[Number, _option("--epochs", help="Passes over the text.", panel=BUDGET)] = None,
    steps: Annotated[Whole, _option("--steps", help="Updates; 0 writes the start weights.", panel=BUDGET)] = None,
    minutes: Annotated[
        Number, _option("--minutes", help="Time, made into steps at the start.", panel=BUDGET)
    ] = None,
    unit: Annotated[Text, _option("--unit", help="Symbols: char unless said.", panel=TEXT, choices=Unit)] = None,
    min_count: Annotated[
        int, _option("--min-count", help="Rarer symbols become one unknown symbol; 1 keeps all.", panel=TEXT)
    ] = 1,
    normalize: Annotated[
        Text, _option("--normalize", help="Unicode normalisation.", panel=TEXT, choices=Normalization)
    ] = None,
    lowercase: Annotated[
        bool | None, _option("--lowercase", help="Read everything in lower case.", panel=TEXT)
    ] = None,
    vocab_from: Annotated[
        Text, _option("--vocab-from", help="Take the vocabulary of this model.", panel=TEXT)
    ] = None,
    documents: Annotated[
        bool | None, _option("--documents/--no-documents", help="Each line is a text of its own.", panel=TEXT)
    ] = None,
    val_frac: Annotated[
        Number, _option("--val-frac", help="Share of the text to validate on; 0: none.", panel=TEXT)
    ] = None,
    val_file: Annotated[Text, _option("--val-file", help="Text to validate on.", panel=TEXT)] = None,
    patience: Annotated[
        Whole,
        _option("--patience", help="End after so many evaluations without a new best; 0: never.", panel=BUDGET),
    ] = None,
    encoding: Annotated[str, _option("--encoding", help="Of the files: utf-8 unless said.", panel=TEXT)] = "utf-8",
    errors: Annotated[
        str, _option("--errors", help="strict refuses undecodable bytes, replace marks them.", panel=TEXT)
    ] = "strict",
    out: Annotated[
        Path | None, _option("--out", help="Run folder; checkpoints/<name of the text> unless said.", panel=RUN)
    ] = None,
    force: Annotated[bool, _option("--force", help="Replace a run folder that exists.", panel=RUN)] = False,
    eval_every: Annotated[Whole, _option("--eval-every", help="In steps; 0: at the end only.", panel=RUN)] = None,
    save_every: Annotated[Whole, _option("--save-every", help="In steps; 0: at the end only.", panel=RUN)] = None,
    sample_every: Annotated[Whole, _option("--sample-every", help="In steps; 0: never.", panel=RUN)] = None,
    log_every: Annotated[Whole, _option("--log-every", help="In steps.", panel=RUN)] = None,
    save_minutes: Annotated[
        Number, _option("--save-minutes", help="Save at least this often as well; 0: no.", panel=RUN)
    ] = None,
    seed: Annotated[
        Whole, _option("--seed", help="Fixes everything that is drawn; 0 unless said.", panel=RUN)
    ] = None,
    shards: Annotated[
        Whole, _option("--shards", help="Groups of streams; decides the last bits.", panel=RUN)
    ] = None,
    workers: Annotated[
        Whole, _option("--workers", help="Threads on the shards; never changes a bit.", panel=RUN)
    ] = None,
    distributed: Annotated[
        bool,
        _option(
            "--distributed",
            help="Under mpiexec: share the shards among its ranks, on one machine or several; never changes a bit.",
            panel=RUN,
        ),
    ] = False,
    on_nan: Annotated[
        Text,
        _option(
            "--on-nan", help="If training diverges: end, or go back with half the rate.", panel=RUN, choices=OnNan
        ),
    ] = None,
    as_json: Annotated[bool, _option("--json", help="Events as JSON lines on stdout.", panel=RUN)] = False,
    quiet: Annotated[bool, _option("--quiet", help="Show nothing.", panel=RUN)] = False,
    no_color: NoColorOption = False,
    tensorboard: TensorboardOption = None,
    dry_run: Annotated[
        bool, _option("--dry-run", help="Tell steps, time and memory; train nothing.", panel=RUN)
    ] = False,
) -> None:
    """Train a model on a text.

    Everything is kept in a run folder: charlm sample writes with it, charlm resume goes on with it.
    """
    flags = dict(locals())
    from charlm.cli.distributed import all_ranks
    from charlm.cli.run_training import RunScreen, check_wishes, run_training

    with all_ranks(flags, wanted=distributed) as world:
        check_wishes(tensorboard)

        def prepare(on_phase: Callable[[str], None]) -> NewRun:
            from charlm.cli.new_run import NewRun

            return NewRun(
                sources=corpus or [],
                preset=preset,
                model_flags=_given(ModelConfig, flags),
                train_flags=_given(TrainConfig, flags) | _window_lengths(seq_length),
                vocabulary={"unit": unit, "min_count": min_count, "normalize": normalize, "lowercase": lowercase},
                vocab_from=vocab_from,
                init_from=init_from,
                val_file=val_file,
                encoding=encoding,
                errors=errors,
                on_phase=on_phase,
            )

        if dry_run:
            from charlm.cli.given_text import show_remarks
            from charlm.cli.new_run import show_plan

            new = prepare(lambda _phase: None)
            show_remarks(new.remarks)
            show_plan(new, no_color=no_color, world=world)
            return
        with RunScreen("new run", quiet=quiet, as_json=as_json, no_color=no_color) as screen:
            new = prepare(screen.phase)
            screen.remark(*new.remarks)
            run_training(
                new.model,
                new.text,
                new.config,
                new.options(out, force=force, world=world),
                validation=new.validation,
                screen=screen,
                tensorboard=tensorboard,
            )


def _given(config: type[ModelConfig] | type[TrainConfig], flags: dict[str, Any]) -> dict[str, Any]:
    """Pick the flags that were given and are settings of a configuration."""
    names = {field.name for field in dataclasses.fields(config)}
    return {name: value for name, value in flags.items() if name in names and value is not None}


def _window_lengths(flag: str | None) -> dict[str, int | None]:
    """Read ``--seq-length``: a number, or a range whose ends are joined by a hyphen."""
    if flag is None:
        return {}
    numbers = flag.split("-")
    if len(numbers) > 2 or not all(number.isascii() and number.isdigit() for number in numbers):
        raise UsageError(f"--seq-length is {flag!r}; give a whole number such as 64, or a range such as 16-64")
    return {"seq_length": int(numbers[-1]), "seq_length_min": int(numbers[0]) if len(numbers) == 2 else None}
