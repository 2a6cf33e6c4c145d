"""`RunData`: the text or the pairs of a run; for a stored run they are read again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from charlm.config import OutputName, TrainConfig
from charlm.errors import CorpusError
from charlm.models.ensemble import Ensemble
from charlm.models.language_model import CharModel
from charlm.models.mixture import Mixture
from charlm.models.transducer import Transducer
from charlm.text.corpus import BUILTIN, STDIN, read_corpus
from charlm.text.pair_corpus import PairCorpus, read_pair_corpus
from charlm.text.pairs import Pair, check_pairs, drop_long
from charlm.training.mixture_task import task_of_text
from charlm.training.pairs import pairs_task
from charlm.training.task import Task

__all__ = ["RunData", "read_run_data", "usable_pairs"]


class RunData(NamedTuple):
    """The training data of a run, and optional held-out data; texts, or lists of pairs."""

    train: Any
    validation: Any = None

    def task(self, model: CharModel | Ensemble | Transducer, config: TrainConfig) -> Task:
        """Encode the data; without held-out data, a part is held out."""
        if isinstance(model, Transducer):
            return pairs_task(model, self.train, config, self.validation)
        return task_of_text(model, self.train, config, self.validation)


def read_run_data(model: CharModel | Ensemble | Mixture | Transducer, origin: Mapping[str, Any]) -> RunData:
    """Read the data of a stored run again.

    Parameters
    ----------
    model : CharModel, Ensemble, Mixture or Transducer
    origin : mapping
        The record of the data in the run's checkpoint.

    Raises
    ------
    CorpusError
        If a source is missing or has changed.
    KeyError, TypeError, ValueError
        If `origin` is not the record of a run.
    """
    decoding: dict[str, Any] = {"encoding": origin["encoding"], "errors": origin["errors"]}
    val_file = origin["val_file"]
    if isinstance(model, Transducer):
        output = model.config.output
        pairs = _pairs_again(str(origin["pairs"]), origin["sha256"], decoding, output)
        if val_file is None:
            return RunData(pairs)
        return RunData(pairs, _pairs_again(str(val_file), origin["val_sha256"], decoding, output))
    text = _text_again([str(source) for source in origin["sources"]], origin["sha256"], decoding)
    if val_file is None:
        return RunData(text)
    return RunData(text, _text_again([str(val_file)], origin.get("val_sha256"), decoding))


def _text_again(sources: list[str], sha256: str | None, decoding: dict[str, Any]) -> str:
    """Read a text again and check that it is the same; `sha256` is None if unknown."""
    for source in sources:
        _check_rereadable(source, "text")
    corpus = read_corpus(sources, **decoding)
    if sha256 not in (None, corpus.sha256):
        raise CorpusError(
            f"the text of this run has changed ({', '.join(map(repr, sources))}); "
            f"put the old one back, or train a new run on the new text"
        )
    return corpus.text


def _pairs_again(source: str, sha256: str, decoding: dict[str, Any], output: OutputName) -> list[Pair]:
    _check_rereadable(source, "pairs")
    corpus = read_pair_corpus(source, **decoding)
    if corpus.sha256 != sha256:
        raise CorpusError(
            f"the pairs of this run have changed ({source!r}); "
            f"put the old ones back, or train a new run on the new ones"
        )
    pairs, _ = usable_pairs(corpus, output, source)
    return pairs


def _check_rereadable(source: str, what: str) -> None:
    """Raise an error for a source that can be read only once, since reading it again might block."""
    path = Path(source)
    is_pipe = not source.startswith(BUILTIN) and path.exists() and not (path.is_file() or path.is_dir())
    if source == STDIN or is_pipe:
        where = "standard input" if source == STDIN else f"the pipe {source!r}"
        raise CorpusError(f"this run read its {what} from {where}, which is gone; save it to a file and train")


def usable_pairs(corpus: PairCorpus, output: OutputName, source: str) -> tuple[list[Pair], tuple[str, ...]]:
    """Return the pairs without those that are too long to learn from, and remarks on the reading.

    Raises
    ------
    CorpusError
        If there are none, or they do not fit the output.
    """
    check_pairs(corpus.pairs, output, repr(source))
    pairs, dropped = drop_long(corpus.pairs)
    remarks = corpus.remarks
    if dropped:
        remarks += (f"{dropped:,} pair{'s' * (dropped > 1)} of {source!r} left out, too long to learn from",)
    return pairs, remarks
