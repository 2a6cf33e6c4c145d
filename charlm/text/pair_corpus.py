"""`read_pair_corpus`: pairs from files, standard input and built-in tasks."""

from __future__ import annotations

import hashlib
from typing import BinaryIO, NamedTuple

from charlm.config import DecodingErrors, OutputName
from charlm.text.corpus import BUILTIN, STDIN, read_corpus
from charlm.text.pairs import Pair, format_pair, parse_pairs

__all__ = ["PairCorpus", "read_pair_corpus"]


class PairCorpus(NamedTuple):
    """Pairs, with facts of their source.

    Attributes
    ----------
    pairs : list of Pair
    stem : str
        A name for a run on them.
    sha256 : str
        Of their text.
    output : {"text", "label", "tags"} or None
        Of a built-in task.
    minutes : float or None
        Recommended for training on a built-in task.
    remarks : tuple of str
        Notes to the user about the reading.
    """

    pairs: list[Pair]
    stem: str
    sha256: str
    output: OutputName | None = None
    minutes: float | None = None
    remarks: tuple[str, ...] = ()


def read_pair_corpus(
    source: str, *, encoding: str = "utf-8", errors: DecodingErrors = "strict", stdin: BinaryIO | None = None
) -> PairCorpus:
    """Read the pairs of a file, of ``-`` for standard input, or of ``builtin:NAME``.

    Parameters
    ----------
    source, encoding, errors, stdin
        As for `charlm.text.corpus.read_corpus`: compressed files are unpacked, a leading byte order mark is
        dropped.

    Raises
    ------
    CorpusError, UsageError
        As for `read_corpus` and `parse_pairs`.
    """
    if source.startswith(BUILTIN):
        from charlm.text.builtin.tasks import TASKS, pairs_of  # here, since no other source needs it

        name = source.removeprefix(BUILTIN)
        pairs = pairs_of(name)
        text = "".join(f"{format_pair(pair)}\n" for pair in pairs)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        return PairCorpus(pairs, name, sha256, TASKS[name].output, TASKS[name].minutes)
    corpus = read_corpus([source], encoding=encoding, errors=errors, stdin=stdin, allow_empty=True)
    pairs = parse_pairs(corpus.text, "standard input" if source == STDIN else repr(source))
    return PairCorpus(pairs, corpus.stem, corpus.sha256, remarks=corpus.remarks)
