"""How ``charlm sample`` writes its texts: bare, with what is quoted underlined, or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from charlm.cli.streams import stdin_bytes
from charlm.cli.writing import TextWriter
from charlm.config import SampleConfig

if TYPE_CHECKING:
    from charlm.checkpoint import Checkpoint
    from charlm.cli.novelty import Novelty
    from charlm.cli.waiting import Progress
    from charlm.generation import Hypothesis
    from charlm.models.language_model import CharModel

__all__ = ["SampleWriter", "Searched", "Written", "searched", "with_novelty"]

SEPARATOR = "\n---\n"


class Written(Protocol):
    """A text that may still be under way: drawn, or found by a search."""

    @property
    def seed(self) -> int | None:
        """Of its random stream, if it has one."""

    @property
    def finish_reason(self) -> str | None:
        """Why it ended, once it has."""

    @property
    def logprobs(self) -> Sequence[float]:
        """Of each character ln p."""

    def stream(self) -> Iterator[str]:
        """Yield the text in pieces."""

    def read(self) -> str:
        """Return all of it."""


_Text = TypeVar("_Text", bound=Written)


@dataclass(frozen=True, slots=True)
class Searched:
    """A text that a beam search has found."""

    hypothesis: Hypothesis
    seed: None = None

    @property
    def finish_reason(self) -> str:
        """Why it ended."""
        return self.hypothesis.finish_reason

    @property
    def logprobs(self) -> Sequence[float]:
        """Of each character ln p."""
        return self.hypothesis.logprobs

    def stream(self) -> Iterator[str]:
        """Yield the text, which is there as a whole."""
        yield self.hypothesis.text

    def read(self) -> str:
        """Return the text."""
        return self.hypothesis.text


def searched(
    model: CharModel, config: SampleConfig, *, width: int, count: int, prompt: str, progress: Progress | None = None
) -> Generator[Searched, None, None]:
    """Search with a beam, and yield the best texts."""
    from charlm.generation import beam_search

    found = beam_search(
        model,
        width=width,
        count=count,
        prompt=prompt,
        length=config.length,
        stop=config.stop,
        on_unknown=config.on_unknown,
        progress=progress,
    )
    return (Searched(hypothesis) for hypothesis in found)


def with_novelty(
    samples: Iterable[_Text], checkpoint: Checkpoint[CharModel], corpus: str | None, *, wanted: bool, expected: int
) -> Iterator[tuple[_Text, Novelty | None]]:
    """Yield each sample with what of it stands in the training text, if wanted; `expected` as for `measured`."""
    if not wanted and corpus is None:
        return ((sample, None) for sample in samples)
    from charlm.cli.given_text import reading, show_remarks
    from charlm.cli.novelty import measured
    from charlm.training.preparation.learnt import learnt_text

    with reading("the training text", [] if corpus is None else [corpus]):
        text = learnt_text(checkpoint, corpus, stdin=stdin_bytes(), remedy="give the text with --novelty-corpus")
    show_remarks(text.remarks)
    return iter(measured(samples, text, expected=expected))


class SampleWriter:
    """Writes samples one after the other.

    Parameters
    ----------
    out : TextWriter
    prompt : str
    separator : str
        What stands between two texts.
    echo : bool
        Whether the prompt is written too.
    parameters : mapping, optional
        Settings to tell with each sample, as JSON; without them bare text is written.
    drawn : callable, optional
        Called with the characters of each piece that has been drawn.
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
        """Write the next sample as it is drawn."""
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
        from charlm.ui.novelty import QUOTED

        text, done = novelty.found.text, 0
        for start, end in novelty.found.runs(novelty.border):
            self._out.write(text[done:start])
            self._out.write_styled(text[start:end], QUOTED)
            done = end
        self._out.write(text[done:])
        self._novelties.append((f"sample {self._count}" if sample.seed is None else f"seed {sample.seed}", novelty))

    def remarks(self) -> list[str]:
        """Return what there is to say of the samples beside them."""
        from charlm.ui.novelty import novelty_line

        return [
            novelty_line(one.found, one.border, unseen=one.unseen, name=name if self._count > 1 else "")
            for name, one in self._novelties
        ]

    def _write_object(self, sample: Written, novelty: Novelty | None, parameters: Mapping[str, Any]) -> None:
        from charlm.ui.sanitize import json_text

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
