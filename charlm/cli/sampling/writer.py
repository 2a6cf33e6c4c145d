"""Output of ``charlm sample``: bare text, with quotations underlined, or JSON."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from charlm import ui
from charlm.cli.sampling.novelty import with_novelty
from charlm.cli.sampling.samples import Sampling, Searched, Written
from charlm.cli.terminal.hidden_keys import HiddenKeys
from charlm.cli.terminal.streams import is_file, print_lines, stderr_console, word_wrapping
from charlm.cli.terminal.waiting import adding, waiting
from charlm.cli.writing.files import open_text
from charlm.cli.writing.text_writer import TextWriter
from charlm.ui.sanitize import json_text, visible

if TYPE_CHECKING:
    from charlm.analysis import Novelty
    from charlm.checkpoint import Checkpoint
    from charlm.models.predictor import Predictor
    from charlm.text.vocabulary import Vocabulary

__all__ = ["SampleWriter", "write_samples"]

SEPARATOR = "\n---\n"


def write_samples(
    sampling: Sampling,
    checkpoint: Checkpoint[Predictor],
    samples: Generator[Written, None, None],
    *,
    prompt: str,
    echo: bool,
    output: Path | None,
    as_json: bool,
    raw: bool,
    novelty: bool,
    novelty_corpus: str | None,
    mixture: Mapping[str, Any],
) -> None:
    """Write samples to a file or standard output, and remarks on them to standard error.

    Parameters
    ----------
    sampling : Sampling
    checkpoint : Checkpoint
        Of their model.
    samples : generator of Written
        Closed at the end.
    prompt : str
    echo : bool
        Whether the prompt is written too.
    output : Path, optional
        None for standard output.
    as_json, raw, novelty, novelty_corpus
        As the command's flags.
    mixture : mapping
        Flags that mix the model with others, for JSON.
    """
    novelty = novelty or novelty_corpus is not None
    written: Iterable[tuple[Written, Novelty | None]] = ((sample, None) for sample in samples)
    if novelty:
        written = with_novelty(samples, checkpoint, novelty_corpus, expected=sampling.length)
    with (
        open_text(output) as stream,
        HiddenKeys(stream, by_lines=True),
        TextWriter(
            stream, clean=str if raw else visible, wrapping=None if as_json else word_wrapping(stream)
        ) as out,
        contextlib.closing(samples),
    ):
        if sampling.reported_seed is not None:
            typer.echo(f"seed {sampling.reported_seed}", err=True)
        lines = _holds_lines(checkpoint.model.vocabulary) and not as_json
        unseen = (output is not None or is_file(stream)) and not novelty
        with waiting("writing") if unseen else contextlib.nullcontext() as progress:
            writer = SampleWriter(
                out,
                prompt=prompt,
                echo=echo,
                separator="\n" if lines else SEPARATOR,
                parameters={**sampling.parameters(), **mixture} if as_json else None,
                drawn=None if progress is None else adding(progress, sampling.length),
            )
            for one, found in written:
                writer.write(one, found)
        if lines and not stream.isatty():  # on a terminal the writer ends the row
            out.write("\n")
    if remarks := writer.remarks():
        print_lines(stderr_console(), *remarks)


def _holds_lines(vocabulary: Vocabulary) -> bool:
    """Return whether a sample of this vocabulary is a document of one line."""
    feeds = ("\n", "\r\n", ord("\n"))
    return vocabulary.stop_id is not None and not any(symbol in feeds for symbol in vocabulary.symbols)


class SampleWriter:
    """A writer of samples, one after the other.

    Parameters
    ----------
    out : TextWriter
    prompt : str
    separator : str
        Written between two samples.
    echo : bool
        Whether the prompt is written too.
    parameters : mapping, optional
        Settings to write with each sample, as JSON; without them bare text is written.
    drawn : callable, optional
        Takes the number of characters of each piece.
    """

    def __init__(
        self,
        out: TextWriter,
        *,
        prompt: str,
        echo: bool,
        separator: str = SEPARATOR,
        parameters: Mapping[str, Any] | None = None,
        drawn: Callable[[int], None] | None = None,
    ) -> None:
        self._separator = separator
        self._out, self._prompt, self._echo, self._parameters = out, prompt, echo, parameters
        self._drawn = drawn
        self._count = 0
        self._novelties: list[tuple[str, Novelty]] = []

    def write(self, sample: Written, novelty: Novelty | None = None) -> None:
        """Write the next sample while it is generated."""
        self._count += 1
        if self._parameters is not None:
            self._write_object(sample, novelty, self._parameters)
            return
        if self._count > 1:
            self._out.write(self._separator)
        if self._echo:
            self._out.write(self._prompt)
        if novelty is None:
            for piece in self._pieces(sample):
                self._out.write(piece)
        else:
            self._write_quoting(sample, novelty)

    def _pieces(self, sample: Written) -> Iterator[str]:
        for piece in sample.stream():
            if self._drawn is not None:
                self._drawn(len(piece))
            yield piece

    def _write_quoting(self, sample: Written, novelty: Novelty) -> None:
        text, done = novelty.found.text, 0
        for start, end in novelty.found.runs(novelty.border):
            self._out.write(text[done:start])
            self._out.write_styled(text[start:end], ui.QUOTED)
            done = end
        self._out.write(text[done:])
        self._novelties.append((f"sample {self._count}" if sample.seed is None else f"seed {sample.seed}", novelty))

    def remarks(self) -> list[str]:
        """Return a line about the novelty of each sample."""
        return [ui.novelty_line(one, name=name if self._count > 1 else "") for name, one in self._novelties]

    def _write_object(self, sample: Written, novelty: Novelty | None, parameters: Mapping[str, Any]) -> None:
        text = "".join(self._pieces(sample)) if novelty is None else novelty.found.text
        fields: dict[str, Any] = {
            "text": text,
            "prompt": self._prompt,
            "seed": sample.seed,
            "parameters": parameters,
            "finish_reason": sample.finish_reason,
            "logprobs": sample.logprobs,
        }
        if isinstance(sample, Searched):
            fields["score"] = sample.hypothesis.score
        if novelty is not None:
            fields["novelty"] = novelty.to_json()
        self._out.write(json_text(fields) + "\n")
