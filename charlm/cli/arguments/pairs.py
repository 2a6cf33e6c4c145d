"""The pairs of arguments: files, built-in tasks, standard input or ``--text``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from charlm.checkpoint.model_or_text import refuse_models
from charlm.cli.arguments.texts import read_sources
from charlm.errors import CorpusError, UsageError, VocabularyError
from charlm.text.corpus import BUILTIN
from charlm.text.decoding import check_errors
from charlm.text.pair_corpus import read_pair_corpus
from charlm.text.pairs import Pair, check_pairs, parse_pairs

if TYPE_CHECKING:
    from charlm.models.transducer import Transducer

__all__ = ["GIVE_PAIRS", "given_pairs", "refuse_pairs"]

GIVE_PAIRS = "give a file of pairs, source<TAB>target a line"


def given_pairs(
    model: Transducer, sources: Sequence[str], literal: str | None, *, encoding: str, errors: str
) -> list[Pair] | None:
    """Return the pairs of the arguments; None without any.

    Parameters
    ----------
    model : Transducer
        Its output determines the valid targets.
    sources : sequence of str
    literal : str, optional
        The value of ``--text``.
    encoding, errors : str

    Raises
    ------
    UsageError
        For two sets of pairs, or unknown decoding settings.
    CorpusError
        If they cannot be read, or are not pairs.
    """
    if sources and literal is not None:
        raise UsageError(f"{sources[0]!r} and --text are two sets of pairs; give one of them")
    if not sources and literal is None:
        return None
    check_errors(errors)
    if literal is not None:
        return _parsed(literal, "--text", model)
    refuse_models(sources)
    pairs: list[Pair] = []
    for source in sources:
        if source.startswith(BUILTIN):
            pairs += read_pair_corpus(source).pairs
        else:
            text = read_sources([source], encoding=encoding, errors=errors, allow_empty=True).text
            pairs += _parsed(text, repr(source), model)
    return pairs


def _parsed(text: str, where: str, model: Transducer) -> list[Pair]:
    try:
        pairs = parse_pairs(text, where)
    except CorpusError as error:
        raise CorpusError(f"{error}; the model is a transducer, which is evaluated on pairs") from error
    check_pairs(pairs, model.config.output, where)
    return pairs


def refuse_pairs(text: str, symbols: Sequence[object], error: VocabularyError) -> None:
    """Refuse a file of pairs that is given to a language model, if its tabs are the unknown symbol.

    Parameters
    ----------
    text : str
    symbols : sequence
        Of the model's vocabulary.
    error : VocabularyError

    Raises
    ------
    CorpusError
    """
    lines = text.removesuffix("\n").split("\n")
    if "\t" not in symbols and all(line.count("\t") == 1 for line in lines):
        raise CorpusError(
            "the text is a file of pairs, and the model a language model; evaluate a transducer on it, "
            "which charlm train --pairs makes"
        ) from error
