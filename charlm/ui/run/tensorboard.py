"""Event files for TensorBoard, written during training: the extra ``tensorboard``.

``tensorboard --logdir DIR`` shows all runs below DIR, each in the folder of its name.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from charlm.checkpoint.atomic import disk_error
from charlm.extras import load_extra
from charlm.runs.report import Report, is_finite

__all__ = ["EventFiles", "check_tensorboard"]

FLUSH_S = 10


def check_tensorboard() -> None:
    """Raise a `UsageError` if tensorboardX is not installed."""
    _tensorboard()


class EventFiles:
    """The display that writes a run's numbers as scalars.

    Parameters
    ----------
    folder : Path
        Created if missing. Events of an older run of this name stay but are hidden, as are those of a resumed run
        after its checkpoint.

    Raises
    ------
    UsageError
        If tensorboardX is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._library = folder, _tensorboard()
        self._writer: Any = None

    def __enter__(self) -> EventFiles:
        """Begin; writes nothing."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the remaining events."""
        if self._writer is not None:
            self._writer.close()

    def add(self, report: Report) -> None:
        """Write the next report.

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
                    filename_suffix=f".{first}",  # names have seconds alone, and files would be overwritten
                    flush_secs=FLUSH_S,
                )
            elif self._writer is not None:
                for name, value in _scalars(report).items():
                    if is_finite(value):
                        self._writer.add_scalar(name, value, report.step)
        except OSError as error:
            raise disk_error(self._folder, error) from error

    def notice(self, message: str) -> None:
        """Ignore a message."""


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
