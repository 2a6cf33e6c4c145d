r"""Pairs of strings, a source and a target each, and the files that hold them.

A file is UTF-8 text with one pair a line, ``source<TAB>target``. Within a string ``\t``, ``\n``, ``\r`` and ``\\``
are a tab, a newline, a carriage return and a backslash. So pair k of a file is its line k.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from charlm.config import OutputName
from charlm.errors import CorpusError

__all__ = [
    "LONGEST",
    "Pair",
    "check_pairs",
    "drop_long",
    "escaped",
    "format_pair",
    "parse_pairs",
    "split_pairs",
    "unescaped",
]

LONGEST = 512  # characters of a source or a target in training

_ESCAPES = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\\": r"\\"}
_MEANING = {escape: character for character, escape in _ESCAPES.items()}
_TO_ESCAPE = str.maketrans(_ESCAPES)
_ESCAPE = re.compile(r"\\(?s:.?)")


class Pair(NamedTuple):
    """A source and its target."""

    source: str
    target: str


def format_pair(pair: Pair) -> str:
    r"""Return the line of a pair, without a newline; `parse_pairs` is the inverse.

    Examples
    --------
    >>> format_pair(Pair("two\nlines", "C:\\"))
    'two\\nlines\tC:\\\\'
    """
    return "\t".join(map(escaped, pair))


def escaped(text: str) -> str:
    r"""Escape a source or a target; `unescaped` is the inverse.

    Examples
    --------
    >>> escaped("two\nlines")
    'two\\nlines'
    """
    return text.translate(_TO_ESCAPE)


def parse_pairs(text: str, where: str) -> list[Pair]:
    r"""Read pairs, one a line.

    Parameters
    ----------
    text : str
        Lines end with ``\n`` or ``\r\n``, optional at the last. Sources and targets may be empty, and pairs may
        repeat.
    where : str
        Name of the text in errors.

    Returns
    -------
    list of Pair
        Pair k is line k.

    Raises
    ------
    CorpusError
        If there are no pairs, for a line without exactly one tab, and for an invalid escape.

    Examples
    --------
    >>> parse_pairs("forty-two\t42\n", "numbers.tsv")
    [Pair(source='forty-two', target='42')]
    """
    lines = text.split("\n")
    if not lines[-1]:
        del lines[-1]
    if not lines:
        raise CorpusError(f"there are no pairs in {where}; write one a line, source<TAB>target")
    pairs = []
    for number, line in enumerate(lines, 1):
        fields = line.removesuffix("\r").split("\t")
        if len(fields) != 2:
            tabs = len(fields) - 1
            found = "is blank" if not line.strip() and not tabs else f"has {tabs or 'no'} tab{'s' * (tabs > 1)}"
            raise CorpusError(
                f"line {number:,} of {where} {found}; write source<TAB>target, and a tab within either as \\t"
            )
        if "\\" in line:
            fields = [unescaped(field, f"line {number:,} of {where}") for field in fields]
        pairs.append(Pair(*fields))
    return pairs


def unescaped(field: str, where: str) -> str:
    r"""Unescape a source or a target.

    Parameters
    ----------
    field : str
    where : str
        Name of the line in errors.

    Raises
    ------
    CorpusError
        For an invalid escape.

    Examples
    --------
    >>> unescaped(r"two\nlines", "line 1")
    'two\nlines'
    """

    def meaning(found: re.Match[str]) -> str:
        escape = found[0]
        if escape not in _MEANING:
            shown = "a lone backslash at the end of a string" if escape == "\\" else f"an unknown escape {escape}"
            raise CorpusError(f"{where} has {shown}; use \\t, \\n and \\r, and \\\\ for a backslash")
        return _MEANING[escape]

    return _ESCAPE.sub(meaning, field)


def check_pairs(pairs: Sequence[Pair], output: OutputName, where: str) -> None:
    """Check that the targets fit an output: tags are one symbol for each character of the source.

    Parameters
    ----------
    pairs : sequence of Pair
        All pairs of a file, in its order.
    output : {"text", "label", "tags"}
    where : str
        Name of the file in errors.

    Raises
    ------
    CorpusError
        If they do not, or the source of tags is empty.
    """
    if output != "tags":
        return
    for number, (source, target) in enumerate(pairs, 1):
        if len(source) != len(target) or not source:
            raise CorpusError(
                f"line {number:,} of {where} has {len(target):,} tag{'s' * (len(target) != 1)} for "
                f"{len(source):,} character{'s' * (len(source) != 1)}; "
                f"give one symbol for each of at least one character"
            )


def drop_long(pairs: Sequence[Pair], longest: int = LONGEST) -> tuple[list[Pair], int]:
    """Leave out the pairs whose source or target is too long to train on.

    One very long pair would lengthen every array of its batch, for all streams. It is left out and counted, not an
    error, since a corpus of many pairs is good without it.

    Parameters
    ----------
    pairs : sequence of Pair
    longest : int
        Characters that a source and a target may have.

    Returns
    -------
    kept : list of Pair
    dropped : int
        Pairs that were left out.

    Raises
    ------
    CorpusError
        If none is left.
    """
    kept = [pair for pair in pairs if len(pair.source) <= longest and len(pair.target) <= longest]
    if not kept:
        raise CorpusError(f"every pair is longer than {longest:,} characters; give shorter ones")
    return kept, len(pairs) - len(kept)


def split_pairs(pairs: Sequence[Pair], frac: float, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Hold out pairs by their source: no source that is held out occurs in training.

    Parameters
    ----------
    pairs : sequence of Pair
    frac : float
        Fraction of the distinct sources that is held out; none are if nothing would be left to train on.
    seed : int
        Selects them.

    Returns
    -------
    train, held_out : list of Pair
        In their given order, repeated ones included.

    Raises
    ------
    UsageError
        If the fraction is not from 0 to below 1.
    """
    import numpy as np  # here, so that listing the built-in tasks does not import it

    from charlm.text.batches.fitting import split

    sources = list(dict.fromkeys(pair.source for pair in pairs))
    kept, _ = split(np.random.default_rng(seed).permutation(len(sources)), frac)
    known = {sources[k] for k in kept} or set(sources)
    train = [pair for pair in pairs if pair.source in known]
    return train, [pair for pair in pairs if pair.source not in known]
