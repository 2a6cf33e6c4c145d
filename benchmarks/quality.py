"""Losses that `charlm train` reaches in a given time on a text of about a megabyte, with no flag but the time.

    python benchmarks/quality.py tinyshakespeare.txt                 # 110 s, 3 and 5 minutes, three seeds each
    python benchmarks/quality.py tinyshakespeare.txt --minutes 30 --seeds 1
    python benchmarks/quality.py names.txt --minutes 1 -- --documents     # after --, flags of charlm train

Prints a Markdown table: the command, its validation losses in nats per character on the last 10 %, their mean and
spread (largest less smallest), the mean of the networks alone, least and most seconds, and what is to be reached on
tinyshakespeare. Each run is the whole command in a process of its own, its start and end included; nothing
else should run on the machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

TARGETS = {110 / 60: 1.41, 3.0: 1.39, 5.0: 1.38, 30.0: 1.35, 120.0: 1.33}


class Run(NamedTuple):
    """A run: its best validation loss, that of its networks alone at the end, its seconds and its start event."""

    loss: float
    alone: float
    seconds: float
    start: dict[str, Any]


def train(arguments: list[str]) -> Run:
    """Run `charlm train`."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "charlm",
            "train",
            *arguments,
            "--json",
            "--out",
            str(Path(folder) / "run"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    last = [event for event in events if event["event"] == "eval"][-1]
    alone = mean(last.get("networks", [last["loss"]]))
    return Run(events[-1]["best_loss"], alone, time.perf_counter() - began, events[0])


def shape(start: dict[str, Any]) -> str:
    """Say what was trained: preset, cell, sizes, dropout."""
    model, config = start["config"]["model"], start["config"]["train"]
    drops = [f"{name.replace('_', '-')} {model[name]:g}" for name in ("dropout", "weight_drop") if model[name]]
    size = f"{start['config'].get('members', 1)} × {model['cell']} {model['layers']} × {model['hidden_size']}"
    return ", ".join([start["preset"], size, f"N {config['batch_size']}", f"T {config['seq_length']}", *drops])


def main() -> None:
    """Print the table, a row a time budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--minutes", type=float, nargs="+", default=[round(110 / 60, 2), 3.0, 5.0])
    parser.add_argument("--seeds", type=int, default=3)
    cut = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    chosen, passed_on = parser.parse_args(sys.argv[1:cut]), sys.argv[cut + 1 :]
    name = Path(chosen.corpus).name
    print("| command | what | nats, seeds 0, 1 … | mean | spread | networks alone | seconds | to reach |")
    print("|---|---|---|---|---|---|---|---|")
    for minutes in chosen.minutes:
        flags = ["--minutes", f"{minutes:g}", *passed_on]
        runs = [train([chosen.corpus, *flags, "--seed", str(seed)]) for seed in range(chosen.seeds)]
        losses, seconds = [run.loss for run in runs], [run.seconds for run in runs]
        target = next((nats for budget, nats in TARGETS.items() if abs(budget - minutes) < 0.01), None)
        row = [
            f"`charlm train {name} {' '.join(flags)}`",
            shape(runs[0].start),
            " ".join(f"{loss:.4f}" for loss in losses),
            f"{mean(losses):.4f}",
            f"{max(losses) - min(losses):.4f}",
            f"{mean(run.alone for run in runs):.4f}",
            f"{min(seconds):.1f}–{max(seconds):.1f}",
            f"{target:g}" if target and name == "tinyshakespeare.txt" else "–",
        ]
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
