"""The flags of ``charlm train`` for the run: its saves, its workers and its output."""

from __future__ import annotations

from functools import partial
from typing import Annotated, TypeAlias

from charlm.cli.train_flags.declare import setting_option

__all__ = [
    "Distributed",
    "EvalEvery",
    "Force",
    "Json",
    "LogEvery",
    "Quiet",
    "SampleEvery",
    "SaveEvery",
    "SaveMinutes",
    "Seed",
    "Shards",
    "Workers",
]

option = partial(setting_option, panel="Run")

Force: TypeAlias = Annotated[bool, option("--force", help="Replace a run folder that exists.")]
Seed: TypeAlias = Annotated[int | None, option("--seed", help="Fixes everything random.", value="N")]
EvalEvery: TypeAlias = Annotated[
    int | None,
    option(
        "--eval-every",
        help="Evaluate every N steps; 0: at the end only; left out, by the length of the run.",
        value="N",
    ),
]
SaveEvery: TypeAlias = Annotated[
    int | None,
    option(
        "--save-every",
        help="Save every N steps; 0: at the end only; left out, by the length of the run.",
        value="N",
    ),
]
SaveMinutes: TypeAlias = Annotated[
    float | None, option("--save-minutes", help="Save after so many minutes as well; 0: no.", value="X")
]
SampleEvery: TypeAlias = Annotated[
    int | None,
    option(
        "--sample-every",
        help="Show a sample every N steps; 0: never; left out, by the length of the run.",
        value="N",
    ),
]
LogEvery: TypeAlias = Annotated[
    int | None,
    option(
        "--log-every",
        help="Write a line of the log every N steps; left out, by the length of the run.",
        value="N",
    ),
]
Workers: TypeAlias = Annotated[
    int | None,
    option(
        "--workers",
        help="Threads on the shards, which never change a bit; left out, one for each core.",
        value="N",
    ),
]
Shards: TypeAlias = Annotated[
    int | None,
    option(
        "--shards",
        help="Groups of streams, which decide the last bits; left out, by cores and streams.",
        value="N",
    ),
]
Distributed: TypeAlias = Annotated[
    bool,
    option(
        "--distributed",
        help="Under mpiexec: share the shards among its ranks, on one machine or several; never changes a bit.",
    ),
]
Json: TypeAlias = Annotated[bool, setting_option("--json", help="Events as JSON lines on stdout.", panel="Output")]
Quiet: TypeAlias = Annotated[bool, setting_option("--quiet", help="Show nothing.", panel="Output")]
