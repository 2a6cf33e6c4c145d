"""The experiments behind the presets: what given flags of `charlm train` reach on given texts, kept in a log.

    python benchmarks/experiment.py tinyshakespeare.txt builtin:tales -- --steps 4000 --dropout 0.1
    python benchmarks/experiment.py --seeds 0 1 2 names.txt -- --documents --steps 2000
    python benchmarks/experiment.py                         # the log as a Markdown table, the best of a text first

Each run is a line of `experiments.jsonl` beside this file: text, flags, seed, and the losses in nats per character.
With a number of steps the figures depend neither on the speed of the machine nor on what else it does, nor on
`--workers`; so many experiments can run on a machine that is busy. `quality.py` then measures by the clock.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

LOG = Path(__file__).parent / "experiments.jsonl"
IRRELEVANT = ("--workers",)  # flags that change no bit


def experiment(text: str, flags: Sequence[str], seed: int) -> dict[str, Any]:
    """Train once, and return what is to be kept of it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "charlm", "train", text, *flags, "--seed", str(seed)]
        done = subprocess.run(
            [*command, "--json", "--sample-every", "0", "--out", str(Path(folder) / "run")],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}\n{done.stderr}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    steps = [event["loss"] for event in events if event["event"] == "step"]
    evaluations = [event["loss"] for event in events if event["event"] == "eval"]
    recent = steps[-max(1, len(steps) // 50) :]
    return {
        "text": text if text.startswith("builtin:") else Path(text).name,
        "flags": shlex.join(relevant(flags)),
        "seed": seed,
        "steps": events[-1]["step"],
        "best": round(min(evaluations), 4) if evaluations else None,
        "last": round(evaluations[-1], 4) if evaluations else None,
        "training": round(sum(recent) / len(recent), 4),
        "parameters": events[0]["parameters"],
    }


def relevant(flags: Sequence[str]) -> list[str]:
    """Leave out the flags that change nothing, and their values."""
    kept = iter(flags)
    return [flag for flag in kept if not (flag in IRRELEVANT and next(kept))]


def table(runs: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the log as a table for each text, the best first."""
    for text in sorted({run["text"] for run in runs}):
        yield from (f"\n{text}\n", "| best nats | last | training | flags | seed |", "|---|---|---|---|---|")
        for run in sorted((run for run in runs if run["text"] == text), key=lambda run: run["best"] or 99):
            yield f"| {run['best']} | {run['last']} | {run['training']} | `{run['flags']}` | {run['seed']} |"


def main() -> None:
    """Run what is asked for, or print the log."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="*")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    cut = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    chosen, flags = parser.parse_args(sys.argv[1:cut]), sys.argv[cut + 1 :]
    if not chosen.texts:
        print("\n".join(table([json.loads(line) for line in LOG.read_text("utf-8").splitlines()])))
    for text in chosen.texts:
        for seed in chosen.seeds:
            run = json.dumps(experiment(text, flags, seed))
            with LOG.open("a", encoding="utf-8") as log:
                log.write(run + "\n")
            print(run, flush=True)


if __name__ == "__main__":
    main()
