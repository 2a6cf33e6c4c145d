"""charlm's speed beside PyTorch's, JAX's and a plain transcription's, on this machine.

    python benchmarks/speed.py                              # everything, 35 minutes
    python benchmarks/speed.py --quick                      # everything once, about six minutes
    python benchmarks/speed.py --what train --rounds 3      # one part of it
    python benchmarks/speed.py --from speed.json --svg speed.svg   # tables and picture of an earlier run

charlm and its peers are measured in turn (A B A B …), each time in a fresh process that has the whole machine.
Medians, their ratios and the targets are printed; `--json` keeps every figure, `--markdown` and `--svg` are for the
README. A peer that is not installed is named as missing.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from measuring.machine import available_cores, describe_load, is_disturbed, machine
from measuring.picture import picture
from measuring.points import GROUPS, Point, points
from measuring.report import conditions, group_lines, markdown, result_lines
from measuring.results import summarize
from measuring.run import Measurement, Runner
from peers.protocol import Job

ROUNDS, SECONDS = 5, 2.0
QUICK_ROUNDS, QUICK_SECONDS = 1, 0.5
FORMAT = "charlm speed 1"


def measure(what: list[str], rounds: int, seconds: float, pythons: dict[str, str]) -> dict[str, Any]:
    """Measure, printing each point when it is done; return all that is worth keeping."""
    todo = points(tuple(what), seconds=seconds, cores=available_cores())
    runner = Runner(pythons)
    peers = dict.fromkeys(contestant.peer for point in todo for contestant in point.contestants)
    answers = {peer: runner.ask(peer, Job(what="about")) for peer in peers}
    missing = {peer: str(a.get("missing") or a["failed"]) for peer, a in answers.items() if "peer" not in a}
    on = machine()
    print(f"{on['cpu']}, {on['cores']} cores, {on['system']}, Python {on['python']}")
    for peer, answer in answers.items():
        details = ", ".join(f"{key} {value}" for key, value in answer.items() if key != "peer")
        print(f"missing: {peer} ({missing[peer]})" if peer in missing else f"{answer['peer']} ({details})")
    taken: list[Measurement] = []
    disturbed: list[str] = []
    group = ""
    for point in todo:
        if point.group != group:
            group = point.group
            print(f"\n{GROUPS[group]}")
        there = [contestant for contestant in point.contestants if contestant.peer not in missing]
        here = [runner.measure(point, contestant, k) for k in range(rounds) for contestant in there]
        taken += here
        for result in summarize([point], here):
            print("\n".join(f"  {line}" for line in result_lines(result)))
        print(f"    {_load_words(here)}", flush=True)
        sides = [[m.others for m in here if m.contestant == c.name] for c in there]
        if any(is_disturbed(side, int(on["cores"])) for side in sides):  # one side alone would make a ratio wrong
            disturbed.append(f"{point.title} ({group})")
            print("    OTHERS WERE BUSY: repeat this before quoting it", flush=True)
    return {
        "format": FORMAT,
        "machine": on,
        "peers": {peer: answer["peer"] for peer, answer in answers.items() if peer not in missing},
        "about": answers,
        "missing": missing,
        "what": what,
        "rounds": rounds,
        "seconds": seconds,
        "load": describe_load([m.load for m in taken], [m.others for m in taken], int(on["cores"])),
        "disturbed": disturbed,
        "measurements": [dataclasses.asdict(m) for m in taken],
    }


def _load_words(here: list[Measurement]) -> str:
    loads = ", ".join("?" if m.load is None else f"{m.load:.1f}" for m in here)
    others = ", ".join("?" if m.others is None else f"{m.others:.1f}" for m in here)
    return f"load {loads}; cores that others used {others}"


def show(kept: dict[str, Any], markdown_file: Path | None, svg_file: Path | None) -> None:
    """Print what holds for whole groups, and write table and picture."""
    asked: list[Point] = points(tuple(kept["what"]), seconds=kept["seconds"], cores=kept["machine"]["cores"])
    results = summarize(asked, [Measurement(**m) for m in kept["measurements"]])
    verdicts = [verdict for result in results for verdict in result.verdicts if verdict.met is not None]
    print("\n".join(["", *group_lines(results), conditions(kept)]))
    print(f"{sum(bool(v.met) for v in verdicts)} of {len(verdicts)} targets of single points are met.")
    if markdown_file:
        markdown_file.write_text(markdown(results, kept), encoding="utf-8")
    if svg_file:
        on = kept["machine"]
        sides = ", ".join(kept["peers"].values())
        caption = f"{on['cpu']}, {on['cores']} cores; {sides}; median of rounds: {kept['rounds']}"
        svg_file.write_text(picture(results, caption), encoding="utf-8")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", nargs="+", choices=list(GROUPS), default=list(GROUPS), help="parts; all of them")
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_ROUNDS} round of {QUICK_SECONDS:g} s: a first look"
    )
    parser.add_argument("--rounds", type=int, help=f"measurements of each side at each point ({ROUNDS})")
    parser.add_argument("--seconds", type=float, help=f"for each measurement ({SECONDS:g})")
    parser.add_argument("--jax-python", default=sys.executable, help="an interpreter that has jax (this one)")
    parser.add_argument("--from", dest="source", type=Path, help="measure nothing; show what --json kept")
    parser.add_argument("--json", type=Path, help="keep every figure here")
    parser.add_argument("--markdown", type=Path, help="write the tables here")
    parser.add_argument("--svg", type=Path, help="write the picture here")
    a = parser.parse_args()
    if a.source:
        kept = json.loads(a.source.read_text(encoding="utf-8"))
        if kept.get("format") != FORMAT:
            parser.error(f"{a.source} was not written by --json of this program")
    else:
        rounds = a.rounds if a.rounds is not None else QUICK_ROUNDS if a.quick else ROUNDS
        seconds = a.seconds if a.seconds is not None else QUICK_SECONDS if a.quick else SECONDS
        if rounds < 1 or not seconds > 0:
            parser.error(f"--rounds is {rounds} and --seconds {seconds:g}; both must be above 0")
        kept = measure(a.what, rounds, seconds, {"jax": a.jax_python})
    if a.json:
        a.json.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    show(kept, a.markdown, a.svg)


if __name__ == "__main__":
    main()
