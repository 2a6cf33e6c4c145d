"""Sources that a model of pairs is applied to as they come, and its answers, a line each."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import typer

from charlm.cli.arguments.texts import named_model
from charlm.cli.terminal.streams import lines_at_once, stdout_console
from charlm.cli.writing.files import open_text
from charlm.errors import CheckpointError, CorpusError, VocabularyError
from charlm.generation import Transduction, transduce
from charlm.models.transducer import Transducer
from charlm.text.pairs import escaped, unescaped
from charlm.ui.attention import AttentionMap
from charlm.ui.flags import as_flags
from charlm.ui.page.attention import Attended, attention_to_page, attention_to_picture
from charlm.ui.sanitize import json_text, visible_line

__all__ = ["AnswerWriter", "Transducing", "model_path"]

AT_ONCE = 256  # sources
PICTURED = 100  # maps in a picture or on a page at most


def model_path(name: str | None) -> Path:
    """Return the checkpoint that MODEL names; left out, that of the newest run of a transducer.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    try:
        return named_model(name, names_own=True, kind="transducer")
    except CheckpointError as error:
        if name is None:
            raise
        raise CheckpointError(f"{error}; MODEL comes first, then each STRING") from error


class Transducing:
    """Applies a model to sources, many at once where many are there.

    Parameters
    ----------
    model : Transducer
    settings : mapping
        Arguments of `charlm.transduce`.
    patient : bool
        Whether a source that cannot be read is reported and passed over, as for a person who types.
    """

    def __init__(self, model: Transducer, settings: Mapping[str, Any], *, patient: bool) -> None:
        self._model, self._settings, self._patient = model, settings, patient
        transduce(model, (), **settings)  # a setting out of range is refused before anything is read

    def strings(self, sources: Sequence[str]) -> Iterator[Iterable[Transduction]]:
        """Yield what the model makes of strings, those together that are transduced together."""
        for first in range(0, len(sources), AT_ONCE):
            yield self._answers(sources[first : first + AT_ONCE], first)

    def lines(self, stream: BinaryIO | None) -> Iterator[Iterable[Transduction]]:
        """Yield what the model makes of the lines of standard input, in UTF-8, as soon as they are there."""
        first = 0
        for lines in [] if stream is None else lines_at_once(stream, AT_ONCE):
            yield self._answers(lines, first)
            first += len(lines)

    def _answers(self, sources: Sequence[str | bytes], first: int) -> Iterable[Transduction]:
        try:
            texts = [_read(source, first + k + 1) for k, source in enumerate(sources)]
            return transduce(self._model, texts, first=first, **self._settings)
        except (CorpusError, VocabularyError) as error:
            if len(sources) > 1:  # those before the one that is wrong are answered
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
        source = source.removeprefix(codecs.BOM_UTF8)  # as from a file of pairs
    try:
        return unescaped(source.decode("utf-8"), f"line {number:,} of standard input")
    except UnicodeDecodeError as damage:
        raise CorpusError(
            f"line {number:,} of standard input is not UTF-8 at byte {damage.start}; "
            f"convert it, for example with iconv"
        ) from None


class AnswerWriter:
    """Writes answers as lines, with their attention where it is asked for.

    Parameters
    ----------
    stream : TextIO
        Standard output.
    seed : int, optional
        Seed of the random draws.
    as_json, raw, no_color, attention : bool
        As the flags of ``charlm transduce``.
    pictures : bool
        Whether maps are kept for `write_pictures`.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        seed: int | None,
        as_json: bool,
        raw: bool,
        no_color: bool,
        attention: bool,
        pictures: bool,
    ) -> None:
        self._stream, self._seed, self._as_json, self._raw = stream, seed, as_json, raw
        self._attention = attention
        self._screen = stdout_console(no_color) if attention and not as_json else None
        self._pictures = pictures
        self._maps: list[Attended] = []
        self._count = self._cut = 0

    def write(self, answers: Iterable[Transduction]) -> None:
        """Write some answers; when this returns, they are out."""
        for one in answers:
            self._count += 1
            self._cut += one.finish_reason == "length"
            if self._as_json:
                self._stream.write(json_text(self._values(one)) + "\n")
            else:
                line = escaped(one.text)
                self._stream.write((line if self._raw else visible_line(line)) + "\n")
            if self._screen is not None and one.attention is not None:
                self._screen.print(AttentionMap(one.source_symbols, one.symbols, one.attention))
            if self._pictures and one.attention is not None and len(self._maps) < PICTURED:
                self._maps.append(Attended(one.source, one.text, one.source_symbols, one.symbols, one.attention))
        self._stream.flush()

    def _values(self, one: Transduction) -> dict[str, Any]:
        values: dict[str, Any] = {
            "source": one.source,
            "text": one.text,
            "score": one.score,
            "symbols": one.symbols,
            "logprobs": one.logprobs,
            "finish_reason": one.finish_reason,
        }
        if self._seed is not None:
            values["seed"] = self._seed
        if one.labels:
            values["probabilities"] = one.probabilities
        if self._attention and one.attention is not None:
            values["source_symbols"] = one.source_symbols
            values["attention"] = one.attention.tolist()
        return values

    def write_pictures(self, svg: Path | None, html: Path | None, *, title: str) -> None:
        """Write the maps of the first sources to files."""
        for path, draw in ((svg, attention_to_picture), (html, attention_to_page)):
            if path is not None:
                with open_text(path) as file:
                    file.write(draw(self._maps, title=title))

    def tell(self, length: int) -> None:
        """Say on standard error what a user may not expect."""
        if self._cut:
            outputs = "output" if self._cut == 1 else "outputs"
            typer.echo(f"{self._cut:,} {outputs} had no end at --length {length}", err=True)
        if self._pictures and self._count > PICTURED:
            typer.echo(f"--svg and --html show the first {PICTURED} of {self._count:,} sources", err=True)
