"""``charlm train``: from a text to a run folder."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args

import typer

from charlm.cli.options import NoColorOption, TensorboardOption
from charlm.config import (
    CellName,
    DecodingErrors,
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
from charlm.config.presets import PresetName, decided_by_preset
from charlm.errors import UsageError

if TYPE_CHECKING:
    from charlm.cli.new_run import NewRun

__all__ = ["train"]

COMMON, SHAPE, LEARNING, TEXT, RUN, OUTPUT = "Common", "Model", "Learning", "Text", "Run", "Output"


_FIRST = {"unit": get_args(Unit)[0], "normalize": get_args(Normalization)[0]}  # as Vocabulary.from_text has them


def _option(*names: str, help: str, panel: str, value: str | None = None, choices: Any = None) -> Any:  # noqa: A002
    """Declare a flag; its default in the help is that of the setting which bears its name."""
    setting = names[0].partition("/")[0].removeprefix("--").replace("-", "_")
    return typer.Option(
        *names,
        help=help,
        metavar=value if choices is None else "|".join(get_args(choices)),
        rich_help_panel=panel,
        show_default=_default({"model": "cell"}.get(setting, setting)),
    )


def _default(setting: str) -> str | bool:
    """Return the default of a setting as the help shows it; True where it is the one of the signature."""
    values = asdict(ModelConfig()) | asdict(TrainConfig()) | _FIRST
    if setting in decided_by_preset():
        return "by preset"
    value = values.get(setting, True)
    if value is True:
        return True
    return False if value is None or value is False else f"{value:g}" if isinstance(value, float) else str(value)


Text: TypeAlias = str | None
Whole: TypeAlias = int | None
Number: TypeAlias = float | None


def train(
    context: typer.Context,
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CORPUS",
            help="Files, folders, .zip, .gz and the like, - for stdin, or builtin:NAME; none: builtin:tales.",
            show_default=False,
        ),
    ] = None,
    preset: Annotated[
        str,
        _option(
            "--preset",
            help=f"Named starting point; a flag beats it. One of {', '.join(get_args(PresetName))}. auto chooses "
            "by the size of the text and the budget.",
            panel=COMMON,
            value="PRESET",
        ),
    ] = "auto",
    minutes: Annotated[
        Number, _option("--minutes", help="Minutes that the whole command takes.", panel=COMMON, value="X")
    ] = None,
    epochs: Annotated[Number, _option("--epochs", help="Or passes over the text.", panel=COMMON, value="X")] = None,
    steps: Annotated[
        Whole,
        _option("--steps", help="Or updates; 0 writes the start weights.", panel=COMMON, value="N"),
    ] = None,
    out: Annotated[
        Path | None,
        _option("--out", help="Run folder; left out, checkpoints/<name of the text>.", panel=COMMON, value="DIR"),
    ] = None,
    documents: Annotated[
        bool | None, _option("--documents/--no-documents", help="Each line is a text of its own.", panel=COMMON)
    ] = None,
    init_from: Annotated[
        Text,
        _option(
            "--init-from",
            help="Fine-tune this model: take its weights, shape and vocabulary, extended by new symbols, and, of a "
            "model of documents, --documents. To continue a run as a whole, charlm resume.",
            panel=COMMON,
            value="MODEL",
        ),
    ] = None,
    dry_run: Annotated[
        bool, _option("--dry-run", help="Show steps, time and memory; train nothing.", panel=COMMON)
    ] = False,
    cell: Annotated[Text, _option("--model", help="Recurrent cell.", panel=SHAPE, choices=CellName)] = None,
    hidden_size: Annotated[
        Whole, _option("--hidden-size", "--rnn-size", help="Hidden units of a layer.", panel=SHAPE, value="N")
    ] = None,
    layers: Annotated[
        Whole, _option("--layers", "--num-layers", help="Recurrent layers.", panel=SHAPE, value="N")
    ] = None,
    embedding_size: Annotated[
        Whole,
        _option("--embedding-size", help="Features of the input embedding; 0 is one-hot.", panel=SHAPE, value="N"),
    ] = None,
    dropout: Annotated[
        Number, _option("--dropout", help="Share of activations dropped while training.", panel=SHAPE, value="P")
    ] = None,
    variational: Annotated[
        bool | None,
        _option("--variational", help="Drop the same units at all steps of a window.", panel=SHAPE),
    ] = None,
    weight_drop: Annotated[
        Number,
        _option("--weight-drop", help="Share of recurrent weights dropped in an update.", panel=SHAPE, value="P"),
    ] = None,
    gru_reset: Annotated[
        Text,
        _option(
            "--gru-reset",
            help="Whether a GRU's reset gate acts after the recurrent product or before it.",
            panel=SHAPE,
            choices=GruReset,
        ),
    ] = None,
    dtype: Annotated[
        Text, _option("--dtype", help="Precision of weights and arithmetic.", panel=SHAPE, choices=DTypeName)
    ] = None,
    optimizer: Annotated[
        Text, _option("--optimizer", help="Update rule.", panel=LEARNING, choices=OptimizerName)
    ] = None,
    learning_rate: Annotated[
        Number, _option("--learning-rate", help="Step size at the top of the schedule.", panel=LEARNING, value="X")
    ] = None,
    schedule: Annotated[
        Text, _option("--schedule", help="The learning rate over the run.", panel=LEARNING, choices=ScheduleName)
    ] = None,
    warmup: Annotated[
        Whole, _option("--warmup", help="Updates until the rate is at its top.", panel=LEARNING, value="N")
    ] = None,
    batch_size: Annotated[
        Whole, _option("--batch-size", help="Streams read side by side.", panel=LEARNING, value="N")
    ] = None,
    seq_length: Annotated[
        Text,
        _option(
            "--seq-length",
            help="Characters between truncations. A range such as 16-64 draws them for each window, from at most "
            "eight lengths evenly spaced, and keeps arrays for each.",
            panel=LEARNING,
            value="N[-M]",
        ),
    ] = None,
    clip_norm: Annotated[
        Number,
        _option("--clip-norm", help="Largest global norm of the gradient; 0: any.", panel=LEARNING, value="X"),
    ] = None,
    clip_value: Annotated[
        Number,
        _option(
            "--clip-value", "--grad-clip", help="Largest entry of the gradient; 0: any.", panel=LEARNING, value="X"
        ),
    ] = None,
    weight_decay: Annotated[
        Number, _option("--weight-decay", help="L2 penalty; decoupled in adamw.", panel=LEARNING, value="X")
    ] = None,
    ema: Annotated[
        Number,
        _option(
            "--ema", help="Average the weights with this decay, such as 0.999; 0: no.", panel=LEARNING, value="X"
        ),
    ] = None,
    momentum: Annotated[Number, _option("--momentum", help="For sgd.", panel=LEARNING, value="X")] = None,
    nesterov: Annotated[
        bool | None, _option("--nesterov/--no-nesterov", help="For sgd with momentum.", panel=LEARNING)
    ] = None,
    sampling: Annotated[
        Text,
        _option(
            "--sampling",
            help="How windows are taken: from streams that carry the state, or from random places.",
            panel=LEARNING,
            choices=Sampling,
        ),
    ] = None,
    state_reset: Annotated[
        Number,
        _option(
            "--state-reset",
            help="Probability with which a stream begins a window from zero state; for sequential sampling.",
            panel=LEARNING,
            value="P",
        ),
    ] = None,
    loss_reduction: Annotated[
        Text,
        _option(
            "--loss-reduction",
            help="Whether the gradient is of the mean or of the sum over a window.",
            panel=LEARNING,
            choices=LossReduction,
        ),
    ] = None,
    patience: Annotated[
        Whole,
        _option(
            "--patience",
            help="End after so many evaluations without a new best; 0: never.",
            panel=LEARNING,
            value="N",
        ),
    ] = None,
    on_nan: Annotated[
        Text,
        _option(
            "--on-nan",
            help="If training diverges: end, or go back to the last good state with half the rate.",
            panel=LEARNING,
            choices=OnNan,
        ),
    ] = None,
    unit: Annotated[
        Text, _option("--unit", help="Symbols that the model reads and writes.", panel=TEXT, choices=Unit)
    ] = None,
    min_count: Annotated[
        int,
        _option("--min-count", help="Rarer symbols become one unknown symbol; 1 keeps all.", panel=TEXT, value="N"),
    ] = 1,
    normalize: Annotated[
        Text, _option("--normalize", help="Unicode normalisation.", panel=TEXT, choices=Normalization)
    ] = None,
    lowercase: Annotated[
        bool | None, _option("--lowercase", help="Read everything in lower case.", panel=TEXT)
    ] = None,
    vocab_from: Annotated[
        Text, _option("--vocab-from", help="Take the vocabulary of this model.", panel=TEXT, value="MODEL")
    ] = None,
    val_frac: Annotated[
        Number,
        _option("--val-frac", help="Share of the text to validate on; 0: none.", panel=TEXT, value="P"),
    ] = None,
    val_file: Annotated[
        Text, _option("--val-file", help="Text to validate on.", panel=TEXT, value="CORPUS")
    ] = None,
    encoding: Annotated[str, _option("--encoding", help="Of the files.", panel=TEXT, value="ENCODING")] = "utf-8",
    errors: Annotated[
        str,
        _option(
            "--errors",
            help="Refuse bytes that cannot be decoded, or replace them.",
            panel=TEXT,
            choices=DecodingErrors,
        ),
    ] = "strict",
    force: Annotated[bool, _option("--force", help="Replace a run folder that exists.", panel=RUN)] = False,
    seed: Annotated[Whole, _option("--seed", help="Fixes everything random.", panel=RUN, value="N")] = None,
    eval_every: Annotated[
        Whole,
        _option(
            "--eval-every",
            help="Evaluate every N steps; 0: at the end only; left out, by the length of the run.",
            panel=RUN,
            value="N",
        ),
    ] = None,
    save_every: Annotated[
        Whole,
        _option(
            "--save-every",
            help="Save every N steps; 0: at the end only; left out, by the length of the run.",
            panel=RUN,
            value="N",
        ),
    ] = None,
    save_minutes: Annotated[
        Number, _option("--save-minutes", help="Save after so many minutes as well; 0: no.", panel=RUN, value="X")
    ] = None,
    sample_every: Annotated[
        Whole,
        _option(
            "--sample-every",
            help="Show a sample every N steps; 0: never; left out, by the length of the run.",
            panel=RUN,
            value="N",
        ),
    ] = None,
    log_every: Annotated[
        Whole,
        _option(
            "--log-every",
            help="Write a line of the log every N steps; left out, by the length of the run.",
            panel=RUN,
            value="N",
        ),
    ] = None,
    workers: Annotated[
        Whole,
        _option(
            "--workers",
            help="Threads on the shards, which never change a bit; left out, one for each core.",
            panel=RUN,
            value="N",
        ),
    ] = None,
    shards: Annotated[
        Whole,
        _option(
            "--shards",
            help="Groups of streams, which decide the last bits; left out, by cores and streams.",
            panel=RUN,
            value="N",
        ),
    ] = None,
    distributed: Annotated[
        bool,
        _option(
            "--distributed",
            help="Under mpiexec: share the shards among its ranks, on one machine or several; never changes a bit.",
            panel=RUN,
        ),
    ] = False,
    as_json: Annotated[bool, _option("--json", help="Events as JSON lines on stdout.", panel=OUTPUT)] = False,
    quiet: Annotated[bool, _option("--quiet", help="Show nothing.", panel=OUTPUT)] = False,
    no_color: NoColorOption = False,
    tensorboard: TensorboardOption = None,
) -> None:
    """Train a model on a text.

    Everything is kept in a run folder: charlm sample writes with it, charlm resume continues it.
    """
    flags = dict(locals())
    started_s = flags.pop("context").obj
    from charlm.cli.distributed import all_ranks
    from charlm.cli.run_training import RunScreen, check_wishes, run_training

    with all_ranks(flags, wanted=distributed) as group:
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
            from rich.text import Text

            from charlm.cli.given_text import show_remarks
            from charlm.cli.new_run import planned_run
            from charlm.cli.streams import stderr_console
            from charlm.cli.waiting import waiting

            typed = "-" in (corpus or [])  # perhaps by a person
            with contextlib.nullcontext() if typed else waiting("reading the text"):
                new = prepare(lambda _phase: None)
            show_remarks(new.remarks)
            with waiting("planning the run"):
                lines = planned_run(new, started_s=started_s, group=group)
            for line in lines:
                stderr_console(no_color).print(Text(line), soft_wrap=True)
            return
        with RunScreen("new run", quiet=quiet, as_json=as_json, no_color=no_color) as screen:
            new = prepare(screen.phase)
            screen.remark(*new.remarks)
            run_training(
                new.model,
                new.text,
                new.config,
                new.options(out, force=force, started_s=started_s, group=group),
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
