"""The run loop: updates, due hooks (evaluate, sample, save), and divergence."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Literal

import numpy as np

from charlm.errors import DivergedError
from charlm.heap import release_free_memory
from charlm.runs.report import Report, is_finite
from charlm.runs.writer import RunWriter
from charlm.training.budget import latest
from charlm.training.trainer import Trainer

__all__ = ["RunLoop"]

ROLLBACKS = 10  # of a run; the rate is then a thousandth of the first
PATIENCE = 200  # updates in a row; a loss that recovers does so sooner


class RunLoop:
    """The loop of a run, as an iterator of reports from "start" to "end".

    Parameters
    ----------
    trainer : Trainer
    writer : RunWriter, optional
        None stores nothing.
    should_stop : callable
        Called after every update and after its hooks.
    """

    def __init__(self, trainer: Trainer, writer: RunWriter | None, should_stop: Callable[[], bool]) -> None:
        self.trainer, self.writer, self.should_stop = trainer, writer, should_stop
        self.validates = trainer.task.validation_characters > 0
        self._guessing = trainer.task.guess_nats
        self._saved_s = time.monotonic()
        self._reported = (0, 0.0)  # at the last "step" report: characters, and seconds of updates

    def run(self, details: Mapping[str, Any], warning: str = "") -> Iterator[Report]:
        """Train to the end of the plan, or until a stop is requested.

        Raises
        ------
        DivergedError
            If training diverged, and rollbacks are off or did not help.
        """
        trainer, progress = self.trainer, self.trainer.progress
        yield self.trainer.report("start", path=self._path, details=details)
        if warning:
            yield self.trainer.report("warning", text=warning)
        while True:
            try:
                if progress.examined_step < progress.step < trainer.steps:
                    yield from self._run_hooks()
                elif progress.step < trainer.steps and not self._is_out_of_patience:
                    with self._timed("update"):
                        yield from self._report_update(trainer.update())
                    yield from self._replan()
                else:
                    yield from self._finish()
                    return
                if self.should_stop():
                    yield from self._save(best=not self.validates)
                    if progress.step < trainer.steps:
                        yield from self._save_first_best()
                        yield self._end("interrupted")
                        return
            except _DivergenceError as divergence:
                yield from self._recover(divergence)

    def _timed(self, what: Literal["update", "eval", "sample", "save"]) -> contextlib.AbstractContextManager[None]:
        budget = self.trainer.budget
        return contextlib.nullcontext() if budget is None else budget.timed(what)

    def _report_update(self, report: Report) -> Iterator[Report]:
        config, progress = self.trainer.config, self.trainer.progress
        if not is_finite(report.loss):
            raise _DivergenceError(f"the loss is {report.loss}", progress.step + 1)
        if not is_finite(report.grad_norm):
            raise _DivergenceError(f"the norm of the gradient is {report.grad_norm}", progress.step + 1)
        ends = progress.step in (1, self.trainer.steps)
        if config.log_every and (ends or progress.step % config.log_every == 0):
            yield dataclasses.replace(report, chars_per_s=self._pace())
        if progress.hopeless >= PATIENCE:
            far = f"above 100 times {self._guessing:.2f}, what guessing costs"
            what = f"for {PATIENCE} updates the loss has been {far}, and is {report.loss:.3g}"
            raise _DivergenceError(what, progress.step, hopeless=True)
        if progress.worse == PATIENCE:
            what = f"for {PATIENCE} updates the loss has been above {self._guessing:.2f}, what guessing costs"
            yield self.trainer.report("warning", text=f"{what}; {self._remedy}")

    def _pace(self) -> float:
        """Return characters a second since the last "step" report, by the time of updates alone."""
        before, self._reported = self._reported, (self.trainer.characters, self.trainer.updates_s)
        characters, seconds = (now - then for now, then in zip(self._reported, before, strict=True))
        return characters / max(seconds, 1e-9)

    def _replan(self) -> Iterator[Report]:
        """Make another plan of the budget of minutes, if one is due."""
        budget = self.trainer.budget
        if budget is not None and budget.is_due(self.trainer.progress.step, self.trainer.config):
            self.trainer.plan_again()
            yield self.trainer.report("plan", details=budget.facts())

    def _run_hooks(self) -> Iterator[Report]:
        """Run the hooks that are due after an update: evaluate, sample, save."""
        config, progress = self.trainer.config, self.trainer.progress
        best = False
        if self.validates and self._is_due(config.eval_every):
            best = yield from self._evaluate()
        if self._is_due(config.sample_every):
            yield from self._sample()
        progress.examined_step = progress.step
        due = self._is_stale() or self._is_due(config.save_every)
        if best or (due and not progress.hopeless):  # a hopeless state does not replace a good one
            yield from self._save(best=best)

    def _finish(self) -> Iterator[Report]:
        """Run the hooks at the end of a plan, or of a run that no longer improves."""
        progress = self.trainer.progress
        progress.gave_up = progress.step < self.trainer.steps
        best = False if progress.gave_up else (yield from self._evaluate())
        if self.trainer.config.sample_every:
            yield from self._sample()
        progress.examined_step = progress.step
        if progress.worse and self.trainer.train_loss > 2 * self._guessing:
            what = f"the loss ended far above {self._guessing:.2f}, what guessing costs"
            yield self.trainer.report("warning", text=f"{what}; {self._remedy}")
        yield from self._save(best=best or not self.validates)
        yield self._end("patience" if progress.gave_up else "finished")

    @property
    def _is_out_of_patience(self) -> bool:
        patience = self.trainer.config.patience
        return bool(patience) and self.validates and self.trainer.progress.waited >= patience

    def _evaluate(self) -> Generator[Report, None, bool]:
        """Validate; return whether the loss is the best so far."""
        with self._timed("eval"):
            evaluation = self.trainer.evaluate()
            release_free_memory()
            yield evaluation
        if self.validates and not is_finite(evaluation.loss):
            raise _DivergenceError(f"the validation loss is {evaluation.loss}", evaluation.step)
        return evaluation.best

    def _save_first_best(self) -> Iterator[Report]:
        """Write ``best.npz`` if the run is stopped before its first evaluation.

        ``last.npz``, saved before, does not contain this evaluation, so the resumed run equals an uninterrupted
        one.
        """
        if self.writer is None or not self.validates or math.isfinite(self.trainer.progress.best_loss):
            return
        evaluation = self.trainer.evaluate()
        yield evaluation
        if evaluation.best:
            file = self.writer.save_best(self.trainer)
            yield self.trainer.report("save", path=str(file), details={"best": True})

    def _sample(self) -> Iterator[Report]:
        step = self.trainer.progress.step
        try:
            # weights may be huge during training
            with self._timed("sample"), np.errstate(over="ignore", invalid="ignore"):
                text = self.trainer.task.sample(self.trainer.complete(self.trainer.averaged), step)
                release_free_memory()
        except DivergedError:
            raise _DivergenceError("what the model writes is not finite", step) from None
        if text is not None:
            yield self.trainer.report("sample", text=text)

    def _is_due(self, every: int | None) -> bool:
        """Return whether a hook is due; with a budget of minutes, not shortly before the end."""
        step, steps = self.trainer.progress.step, self.trainer.steps
        if not every or step % every:
            return False
        return self.trainer.budget is None or step <= latest(steps, every)

    def _is_stale(self) -> bool:
        minutes = self.trainer.config.save_minutes
        return bool(minutes) and time.monotonic() - self._saved_s > minutes * 60

    def _save(self, *, best: bool) -> Iterator[Report]:
        """Save, unless a tensor is not finite."""
        odd = self.trainer.nonfinite_tensor()
        if odd is not None:
            raise _DivergenceError(f"tensor {odd} is not finite", self.trainer.progress.step)
        if self.writer is not None:
            with self._timed("save"):
                file = self.writer.save(self.trainer, best=best)
            self._saved_s = time.monotonic()
            yield self.trainer.report("save", path=str(file), details={"best": best})

    # -- divergence --

    def _recover(self, divergence: _DivergenceError) -> Iterator[Report]:
        """Roll back to the last good state; if rollbacks are off or used up, save it and raise."""
        trainer, tries = self.trainer, self.trainer.progress.rollbacks
        if not trainer.rolls_back or tries >= ROLLBACKS:
            yield from self._save_good_state(divergence)
            yield self._end("diverged", diverged_at=divergence.update, cause=divergence.what)
            raise self._error(divergence, tries) from None
        trainer.roll_back()
        back = f"back to step {trainer.progress.step} at half the rate, {self._rate:.3g}"
        text = f"{back}: at update {divergence.update} {divergence.what}"
        yield self.trainer.report(
            "rollback", text=text, details={"from_step": divergence.update, "rate": self._rate}
        )
        if trainer.budget is not None:
            yield self.trainer.report("plan", details=trainer.budget.facts())

    def _save_good_state(self, divergence: _DivergenceError) -> Iterator[Report]:
        """Save the last good state; without a rollback, that before the update, unless it is bad too."""
        odd = self.trainer.nonfinite_tensor()
        if odd is not None:
            divergence.what = f"tensor {odd} is not finite"  # the cause
        if self.trainer.rolls_back:
            self.trainer.roll_back()
            yield from self._save(best=False)
        elif odd is None and not divergence.hopeless:
            yield from self._save(best=False)

    def _error(self, divergence: _DivergenceError, tries: int) -> DivergedError:
        stored = "" if self.writer is None else "; nothing was saved yet"
        if self.writer is not None and self.writer.saved:
            good = self.trainer.rolls_back or not divergence.hopeless
            stored = f"; the last {'good state' if good else 'save'} is in {self._path!r}"
        rollbacks = f", after {tries} rollbacks" if tries else ""
        return DivergedError(
            f"training diverged at update {divergence.update}{rollbacks}: {divergence.what}{stored}; {self._remedy}"
        )

    @property
    def _rate(self) -> float:
        return self.trainer.config.learning_rate * self.trainer.progress.rate_factor

    @property
    def _remedy(self) -> str:
        clipping = "" if self.trainer.config.clip_norm else " or `clip_norm=1`"
        return f"try `learning_rate={self._rate / 3:.2g}`{clipping}"

    # -- reports --

    @property
    def _path(self) -> str:
        return "" if self.writer is None else str(self.writer.folder)

    def _end(self, reason: str, **more: Any) -> Report:
        best_loss = self.trainer.progress.best_loss
        known = best_loss if math.isfinite(best_loss) else None
        return self.trainer.report("end", path=self._path, details={"reason": reason, "best_loss": known, **more})


class _DivergenceError(Exception):
    """Divergence: its cause and update; `hopeless` if the state before it is bad too."""

    def __init__(self, what: str, update: int, *, hopeless: bool = False) -> None:
        super().__init__(what, update)
        self.what, self.update, self.hopeless = what, update, hopeless
