"""The samples of ``charlm sample``: random ones, or the best of a beam search."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from charlm import generation
from charlm.cli.sampling.checks import USED_BY_BEAM, refuse_drawing
from charlm.cli.terminal.waiting import Progress, waiting
from charlm.config import SampleConfig
from charlm.config.checks import check_number

if TYPE_CHECKING:
    from charlm.models.predictor import Predictor

__all__ = ["Sampling", "Searched", "Written"]


class Written(Protocol):
    """A sample that may be incomplete: a random one, or one found by a beam search."""

    @property
    def seed(self) -> int | None:
        """Seed of its random generator, if it has one."""

    @property
    def finish_reason(self) -> str | None:
        """Reason why it ended, once it has."""

    @property
    def logprobs(self) -> Sequence[float]:
        """Log-probability of each character, in nats."""

    def stream(self) -> Iterator[str]:
        """Yield the text in pieces."""

    def read(self) -> str:
        """Return all of it."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A text found by a beam search."""

    hypothesis: generation.Hypothesis
    seed: None = None

    @property
    def finish_reason(self) -> str:
        """Reason why it ended."""
        return self.hypothesis.finish_reason

    @property
    def logprobs(self) -> Sequence[float]:
        """Log-probability of each character, in nats."""
        return self.hypothesis.logprobs

    def stream(self) -> Iterator[str]:
        """Yield the text, which is complete."""
        yield self.hypothesis.text

    def read(self) -> str:
        """Return the text."""
        return self.hypothesis.text


class Sampling:
    """Samples by the flags of ``charlm sample``.

    Parameters
    ----------
    asked : SampleConfig
        Given settings.
    config : SampleConfig
        The same, with the lists of words that a pattern names.
    seed : int, optional
        Of the first sample; each next one has one more. None for a random seed, which is reported.
    count : int
        Number of samples.
    beam : int, optional
        Width of a beam search, in place of random samples.
    workers : int, optional
        Processes that sample; None for a number that fits the lengths.

    Raises
    ------
    UsageError
        For a setting out of range, or one that a search does not use.
    """

    def __init__(
        self,
        asked: SampleConfig,
        config: SampleConfig,
        *,
        seed: int | None,
        count: int,
        beam: int | None,
        workers: int | None,
    ) -> None:
        check_number("seed", seed, whole=True)
        check_number("count", count, low=1, whole=True)
        if beam is not None:
            refuse_drawing(config)
        self.asked, self.config, self.count, self.beam = asked, config, count, beam
        self.reported_seed = secrets.randbelow(2**32) if seed is None and beam is None else None
        self._seed = seed or self.reported_seed or 0
        self._workers = workers

    @property
    def length(self) -> int:
        """Characters of all samples together, if none ends early."""
        return self.count * self.config.length

    def parameters(self) -> dict[str, Any]:
        """Return the settings of the samples."""
        settings = asdict(self.asked)
        if self.beam is None:
            return settings
        return {"beam": self.beam, **{name: settings[name] for name in USED_BY_BEAM}}

    def begin(self, model: Predictor, *, prompt: str, logprobs: bool) -> Generator[Written, None, None]:
        """Read a prompt, and return the samples, each generated when it is read."""
        if self.beam is not None:
            with waiting("searching") as progress:
                return self._searched(model, self.beam, prompt=prompt, progress=progress)
        with waiting("reading the prompt"):
            return generation.sample_many(
                model,
                self.config,
                seeds=range(self._seed, self._seed + self.count),
                prompt=prompt,
                logprobs=logprobs,
                workers=self._suitable_workers(model) if self._workers is None else self._workers,
            )

    def _searched(
        self, model: Predictor, width: int, *, prompt: str, progress: Progress
    ) -> Generator[Searched, None, None]:
        found = generation.beam_search(
            model,
            width=width,
            count=self.count,
            prompt=prompt,
            length=self.config.length,
            stop=self.config.stop,
            on_unknown=self.config.on_unknown,
            progress=progress,
        )
        return (Searched(hypothesis) for hypothesis in found)

    def _suitable_workers(self, model: Predictor) -> int:
        if self.count == 1:  # the most frequent case, which must not wait for imports
            return 1
        from charlm.blas import available_cores

        return generation.suitable_workers(model, self.config, count=self.count, cores=available_cores())
