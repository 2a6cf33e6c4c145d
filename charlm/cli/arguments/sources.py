"""Sources of a transducer: arguments, or lines of standard input, processed on arrival."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

import typer

from charlm import generation
from charlm.cli.terminal.streams import lines_at_once
from charlm.cli.terminal.waiting import waiting
from charlm.errors import CorpusError, VocabularyError
from charlm.text.pairs import unescaped
from charlm.ui.flags import as_flags
from charlm.ui.sanitize import visible_line

if TYPE_CHECKING:
    from charlm.generation import Transduction
    from charlm.models.transducer import Transducer

__all__ = ["Transducing"]

AT_ONCE = 256  # sources


class Transducing:
    """Application of a model to sources, in batches of those that are available.

    Parameters
    ----------
    model : Transducer
    settings : mapping
        Arguments of `charlm.transduce`.
    patient : bool
        Whether a source that cannot be read is reported and skipped, as for a person who types.
    """

    def __init__(self, model: Transducer, settings: Mapping[str, Any], *, patient: bool) -> None:
        self._model, self._settings, self._patient = model, settings, patient
        generation.transduce(model, (), **settings)  # checks the settings before reading

    def strings(self, sources: Sequence[str]) -> Iterator[Iterable[Transduction]]:
        """Yield the outputs for strings, a batch at a time."""
        for first in range(0, len(sources), AT_ONCE):
            yield self._answers(sources[first : first + AT_ONCE], first)

    def lines(self, stream: BinaryIO | None) -> Iterator[Iterable[Transduction]]:
        """Yield the outputs for lines of standard input, in UTF-8, as soon as they arrive."""
        first = 0
        for lines in [] if stream is None else lines_at_once(stream, AT_ONCE):
            yield self._answers(lines, first)
            first += len(lines)

    def _answers(self, sources: Sequence[str | bytes], first: int) -> Iterable[Transduction]:
        try:
            texts = [_read(source, first + k + 1) for k, source in enumerate(sources)]
            with waiting("transducing"):
                return generation.transduce(self._model, texts, first=first, **self._settings)
        except (CorpusError, VocabularyError) as error:
            if len(sources) > 1:  # so that those before the invalid one are transduced
                return chain.from_iterable(self._answers([one], first + k) for k, one in enumerate(sources))
            where = f"{'line' if isinstance(sources[0], bytes) else 'string'} {first + 1:,}: "
            if not self._patient:
                raise type(error)(f"{where * isinstance(error, VocabularyError)}{error}") from error
            typer.echo(visible_line(as_flags(str(error))), err=True)
            return ()


def _read(source: str | bytes, number: int) -> str:
    if isinstance(source, str):
        return source
    if number == 1:
        source = source.removeprefix(codecs.BOM_UTF8)  # as in a file of pairs
    try:
        return unescaped(source.decode("utf-8"), f"line {number:,} of standard input")
    except UnicodeDecodeError as damage:
        raise CorpusError(
            f"line {number:,} of standard input is not UTF-8 at byte {damage.start}; "
            f"convert it, for example with iconv"
        ) from None
