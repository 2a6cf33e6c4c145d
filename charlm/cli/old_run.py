"""A run that stopped and is to go on: its checkpoint, and its text read again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from charlm.checkpoint import find_model, list_runs, load_checkpoint
from charlm.checkpoint.locate import LAST
from charlm.config import TrainConfig, from_mapping
from charlm.errors import CheckpointError, CorpusError, UsageError
from charlm.text.corpus import read_corpus, read_text
from charlm.training.data import load_data
from charlm.training.loop import RunOptions
from charlm.training.plan import steps_of_epochs

__all__ = ["OldRun"]


class OldRun:
    """A run folder, read so that training can go on.

    Parameters
    ----------
    run : str, optional
        The folder; the newest run when left out.
    budget : dict
        A new total of ``epochs``, ``steps`` or ``minutes``; None where not asked for.
    workers : int, optional

    Raises
    ------
    CheckpointError
        If there is no such run, or it cannot go on.
    CorpusError
        If its text is no longer there, or is another.
    """

    def __init__(self, run: str | None, *, budget: dict[str, float | None], workers: int | None) -> None:
        given = {name: value for name, value in budget.items() if value is not None}
        if len(given) > 1:
            raise UsageError(f"{' and '.join('--' + name for name in given)} are two totals; give one of them")
        self.folder = self._folder(run)
        checkpoint = load_checkpoint(find_model(self.folder / LAST))
        record, self.model = checkpoint.training, checkpoint.model
        try:
            config = from_mapping(TrainConfig, dict(record["train"]))
            origin = dict(record["origin"])
            step, elapsed_s = int(record["progress"]["step"]), float(record["progress"]["elapsed_s"])
            self.text, self.validation = self._read(origin)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{str(self.folder / LAST)!r} was not written by a run; train anew") from error
        self.config = dataclasses.replace(config, workers=workers if workers is not None else config.workers)
        if given:
            self.config = dataclasses.replace(self.config, steps=self._total(given, step, elapsed_s))
        self.finished = ""
        if step >= (self.config.steps or 0):
            self.finished = (
                f"run {str(self.folder)!r} is finished after {step:,} steps; "
                f"give a larger total to go on, for example --steps {2 * step or 1000}"
            )
        self.options = RunOptions(folder=self.folder, origin=origin, resumed=(record, checkpoint.tensors))

    def _total(self, given: dict[str, float], step: int, elapsed_s: float) -> int:
        """Return a new total in steps; minutes at the pace of the run so far."""
        if "steps" in given:
            return int(given["steps"])
        if "epochs" in given:
            data = load_data(self.model.vocabulary, self.text, self.config, self.validation)
            return steps_of_epochs(self.model, data, self.config, given["epochs"])
        if not step or not elapsed_s:
            raise UsageError("this run has no pace yet to measure minutes by; give --steps or --epochs")
        return int(given["minutes"] * 60 * step / elapsed_s)

    @staticmethod
    def _folder(run: str | None) -> Path:
        if run is not None:
            return Path(run)
        own = [candidate for candidate in list_runs() if not candidate.shipped]
        if not own:
            raise CheckpointError("there is no run to go on with; train one first: charlm train")
        return own[0].file.parent

    @staticmethod
    def _read(origin: dict[str, Any]) -> tuple[str, str | None]:
        sources = [str(source) for source in origin["sources"]]
        if "-" in sources or origin["val_file"] == "-":
            raise CorpusError(
                "this run read its text from standard input, which is gone; save it to a file and train"
            )
        decoding: dict[str, Any] = {"encoding": origin["encoding"], "errors": origin["errors"]}
        corpus = read_corpus(sources, **decoding)
        if corpus.sha256 != origin["sha256"]:
            raise CorpusError(
                f"the text of this run has changed ({', '.join(map(repr, sources))}); "
                f"put the old one back, or train a new run on the new text"
            )
        validation = origin["val_file"]
        return corpus.text, None if validation is None else read_text(validation, **decoding)
