"""``charlm train``: from a text to a run folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from charlm import ui
from charlm.cli.arguments.texts import reading, show_remarks
from charlm.cli.options import NoColorOption, TensorboardOption
from charlm.cli.terminal.streams import stderr_console, stdin_bytes
from charlm.cli.terminal.waiting import waiting
from charlm.cli.train_flags import common, learning, model, run, text
from charlm.cli.train_flags import pairs as pairs_flags
from charlm.cli.training.ranks import all_ranks
from charlm.cli.training.screen import RunScreen, check_extras, run_training
from charlm.config import ModelConfig, TrainConfig, TransducerConfig
from charlm.errors import UsageError
from charlm.training import preparation

if TYPE_CHECKING:
    from charlm.training.parallel.communicator import ProcessGroup
    from charlm.training.preparation.new_run import NewRun

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
    with all_ranks(flags, wanted=distributed) as group:
        check_extras(tensorboard)
        pairs_flags.refuse_flags(flags)
        if dry_run:
            _show_forecast(flags, started_s, group)
            return
        with RunScreen("new run", quiet=quiet, as_json=as_json, no_color=no_color) as screen:
            new = _prepared(flags, screen.phase)
            screen.remark(*new.remarks)
            screen.phase("encoding the text" if pairs is None else "encoding the pairs")
            task, options = new.task(), new.options(out, force=force, started_s=started_s, group=group)
            run_training(new.model, task, new.config, options, screen=screen, tensorboard=tensorboard)


def _prepared(flags: dict[str, Any], on_phase: Callable[[str], None]) -> NewRun:
    """Prepare the run that the flags describe."""
    common: dict[str, Any] = {name: flags[name] for name in ("preset", "val_file", "encoding", "errors")}
    common |= {"train": _given(TrainConfig, flags), "stdin": stdin_bytes(), "on_phase": on_phase}
    if flags["pairs"] is not None:
        shape = _given(TransducerConfig, flags)
        return preparation.new_pairs_run(flags["pairs"], model=shape, min_count=flags["min_count"], **common)
    common["train"] |= _window_lengths(flags["seq_length"])
    return preparation.new_text_run(
        flags["corpus"] or [],
        model=_given(ModelConfig, flags),
        vocabulary={name: flags[name] for name in ("unit", "min_count", "normalize", "lowercase")},
        vocab_from=flags["vocab_from"],
        init_from=flags["init_from"],
        **common,
    )


def _show_forecast(flags: dict[str, Any], started_s: float, group: ProcessGroup | None) -> None:
    """Show what the run would take, for ``--dry-run``."""
    with reading("the text", flags["corpus"] or []):
        new = _prepared(flags, lambda _phase: None)
    show_remarks(new.remarks)
    with waiting("planning the run"):
        found = preparation.forecast(new, started_s=started_s, group=group)
    stderr_console(flags["no_color"]).print(*ui.forecast_lines(found), sep="\n", soft_wrap=True)


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
