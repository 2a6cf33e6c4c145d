"""``charlm train``: train a model on a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charlm import ui
from charlm.cli.arguments.texts import reading, show_remarks
from charlm.cli.options import NoColorOption, TensorboardOption
from charlm.cli.setting_flags import FlagsOf, Given, flattened
from charlm.cli.terminal.streams import print_lines, stderr_console, stdin_bytes
from charlm.cli.terminal.waiting import waiting
from charlm.cli.training import flags as own
from charlm.cli.training.ranks import all_ranks
from charlm.cli.training.screen import RunScreen, check_extras, run_training
from charlm.config import ModelConfig, TrainConfig, TransducerConfig
from charlm.config.presets import decided_by_preset
from charlm.config.vocabulary import VocabularySettings
from charlm.training import preparation

if TYPE_CHECKING:
    from charlm.training.parallel.communicator import ProcessGroup
    from charlm.training.preparation.new_run import NewRun

__all__ = ["train"]


_BY_PRESET = decided_by_preset()


def train(
    context: typer.Context,
    corpus: own.Corpus = None,
    *,
    preset: own.Preset = "auto",
    model: Annotated[Given, FlagsOf(ModelConfig, by_preset=_BY_PRESET)],
    vocabulary: Annotated[Given, FlagsOf(VocabularySettings)],
    vocab_from: own.VocabFrom = None,
    force: own.Force = False,
    learning: Annotated[Given, FlagsOf(TrainConfig, by_preset=_BY_PRESET)],
    out: own.Out = None,
    init_from: own.InitFrom = None,
    members: own.Members = None,
    dry_run: own.DryRun = False,
    val_file: own.ValFile = None,
    encoding: own.Encoding = "utf-8",
    errors: own.Errors = "strict",
    pairs: own.Pairs = None,
    pair_model: Annotated[Given, FlagsOf(TransducerConfig)],
    distributed: own.Distributed = False,
    as_json: own.Json = False,
    quiet: own.Quiet = False,
    no_color: NoColorOption = False,
    tensorboard: TensorboardOption = None,
) -> None:
    """Train a model on a text, or with --pairs on pairs of strings.

    Everything is kept in a run folder: charlm sample writes with it, charlm resume continues it.
    """
    flags = dict(locals())
    started_s, every = flags.pop("context").obj, flattened(flags)
    with all_ranks(every, wanted=distributed) as group:
        check_extras(tensorboard)
        own.refuse_flags(every)
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
    """Prepare the run of the flags."""
    common: dict[str, Any] = {name: flags[name] for name in ("preset", "val_file", "encoding", "errors")}
    common |= {"train": flags["learning"], "stdin": stdin_bytes(), "on_phase": on_phase}
    if flags["pairs"] is not None:
        min_count = flags["vocabulary"].get("min_count", 1)
        return preparation.new_pairs_run(flags["pairs"], model=flags["pair_model"], min_count=min_count, **common)
    common |= {name: flags[name] for name in ("model", "vocabulary", "vocab_from", "init_from", "members")}
    return preparation.new_text_run(flags["corpus"] or [], **common)


def _show_forecast(flags: dict[str, Any], started_s: float, group: ProcessGroup | None) -> None:
    """Show the forecast of the run, for ``--dry-run``."""
    with reading("the text", flags["corpus"] or []):
        new = _prepared(flags, lambda _phase: None)
    show_remarks(new.remarks)
    with waiting("planning the run"):
        found = preparation.forecast(new, started_s=started_s, group=group)
    print_lines(stderr_console(flags["no_color"]), *ui.forecast_lines(found))
