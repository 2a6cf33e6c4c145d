"""The summary of a run at its end: result, files, next commands."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from charlm.checkpoint.locate import run_name
from charlm.ui.flags import argument, larger_total, quoted
from charlm.ui.run.state import RunState
from charlm.ui.sanitize import visible, visible_line
from charlm.ui.wording import VALIDATION, VERDICT_STYLES, baselines, bits, duration, model_line, number

__all__ = ["print_summary", "summary"]

SAMPLE_LINES = 8
WARNINGS = 5
LABEL = 12  # columns
NARROWEST = 8  # columns of prose beside a label
SCORED = 40  # characters of the suggested text for scoring
HARD_TO_QUOTE = frozenset("'\"\\`$!%")
DOCUMENTS = 10  # suggested samples if each is a document


def print_summary(console: Console, state: RunState, now_s: float) -> None:
    """Print the summary; on a terminal, prose is wrapped and commands stay in one piece."""
    for head, text in summary(state, now_s):
        whole = text.no_wrap or not console.is_terminal
        room = max(console.width - head.cell_len, NARROWEST)
        for line in [text] if whole else text.wrap(console, room):
            line.rstrip()
            console.print(Text.assemble(head, line), soft_wrap=True)
            head = Text(" " * head.cell_len)


def summary(state: RunState, now_s: float) -> Iterator[tuple[Text, Text]]:
    """Yield the lines of a summary, each with its label, which may be empty."""
    yield Text(), Text.assemble((visible_line(state.name), "bold cyan"), ("  " + model_line(state.start), "dim"))
    if state.sample:
        yield Text(), Text()
        lines = visible(state.sample).strip("\n").split("\n")[:SAMPLE_LINES]
        yield from ((Text("  "), Text(line)) for line in "\n".join(lines).rstrip("\n").split("\n"))
        yield Text(), Text()
    yield from _outcome(state, now_s)
    if state.saved and state.folder:
        yield _row("saved", visible_line(state.folder))
        yield Text(), Text()
        yield from (_command(label, command) for label, command in _next_steps(state))


def _outcome(state: RunState, now_s: float) -> Iterator[tuple[Text, Text]]:
    outcome = state.reason or "stopped"
    done = f"{outcome} at step {state.step:,} of {state.steps:,}" if state.step < state.steps else outcome
    elapsed_s = state.elapsed_s(now_s)
    lasted = duration(state.before_s + elapsed_s)
    if state.first_step:
        lasted += f" in all, {duration(elapsed_s)} since step {state.first_step:,}"
    yield _row("run", f"{done} · {state.epoch:,.2f} epochs · {lasted}")
    if math.isfinite(state.train_loss.value):
        published = f" · {number(state.published_loss, '.3f')} summed, smoothed" * math.isfinite(
            state.published_loss
        )
        nats = state.train_loss.value
        yield _row("train", f"{number(nats)} nats, {bits(nats)} bits{published}")
    if math.isfinite(state.val_loss):
        best = f" · best {number(state.best_loss)} at step {state.best_step:,}"
        yield _row("validation", f"{number(state.val_loss)} nats, {bits(state.val_loss)} bits{best}", VALIDATION)
    if state.parts:
        yield _row("parts", state.parts)
    if math.isfinite(state.exact):
        yield _row("exact", f"{state.exact:.2%} of the held-out sources that were tried", VALIDATION)
    beside = baselines(state.history)
    if beside:
        yield _row("compare", f"{beside} nats")
    if state.step:
        yield _row("verdict", visible_line(str(state.verdict)), VERDICT_STYLES[state.verdict.word])
    yield from (_row("warning", visible_line(text), "yellow") for text in state.warnings[-WARNINGS:])


def _next_steps(state: RunState) -> Iterator[tuple[str, str]]:
    """Yield the next commands for a run, each with its label."""
    where = argument(run_name(state.folder))
    stopped = state.step < state.steps and state.reason in ("", "interrupted")
    if stopped:
        yield "resume", f"charlm resume {where}"
    if state.of_pairs:
        yield "apply", f"charlm transduce {where}"
        yield "evaluate", f"charlm eval {where}"
        yield "plot", f"charlm plot {where}"
    else:
        several = f" --count {DOCUMENTS}" if state.documents else ""
        yield "sample", f"charlm sample {where}{several}"
        yield "console", f"charlm console {where}"
        yield "plot", f"charlm plot {where}"
        yield "score", f"charlm score {where} {_scored(state.sample)}"
    # a diverged run would diverge again; one that overfits would not improve
    if not stopped and state.verdict.word not in ("diverges", "overfits"):
        total = larger_total(state.step, steps=state.steps, minutes=state.start.get("minutes"))
        yield "longer", f"charlm resume {where} {total}"


def _scored(sample: str) -> str:
    """Return the argument of a text to score: some words of a sample, whose characters the model knows."""
    lines = [line.strip() for line in sample.split("\n")]
    lines = [line for line in lines if line.isprintable() and line[:1].isalnum() and HARD_TO_QUOTE.isdisjoint(line)]
    best = max(lines, key=lambda line: " " in line, default="")  # the first with more than a word
    if len(best) > SCORED:
        best = best[:SCORED].rpartition(" ")[0] or best[:SCORED]
    return f"--text {quoted(best)}" if best else "TEXT"


def _row(label: str, value: str, style: str = "") -> tuple[Text, Text]:
    return Text(f"{label:<{LABEL}}", "dim"), Text(value, style)


def _command(label: str, command: str) -> tuple[Text, Text]:
    return Text(f"{label:<{LABEL}}", "dim"), Text(command, "bold", no_wrap=True)
