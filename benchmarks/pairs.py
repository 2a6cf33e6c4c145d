"""Sources of which `charlm train --pairs` makes the right target, with no flag but the task.

    python benchmarks/pairs.py --names names-languages.tsv              # every task, three seeds each: 45 minutes
    python benchmarks/pairs.py --tasks reverse sort --seeds 1 --json figures.json
    python benchmarks/pairs.py --tasks add -- --hidden-size 192         # after --, flags of charlm train

Prints a Markdown table, a row a task: the command, what it trained, the share of unseen sources whose target is
exact (of `words` the F1 of the tag at which words begin) for each seed, their mean and least, the seconds that the
commands took, and the target. Beside `reverse` stand its shares of sources of 13 to 18 letters, longer
than all that it learned from.

Each run is the whole command in a process of its own, its start and end included in the time. Nothing else should
run on the machine: its load is looked at before each run and told below the table. Then `best.npz` is tried on
sources that are not among those of training: of a built-in task on up to 5,000 pairs of another seed, of a file on
the tenth that the run held out, by which it also chose its best weights.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import charlm
from charlm.analysis.pair_measures import measure_pairs
from charlm.text.builtin.tasks import pairs_of
from charlm.text.pair_corpus import read_pair_corpus
from charlm.text.pairs import Pair, split_pairs

NAMES = "names"
TARGETS = {
    "reverse": 0.999,
    "dates": 0.999,
    "numbers": 0.995,
    "sort": 0.99,
    "add": 0.98,
    NAMES: 0.84,
    "languages": 0.975,
    "words": 0.98,
}
FRESH = 5_000  # pairs of another seed
BEGINNING = "B"  # the tag at which a word begins
UNQUIET = 0.5  # a load average that no figure should be quoted from


@dataclass(frozen=True)
class Run:
    """One command and its figures.

    Parameters
    ----------
    task : str
    flags : list of str
        After `charlm train`.
    seed : int
    share : float
        Share of exact outputs, or the F1 of `BEGINNING`; compared with the target.
    measures : dict
        All that `measure_pairs` tells.
    longer : float or None
        Exact targets of longer sources.
    seconds : float
        Of the whole command.
    load : float or None
        Before it.
    start, end : dict
        Events of the run.
    """

    task: str
    flags: list[str]
    seed: int
    share: float
    measures: dict[str, Any]
    longer: float | None
    seconds: float
    load: float | None
    start: dict[str, Any]
    end: dict[str, Any]


def run(task: str, seed: int, names: str | None, more: list[str]) -> Run:
    """Train once, and try the model."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    flags = ["--pairs", *([names or "", "--output", "label"] if task == NAMES else [f"builtin:{task}"]), *more]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [
            sys.executable,
            "-m",
            "charlm",
            "train",
            *flags,
            "--seed",
            str(seed),
            "--json",
            "--out",
            str(out),
        ]
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        seconds = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
        model = charlm.load(out / "best.npz")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    measures = tried(model, unseen(task, seed, names))
    longer = tried(model, pairs_of("reverse-long"))["exact"] if task == "reverse" else None
    share = measures["tags"][BEGINNING]["f1"] if task == "words" else measures["exact"]
    return Run(task, flags, seed, share, measures, longer, seconds, load, events[0], events[-1])


def unseen(task: str, seed: int, names: str | None) -> list[Pair]:
    """Return pairs whose sources the run of a seed has not learned from."""
    if task == NAMES:
        _, held_out = split_pairs(read_pair_corpus(names or "").pairs, 0.1, seed)
        return held_out
    seen = {pair.source for pair in pairs_of(task)}
    return [pair for pair in pairs_of(task, FRESH, seed=1) if pair.source not in seen]


def tried(model: Any, pairs: list[Pair]) -> dict[str, Any]:
    """Compare what a model makes of sources with their targets."""
    longest = 2 * max(len(pair.target) for pair in pairs)
    made = charlm.transduce(model, [pair.source for pair in pairs], length=longest, on_unknown="replace")
    measures = measure_pairs([one.text for one in made], [pair.target for pair in pairs], model.config.output)
    return measures.to_json()


def shape(start: dict[str, Any]) -> str:
    """Say what was trained: preset, cell, sizes, batch, dropout."""
    model, config = start["config"]["model"], start["config"]["train"]
    drops = [f"{name.replace('_', '-')} {model[name]:g}" for name in ("dropout", "weight_drop") if model[name]]
    drops += [f"n-grams to {model['ngrams']}"] if model.get("ngrams") else []
    drops += [f"weight decay {config['weight_decay']:g}"] if config.get("weight_decay") else []
    drops += [f"ema {config['ema']:g}"] if config["ema"] else []
    size = f"{model['cell']} {model['layers']} × {model['hidden_size']}"
    return ", ".join([start["preset"], size, f"N {config['batch_size']}", *drops])


def table(tasks: list[str], runs_of: Callable[[str], list[Run]]) -> Iterator[str]:
    """Yield the lines of the table, each as soon as its runs are done."""
    yield "| command | what | seeds 0, 1 … | mean | least | seconds | to reach |"
    yield "|---|---|---|---|---|---|---|"
    for task in tasks:
        runs = runs_of(task)
        shares, wanted = [one.share for one in runs], TARGETS[task]
        beside = "; 13–18 letters " + " ".join(f"{one.longer:.1%}" for one in runs) if task == "reverse" else ""
        row = [
            f"`charlm train {' '.join(Path(flag).name for flag in runs[0].flags)}`",
            shape(runs[0].start),
            " ".join(f"{share:.2%}" for share in shares) + beside,
            f"{mean(shares):.2%}",
            f"{min(shares):.2%}",
            " ".join(f"{one.seconds:.0f}" for one in runs),
            f"{'F1 ' if task == 'words' else ''}{wanted:.1%} {'✗' if min(shares) < wanted else ''}".strip(),
        ]
        yield f"| {' | '.join(row)} |"


def load_note(runs: list[Run]) -> str:
    """Say how busy the machine was before the runs, and which are not to be quoted."""
    loads = [one.load for one in runs if one.load is not None]
    if not loads:
        return ""
    note = f"Load average before each run: at most {max(loads):.1f}; the run before has its share in it."
    if loads[0] > UNQUIET:
        note += " The machine was not quiet when the first one began: do not quote these figures."
    return note


def main() -> None:
    """Print the table, a row a task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", choices=TARGETS, help="all that can be run, when left out")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--names", metavar="FILE", help="TSV of names and their languages, for the task names")
    parser.add_argument("--json", metavar="FILE", help="keep every figure here")
    cut = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    chosen, passed_on = parser.parse_args(sys.argv[1:cut]), sys.argv[cut + 1 :]
    tasks = chosen.tasks or [task for task in TARGETS if task != NAMES or chosen.names]
    if NAMES in tasks and not (chosen.names and Path(chosen.names).is_file()):
        parser.error("names needs a file; give --names FILE")
    done: list[Run] = []

    def runs_of(task: str) -> list[Run]:
        runs = [run(task, seed, chosen.names, passed_on) for seed in range(chosen.seeds)]
        done.extend(runs)
        if chosen.json:
            Path(chosen.json).write_text(json.dumps([asdict(one) for one in done], indent=1), encoding="utf-8")
        return runs

    for line in table(tasks, runs_of):
        print(line, flush=True)
    if NAMES not in tasks and not chosen.tasks:
        print(f"\n`{NAMES}` was left out: no --names FILE")
    print(f"\n{load_note(done)}".rstrip())


if __name__ == "__main__":
    main()
