"""`sample_many`: many continuations of one prompt, written side by side."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Sequence
from types import TracebackType
from typing import IO, TYPE_CHECKING

from charlm.child import start_child
from charlm.config import SampleConfig
from charlm.errors import CharlmError, UsageError
from charlm.generation import constraint
from charlm.generation import parallel_worker as worker
from charlm.generation.batch_sampler import BatchSampler, Sample, SamplingJob, batch_width
from charlm.generation.position import read_prompt
from charlm.models.language_model import CharModel

if TYPE_CHECKING:
    from charlm.generation.constraint import LazyDFA

__all__ = ["sample_many", "suitable_workers"]

AHEAD = 2  # batches that a process may be asked for before the first of them is fetched
WORTH_A_PROCESS = 200_000  # characters: half a second for a small model, which is what a process takes to start


def sample_many(
    model: CharModel,
    config: SampleConfig | None = None,
    *,
    seeds: Sequence[int],
    prompt: str = "",
    logprobs: bool = False,
    workers: int = 1,
) -> Generator[Sample, None, None]:
    """Let a model continue a prompt many times, several texts at each step.

    A text depends on the model, the configuration, the prompt and its own seed, and neither on the other seeds nor
    on the number of workers, as long as BLAS has one thread. It is another than `Sampler` draws, as a rule in the
    last bits of probabilities only.

    Parameters
    ----------
    model : CharModel
        Its weights as they are when the first text is asked for.
    config : SampleConfig, optional
    seeds : sequence of int
        One for each text, at least 0.
    prompt : str
        Read first; not part of the texts.
    logprobs : bool
        Whether each text notes the log-probabilities of its characters.
    workers : int
        Processes that write, this one among them. More than one pay for large jobs; see `suitable_workers`.

    Returns
    -------
    generator of Sample
        In the order of the seeds. This process draws a text while it is read. Close it to end the others
        early.

    Raises
    ------
    UsageError
        For a setting out of range.
    VocabularyError
        For a prompt character that the model does not know.
    CharlmError
        While iterating, if another process has ended, killed from outside for example.
    """
    if workers < 1:
        raise UsageError(f"`workers` is {workers}; it must be at least 1")
    if any(seed < 0 for seed in seeds):
        raise UsageError(f"`seed` is {min(seeds)}; it must be at least 0")
    config = config or SampleConfig()
    job = SamplingJob(config, read_prompt(model, prompt, config), logprobs)
    dfa = constraint.constraint_for(config, model.vocabulary) if config.constrained else None
    return _samples(model, job, dfa, seeds, workers)


def suitable_workers(model: CharModel, config: SampleConfig, *, count: int, cores: int) -> int:
    """Return how many processes should write `count` texts: one, unless there is enough to do."""
    batches = -(-count // batch_width(model.config.hidden_size))
    return min(cores, batches) if count * config.length >= WORTH_A_PROCESS else 1


def _samples(
    model: CharModel, job: SamplingJob, dfa: LazyDFA | None, seeds: Sequence[int], workers: int
) -> Generator[Sample, None, None]:
    """Yield every text; batch k is sampled by process k mod `workers`, of which the first is this one."""
    sampler = BatchSampler(model, job, dfa)
    batches = [seeds[k : k + sampler.width] for k in range(0, len(seeds), sampler.width)]
    workers = min(workers, len(batches))
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(_Worker(model, job, batches[rank::workers])) for rank in range(1, workers)]
        for k, batch in enumerate(batches):
            rank = k % workers
            yield from others[rank - 1].batch() if rank else sampler.begin(batch)


class _Worker:
    """A process that samples batches. A context manager: leaving it ends the process, whatever it is about.

    Parameters
    ----------
    model : CharModel
    job : SamplingJob
    batches : sequence of sequence of int
        The seeds of each batch that it is to sample.
    """

    def __init__(self, model: CharModel, job: SamplingJob, batches: Sequence[Sequence[int]]) -> None:
        self._unasked, self._asked = iter(batches), iter(batches)
        self._child = start_child("charlm.generation.parallel_worker")
        assert self._child.stdin is not None  # noqa: S101  it is a pipe
        assert self._child.stdout is not None  # noqa: S101
        self._inbox = self._child.stdout
        # a process that starts does not read yet, and this one has better things to do than to wait for it
        self._outbox: queue.SimpleQueue[Callable[[IO[bytes]], None] | None] = queue.SimpleQueue()
        self._sender = threading.Thread(target=self._send, args=(self._child.stdin,), daemon=True)
        self._sender.start()
        self._outbox.put(lambda stream: worker.send_model(stream, model))
        self._outbox.put(lambda stream: worker.send_job(stream, job))
        for _ in range(AHEAD):
            self._ask()

    def _send(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError), stream:  # one that has ended is missed when its texts are fetched
            while (message := self._outbox.get()) is not None:
                message(stream)

    def _ask(self) -> None:
        seeds = next(self._unasked, None)
        if seeds is not None:
            self._outbox.put(lambda stream: worker.send_batch(stream, seeds))

    def batch(self) -> Generator[Sample, None, None]:
        """Yield the texts of the next batch."""
        self._ask()
        for seed in next(self._asked):
            sample = worker.received_sample(self._inbox, seed)
            if sample is None:
                raise CharlmError("a process that wrote samples has ended; try again, or with `workers=1`")
            yield sample

    def __enter__(self) -> _Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.kill()  # it keeps nothing that could be lost
        self._child.wait()
        self._outbox.put(None)
        self._sender.join()
        self._inbox.close()
