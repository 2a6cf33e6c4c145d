"""``charlm train``: from a text to a run folder."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from charlm.cli.options import NoColorOption, TensorboardOption
from charlm.cli.train_flags import common, learning, model, run, text
from charlm.cli.train_flags import pairs as pairs_flags
from charlm.config import ModelConfig, TrainConfig, TransducerConfig
from charlm.errors import UsageError

if TYPE_CHECKING:
    from charlm.cli.new_pairs import NewPairs
    from charlm.cli.new_run import NewRun

__all__ = ["train"]


def train(
    context: typer.Context,
    corpus: common.Corpus = None,
    preset: common.Preset = "auto",
    minutes: common.Minutes = None,
    epochs: common.Epochs = None,
    steps: common.Steps = None,
    out: common.Out = None,
    documents: common.Documents = None,
    init_from: common.InitFrom = None,
    dry_run: common.DryRun = False,
    cell: model.Cell = None,
    hidden_size: model.HiddenSize = None,
    layers: model.Layers = None,
    embedding_size: model.EmbeddingSize = None,
    dropout: model.Dropout = None,
    variational: model.Variational = None,
    weight_drop: model.WeightDrop = None,
    gru_reset: model.GruReset = None,
    dtype: model.Dtype = None,
    optimizer: learning.Optimizer = None,
    learning_rate: learning.LearningRate = None,
    schedule: learning.Schedule = None,
    warmup: learning.Warmup = None,
    batch_size: learning.BatchSize = None,
    seq_length: learning.SeqLength = None,
    clip_norm: learning.ClipNorm = None,
    clip_value: learning.ClipValue = None,
    weight_decay: learning.WeightDecay = None,
    ema: learning.Ema = None,
    momentum: learning.Momentum = None,
    nesterov: learning.Nesterov = None,
    sampling: learning.Sampling = None,
    state_reset: learning.StateReset = None,
    loss_reduction: learning.LossReduction = None,
    patience: learning.Patience = None,
    on_nan: learning.OnNan = None,
    unit: text.Unit = None,
    min_count: text.MinCount = 1,
    normalize: text.Normalize = None,
    lowercase: text.Lowercase = None,
    vocab_from: text.VocabFrom = None,
    val_frac: text.ValFrac = None,
    val_file: text.ValFile = None,
    encoding: text.Encoding = "utf-8",
    errors: text.Errors = "strict",
    pairs: pairs_flags.Pairs = None,
    output: pairs_flags.Output = None,
    attention: pairs_flags.Attention = None,
    bidirectional: pairs_flags.Bidirectional = None,
    force: run.Force = False,
    seed: run.Seed = None,
    eval_every: run.EvalEvery = None,
    save_every: run.SaveEvery = None,
    save_minutes: run.SaveMinutes = None,
    sample_every: run.SampleEvery = None,
    log_every: run.LogEvery = None,
    workers: run.Workers = None,
    shards: run.Shards = None,
    distributed: run.Distributed = False,
    as_json: run.Json = False,
    quiet: run.Quiet = False,
    no_color: NoColorOption = False,
    tensorboard: TensorboardOption = None,
) -> None:
    """Train a model on a text, or with --pairs on pairs of strings.

    Everything is kept in a run folder: charlm sample writes with it, charlm resume continues it.
    """
    flags = dict(locals())
    started_s = flags.pop("context").obj
    from charlm.cli.distributed import all_ranks
    from charlm.cli.run_training import RunScreen, check_extras, run_training

    with all_ranks(flags, wanted=distributed) as group:
        check_extras(tensorboard)

        pairs_flags.refuse_flags(flags)

        def prepare(on_phase: Callable[[str], None]) -> NewRun | NewPairs:
            if pairs is not None:
                from charlm.cli.new_pairs import NewPairs

                return NewPairs(
                    source=pairs,
                    preset=preset,
                    model_flags=_given(TransducerConfig, flags),
                    train_flags=_given(TrainConfig, flags),
                    min_count=min_count,
                    val_file=val_file,
                    encoding=encoding,
                    errors=errors,
                    on_phase=on_phase,
                )
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
            screen.phase("encoding the text" if pairs is None else "encoding the pairs")
            run_training(
                new.model,
                new.task(),
                new.config,
                new.options(out, force=force, started_s=started_s, group=group),
                screen=screen,
                tensorboard=tensorboard,
            )


def _given(config: type[ModelConfig | TransducerConfig | TrainConfig], flags: dict[str, Any]) -> dict[str, Any]:
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
