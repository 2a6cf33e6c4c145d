"""A run that stopped and is to go on: its checkpoint, and its text read again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from charlm.checkpoint import find_model, is_unfinished, load_checkpoint
from charlm.checkpoint.locate import LAST
from charlm.config import TrainConfig, from_mapping
from charlm.errors import CheckpointError, CorpusError, UsageError
from charlm.text.corpus import BUILTIN, STDIN, read_corpus
from charlm.training.data import load_data
from charlm.training.loop import RunOptions
from charlm.training.plan import steps_of_epochs

__all__ = ["OldRun"]


class OldRun:
    """A run folder, read so that training can go on.

    Parameters
    ----------
    folder : Path
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

    def __init__(self, folder: Path, *, budget: dict[str, float | None], workers: int | None) -> None:
        given = {name: value for name, value in budget.items() if value is not None}
        if len(given) > 1:
            raise UsageError(f"{' and '.join('--' + name for name in given)} are two totals; give one of them")
        checkpoint = load_checkpoint(find_model(folder / LAST))
        record, self.model = checkpoint.training, checkpoint.model
        try:
            config = from_mapping(TrainConfig, dict(record["train"]))
            origin = dict(record["origin"])
            step, elapsed_s = int(record["progress"]["step"]), float(record["progress"]["elapsed_s"])
            self.text, self.validation = self._read(origin)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{str(folder / LAST)!r} was not written by a run; train anew") from error
        self.config = dataclasses.replace(config, workers=workers if workers is not None else config.workers)
        if given:
            steps = self._total(given, step, elapsed_s)  # whoever asks for more has the patience
            self.config = dataclasses.replace(self.config, steps=steps, patience=0)
            record = {**record, "progress": {**record["progress"], "gave_up": False}}
        self.finished = ""
        if not is_unfinished(record["progress"], self.config.steps or 0):
            self.finished = (
                f"run {str(folder)!r} is finished after {step:,} steps; "
                f"give a larger total to go on, for example --steps {2 * step or 1000}"
            )
        self.options = RunOptions(folder=folder, origin=origin, resumed=(record, checkpoint.tensors))

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
    def _read(origin: dict[str, Any]) -> tuple[str, str | None]:
        decoding: dict[str, Any] = {"encoding": origin["encoding"], "errors": origin["errors"]}
        sources, validation = [str(source) for source in origin["sources"]], origin["val_file"]
        text = _read_again(sources, origin["sha256"], decoding)
        if validation is None:
            return text, None
        return text, _read_again([str(validation)], origin.get("val_sha256"), decoding)


def _read_again(sources: list[str], sha256: str | None, decoding: dict[str, Any]) -> str:
    """Read a text that was read before, and make sure that it is the same; `sha256` None is not known."""
    for source in sources:
        if source == STDIN or _is_pipe(source):
            where = "standard input" if source == STDIN else f"the pipe {source!r}"
            raise CorpusError(f"this run read its text from {where}, which is gone; save it to a file and train")
    corpus = read_corpus(sources, **decoding)
    if sha256 not in (None, corpus.sha256):
        raise CorpusError(
            f"the text of this run has changed ({', '.join(map(repr, sources))}); "
            f"put the old one back, or train a new run on the new text"
        )
    return corpus.text


def _is_pipe(source: str) -> bool:
    """Tell whether a source can be read only once; reading it again might wait for ever."""
    path = Path(source)
    return not source.startswith(BUILTIN) and path.exists() and not (path.is_file() or path.is_dir())
