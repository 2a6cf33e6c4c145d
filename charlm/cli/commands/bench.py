"""``charlm bench``: characters a second on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from charlm import training, ui
from charlm.cli.options import NoColorOption
from charlm.cli.setting_flags import FlagsOf, Given
from charlm.cli.terminal.streams import print_lines, stdout_console
from charlm.cli.terminal.waiting import waiting
from charlm.cli.writing.files import write_json
from charlm.config import ModelConfig, TrainConfig

__all__ = ["bench"]


def bench(
    *,
    model: Annotated[Given, FlagsOf(ModelConfig)],
    learning: Annotated[Given, FlagsOf(TrainConfig, only=("batch_size", "workers"))],
    seq_length: Annotated[
        int, typer.Option("--seq-length", metavar="N", help="Characters of a window.")
    ] = TrainConfig().seq_length,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="X", help="How long to measure each figure.")
    ] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="One object on stdout.")] = False,
    no_color: NoColorOption = False,
) -> None:
    """Measure the speed of training and sampling on this machine.

    It is shown with the share of the machine's matrix-product speed that training reaches.
    """
    shape, config = ModelConfig(**model), TrainConfig(seq_length=seq_length, **learning)
    with waiting("measuring", moving=not no_color):
        values = training.measure_speed(shape, config, seconds=seconds).to_json()
    if as_json:
        write_json(values)
    else:
        print_lines(stdout_console(no_color), *ui.bench_lines(values))
