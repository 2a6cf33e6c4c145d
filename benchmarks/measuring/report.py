"""The results for people: lines while measuring, and Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from measuring.points import GROUPS
from measuring.results import Result, Verdict, group_verdicts

__all__ = ["conditions", "figure_text", "group_lines", "markdown", "result_lines", "verdict_text"]

FORMATS = {
    "chars_per_s": ("{:,.0f}", "characters a second"),
    "us_per_char": ("{:.2f}", "microseconds a character"),
    "gflops": ("{:.0f}", "GFLOP/s"),
    "memory_mib": ("{:.0f}", "MiB"),
    "seconds": ("{:.2f}", "seconds"),
}
MISSING = "–"


def figure_text(figure: str, value: float | None) -> str:
    """Return a figure as people read it."""
    return MISSING if value is None else FORMATS[figure][0].format(value)


def verdict_text(verdict: Verdict) -> str:
    """Return what a target asks and what was reached, without a word about whose."""
    target, reached = (
        verdict.target,
        "not measured" if verdict.reached is None else f"reached {verdict.reached:.2f}",
    )
    if target.bound is None:
        return reached
    sense = "at least" if target.at_least else "at most"
    mark = {True: "met", False: "MISSED", None: ""}[verdict.met]
    return f"target {sense} {target.bound:g}, {reached}" + (f", {mark}" if mark else "")


def _subject(verdict: Verdict) -> str:
    target = verdict.target
    return f"{target.of} ÷ {target.over}" if target.over else target.of


def result_lines(result: Result) -> list[str]:
    """Return a point's figures and verdicts as lines."""
    point = result.point
    figures = " · ".join(f"{name} {figure_text(point.figure, value)}" for name, value in result.medians.items())
    lines = [f"{point.title}: {figures} ({FORMATS[point.figure][1]})"]
    lines += [f"    {_subject(verdict)}: {verdict_text(verdict)}" for verdict in result.verdicts]
    return lines + [f"    {name}: {note}" for name, note in result.notes.items()]


def group_lines(results: Sequence[Result]) -> list[str]:
    """Return the verdicts on whole groups as lines."""
    return [
        f"{GROUPS[group]}, {_subject(verdict)}, median of {count} points: {verdict_text(verdict)}"
        for group, (verdict, count) in group_verdicts(results).items()
    ]


def markdown(results: Sequence[Result], facts: dict[str, Any]) -> str:
    """Return a table for each group, and beneath them what they were measured on.

    Parameters
    ----------
    results : sequence of Result
    facts : dict
        "machine", "peers", "missing", "load", "disturbed", "rounds", "seconds" as in the kept JSON.
    """
    parts = []
    verdicts = group_verdicts(results)
    for group, title in GROUPS.items():
        rows = [result for result in results if result.point.group == group]
        if not rows:
            continue
        parts.append(f"**{title}** ({FORMATS[rows[0].point.figure][1]})\n\n" + _table(rows))
        if group in verdicts:
            verdict, count = verdicts[group]
            parts.append(f"{_subject(verdict)}, median of {count}: {verdict_text(verdict)}.")
    return "\n\n".join([*parts, conditions(facts)]) + "\n"


def conditions(facts: dict[str, Any]) -> str:
    """Return, in one paragraph, what was measured on what, how, and what is missing."""
    machine = facts["machine"]
    load = facts["load"][:1].upper() + facts["load"][1:]
    words = (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}; "
        f"{', '.join(facts['peers'].values())}. Each side was free to use the whole machine, in turn; medians of "
        f"{facts['rounds']} × {facts['seconds']:g} s. {load}"
    )
    if facts["disturbed"]:
        words += f" Measured while others were busy, and not to be quoted: {'; '.join(facts['disturbed'])}."
    return words + "".join(f" Missing: {name} ({reason})." for name, reason in facts["missing"].items())


def _table(rows: list[Result]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.medians))
    asked = list(dict.fromkeys(_subject(verdict) for row in rows for verdict in row.verdicts))
    lines = [("", *names, *(f"{subject}: reached (target)" for subject in asked))]
    for row in rows:
        reached = {_subject(verdict): _cell(verdict) for verdict in row.verdicts}
        figures = (figure_text(row.point.figure, row.medians.get(name)) for name in names)
        lines.append((row.point.title, *figures, *(reached.get(subject, "") for subject in asked)))
    rule = "|---|" + "---:|" * (len(lines[0]) - 1)
    head, *body = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, rule, *body])


def _cell(verdict: Verdict) -> str:
    if verdict.reached is None:
        return MISSING
    if verdict.target.bound is None:
        return f"{verdict.reached:.2f}"
    sense = "≥" if verdict.target.at_least else "≤"
    missed = "" if verdict.met else " ✗"
    return f"**{verdict.reached:.2f}** ({sense} {verdict.target.bound:g}{missed})"
