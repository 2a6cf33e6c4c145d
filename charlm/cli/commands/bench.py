"""``charlm bench``: characters a second on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from charlm.cli.options import NoColorOption, choices_of
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
    import sys
    from typing import cast

    from charlm.cli.terminal.streams import stdout_console
    from charlm.cli.terminal.waiting import waiting
    from charlm.training.speed import measure_speed
    from charlm.ui.bench import bench_lines
    from charlm.ui.sanitize import json_text

    model = ModelConfig(
        cell=cast(CellName, cell), hidden_size=hidden_size, layers=layers, embedding_size=embedding_size
    )
    config = TrainConfig(batch_size=batch_size, seq_length=seq_length, workers=workers)
    with waiting("measuring", moving=not no_color):
        speed = measure_speed(model, config, seconds=seconds)
    if as_json:
        sys.stdout.write(json_text(speed.to_json()) + "\n")
        return
    console = stdout_console(no_color)
    for line in bench_lines(speed.to_json()):
        console.print(line, soft_wrap=True)
