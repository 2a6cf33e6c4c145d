"""``charlm bench``: characters a second on this machine."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from charlm import training, ui
from charlm.cli.options import NoColorOption, choices_of
from charlm.cli.terminal.streams import stdout_console
from charlm.cli.terminal.waiting import waiting
from charlm.cli.writing.files import write_json
from charlm.config import CellName, ModelConfig, TrainConfig

__all__ = ["bench"]

_MODEL, _TRAIN = ModelConfig(), TrainConfig()


def bench(
    cell: Annotated[str, typer.Option("--model", metavar=choices_of(CellName), help="Cell.")] = _MODEL.cell,
    hidden_size: Annotated[
        int, typer.Option("--hidden-size", metavar="N", help="Hidden units.")
    ] = _MODEL.hidden_size,
    layers: Annotated[int, typer.Option("--layers", metavar="N", help="Recurrent layers.")] = _MODEL.layers,
    embedding_size: Annotated[
        int, typer.Option("--embedding-size", metavar="N", help="0 is one-hot.")
    ] = _MODEL.embedding_size,
    batch_size: Annotated[int, typer.Option("--batch-size", metavar="N", help="Streams.")] = _TRAIN.batch_size,
    seq_length: Annotated[
        int, typer.Option("--seq-length", metavar="N", help="Characters a window.")
    ] = _TRAIN.seq_length,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", help="Threads; left out, one for each core.")
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="X", help="How long to measure each figure.")
    ] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="One object on stdout.")] = False,
    no_color: NoColorOption = False,
) -> None:
    """Measure the speed of training and sampling on this machine.

    It is shown with the share of the machine's matrix-product speed that training reaches.
    """
    model = ModelConfig(
        cell=cast(CellName, cell), hidden_size=hidden_size, layers=layers, embedding_size=embedding_size
    )
    config = TrainConfig(batch_size=batch_size, seq_length=seq_length, workers=workers)
    with waiting("measuring", moving=not no_color):
        values = training.measure_speed(model, config, seconds=seconds).to_json()
    if as_json:
        write_json(values)
    else:
        stdout_console(no_color).print(*ui.bench_lines(values), sep="\n", soft_wrap=True)
