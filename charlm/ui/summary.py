"""What stays on the screen when a run has ended: what came out, where it is, what to do next."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.text import Text

from charlm.ui.run_state import RunState
from charlm.ui.sanitize import visible, visible_line
from charlm.ui.wording import VALIDATION, VERDICT_STYLES, argument, bits, duration, model_line, number, yardsticks

__all__ = ["summary"]

SAMPLE_LINES = 8
WARNINGS = 5


def summary(state: RunState, now_s: float) -> Iterator[Text]:
    """Sum a run up, a `Text` a line; lines may be longer than the screen is wide."""
    yield Text.assemble((visible_line(state.name), "bold cyan"), ("  " + model_line(state.start), "dim"))
    if state.sample:
        yield Text()
        lines = visible(state.sample).strip("\n").split("\n")[:SAMPLE_LINES]
        yield from (Text("  " + line) for line in "\n".join(lines).rstrip("\n").split("\n"))
        yield Text()
    outcome = state.reason or "stopped"
    done = f"{outcome} at step {state.step:,} of {state.steps:,}" if state.step < state.steps else outcome
    yield _row("run", f"{done} · {state.epoch:.2f} epochs · {duration(state.elapsed_s(now_s))}")
    if math.isfinite(state.train_loss.value):
        published = f" · {number(state.published_loss, '.3f')} summed, smoothed" * math.isfinite(
            state.published_loss
        )
        nats = state.train_loss.value
        yield _row("train", f"{number(nats)} nats, {bits(nats)} bits{published}")
    if math.isfinite(state.val_loss):
        best = f" · best {number(state.best_loss)} at step {state.best_step:,}"
        yield _row("validation", f"{number(state.val_loss)} nats, {bits(state.val_loss)} bits{best}", VALIDATION)
    beside = yardsticks(state.history)
    if beside:
        yield _row("compare", f"{beside} nats")
    if state.verdict.word != "early":
        yield _row("verdict", visible_line(str(state.verdict)), VERDICT_STYLES[state.verdict.word])
    yield from (_row("warning", visible_line(text), "yellow") for text in state.warnings[-WARNINGS:])
    if state.saved and state.folder:
        where = argument(state.folder)
        yield _row("saved", visible_line(state.folder))
        yield _row("sample", f"charlm sample {where}", "bold")
        if state.step < state.steps and state.reason != "diverged":  # which it would again, at the same update
            yield _row("go on", f"charlm resume {where}", "bold")


def _row(label: str, value: str, style: str = "") -> Text:
    return Text.assemble((f"{label:<12}", "dim"), (value, style))
