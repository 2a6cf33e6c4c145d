"""``charlm compare``: runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charlm import checkpoint, generation, ui
from charlm import runs as records
from charlm.cli.arguments.mixing import count_ahead
from charlm.cli.options import NoColorOption
from charlm.cli.terminal.streams import stdout_console
from charlm.cli.writing.files import refuse_existing, write_file, write_json
from charlm.config import SampleConfig
from charlm.config.checks import check_number
from charlm.errors import UsageError

__all__ = ["compare"]


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Run folders, names of runs or checkpoints.")],
    length: Annotated[
        int, typer.Option("--length", metavar="N", help="Characters that each run writes; 0 for none.")
    ] = 200,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of what they write.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write the curves there, too.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    no_color: NoColorOption = False,
) -> None:
    """Show runs side by side: settings, losses, speed, curves, samples.

    Of the settings, only those that differ are shown.
    """
    if len(runs) < 2:
        raise UsageError(f"{runs[0]!r} is one run; give two or more, or charlm info for one")
    check_number("seed", seed, whole=True)
    config = SampleConfig(length=length)
    refuse_existing({"--svg": svg}, force=force)
    compared = records.compare_runs(runs)
    curves = [ui.curves_of(run.name, run.history, axis="steps") for run in compared]
    samples = [_written(run.path, config, seed) for run in compared]
    write_file(svg, lambda: ui.to_picture(ui.draw_picture(curves, axis="steps")))
    if as_json:
        found = [run.to_json() | {"sample": text} for run, text in zip(compared, samples, strict=True)]
        write_json({"runs": found})
    else:
        stdout_console(no_color).print(ui.comparison_view(compared, curves, samples))


def _written(path: str, config: SampleConfig, seed: int) -> str | None:
    """Return a sample of a language model or a mixture; None for a model of another kind, or a length of 0."""
    model = checkpoint.load_checkpoint(path, kind=None).model
    if model.kind not in ("language model", "mixture") or not config.length:
        return None
    count_ahead(model)
    (sample,) = generation.sample_many(model, config, seeds=[seed])
    return "".join(sample.stream())
