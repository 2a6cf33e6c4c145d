"""A run as event files for TensorBoard, written while it trains: the extra ``tensorboard``.

``tensorboard --logdir DIR`` shows every run below DIR; each writes to a folder of its own name there.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from charlm.checkpoint.atomic import disk_error
from charlm.extras import load_extra
from charlm.runs.report import Report, is_finite

__all__ = ["EventFiles", "check_tensorboard"]

FLUSH_S = 10  # a person looks at it now and then


def check_tensorboard() -> None:
    """Raise a `UsageError` if tensorboardX is not installed."""
    _tensorboard()


class EventFiles:
    """Writes a run's figures as scalars; a display like the others. Entered before the first report.

    Parameters
    ----------
    folder : Path
        Made if it does not exist. What an older run of this name wrote is kept but no longer shown, and of a run
        that goes on only what it did in vain.

    Raises
    ------
    UsageError
        If tensorboardX is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._library = folder, _tensorboard()
        self._writer: Any = None

    def __enter__(self) -> EventFiles:
        """Begin; nothing is written yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()

    def add(self, report: Report) -> None:
        """Take in the next report.

        Raises
        ------
        DiskError
            If the system refuses to write.
        """
        try:
            if report.event == "start":
                first = report.step + 1 if report.details.get("resumed") else 0
                self._writer = self._library.SummaryWriter(
                    str(self._folder),
                    purge_step=first,
                    filename_suffix=f".{first}",  # its names tell seconds alone, and would be written over
                    flush_secs=FLUSH_S,
                )
            elif self._writer is not None:
                for name, value in _scalars(report).items():
                    if is_finite(value):
                        self._writer.add_scalar(name, value, report.step)
        except OSError as error:
            raise disk_error(self._folder, error) from error

    def notice(self, message: str) -> None:
        """Take in a word; it is no figure."""


def _tensorboard() -> Any:
    return load_extra("tensorboardX", package="tensorboardX", extra="tensorboard", wanted_by="tensorboard")


def _scalars(report: Report) -> dict[str, float | None]:
    match report.event:
        case "step":
            return {
                "loss/train": report.loss,
                "optimizer/learning_rate": report.learning_rate,
                "optimizer/gradient_norm": report.grad_norm,
                "speed/characters_per_s": report.chars_per_s,
            }
        case "eval":
            return {"loss/validation": report.loss}
    return {}
