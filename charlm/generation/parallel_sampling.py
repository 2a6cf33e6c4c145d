"""`sample_many`: many continuations of one prompt, in batches, on one or several processes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from charlm.child import send, start_child
from charlm.config import SampleConfig
from charlm.errors import CharlmError, UsageError
from charlm.generation.batch_sampler import BatchSampler, Sample, SamplingJob, batch_width
from charlm.generation.parallel_worker import job_message, model_message, receive_sample
from charlm.generation.position import read_prompt
from charlm.models.counts import Counts
from charlm.models.mixture import Mixture
from charlm.models.predictor import Predictor

__all__ = ["sample_many", "suitable_workers"]

WORTH_A_PROCESS = 200_000  # characters: half a second for a small model, the time that a process takes to start


def sample_many(
    model: Predictor,
    config: SampleConfig | None = None,
    *,
    seeds: Sequence[int],
    prompt: str = "",
    logprobs: bool = False,
    workers: int = 1,
) -> Generator[Sample, None, None]:
    """Continue a prompt many times, several texts at each step.

    A text depends on the model, the configuration, the prompt and its own seed, and neither on the other seeds nor
    on the number of workers, as long as BLAS has one thread. Its probabilities and those of `Sampler` usually
    differ in their last bits, so the two may sample different texts.

    Parameters
    ----------
    model : Predictor
        Its weights as they are now; later changes are not seen.
    config : SampleConfig, optional
    seeds : sequence of int
        One for each text, at least 0.
    prompt : str
        Not part of the texts.
    logprobs : bool
        Whether each text records the log-probabilities of its characters.
    workers : int
        Processes that sample, this one included. More than one pay for large jobs; see `suitable_workers`.

    Returns
    -------
    generator of Sample
        In the order of the seeds. This process samples a text while it is read. Close the generator to end the
        other processes early.

    Raises
    ------
    UsageError
        For a setting out of range.
    VocabularyError
        For a prompt character outside the vocabulary.
    CharlmError
        While iterating, if another process has been killed.
    """
    if workers < 1:
        raise UsageError(f"`workers` is {workers}; it must be at least 1")
    if any(seed < 0 for seed in seeds):
        raise UsageError(f"`seed` is {min(seeds)}; it must be at least 0")
    config = config or SampleConfig()
    job = SamplingJob(config, read_prompt(model, prompt, config), logprobs)
    sampler = BatchSampler(model, job)
    batches = [seeds[k : k + sampler.width] for k in range(0, len(seeds), sampler.width)]
    workers = min(workers, len(batches))
    message = model_message(model) if workers > 1 else None
    if message is None:  # a model of a strange kind stays in this process
        return _samples(sampler, batches, [], 1)
    return _samples(sampler, batches, [message, job_message(job)], workers)


def suitable_workers(model: Predictor, config: SampleConfig, *, count: int, cores: int) -> int:
    """Return the number of processes to sample `count` texts: one for a small job."""
    batches = -(-count // batch_width(model.hidden_size))
    worthwhile = count * config.length >= WORTH_A_PROCESS + _counted(model)
    return min(cores, batches) if worthwhile else 1


def _counted(model: Predictor) -> int:
    """Return the number of symbols that each process counts before it samples."""
    if isinstance(model, Mixture):
        return sum(map(_counted, model.members))
    return model.tensors()["ids"].size if isinstance(model, Counts) else 0


def _samples(
    sampler: BatchSampler, batches: Sequence[Sequence[int]], shared: Sequence[Mapping[str, Any]], workers: int
) -> Generator[Sample, None, None]:
    """Yield every text; batch k is sampled by process k mod `workers`, of which the first is this one."""
    with contextlib.ExitStack() as stack:
        outputs: list[IO[bytes] | None] = [None]
        for rank in range(1, workers):
            requests = [*shared, *({"seeds": list(batch)} for batch in batches[rank::workers])]
            outputs.append(stack.enter_context(_worker(requests)))
        for k, batch in enumerate(batches):
            output = outputs[k % workers]
            yield from sampler.begin(batch) if output is None else _received(output, batch)


@contextlib.contextmanager
def _worker(requests: Iterable[Mapping[str, Any]]) -> Iterator[IO[bytes]]:
    """Start a process that samples batches and give its output; end it on exit, even in the middle of its work."""
    child = start_child("charlm.generation.parallel_worker")
    assert child.stdout is not None  # noqa: S101  it is a pipe
    # a thread sends: a process that is starting does not read yet
    sender = threading.Thread(target=_send_all, args=(child.stdin, requests), daemon=True)
    sender.start()
    try:
        yield child.stdout
    finally:
        child.kill()  # it holds nothing that could be lost
        sender.join()
        with contextlib.suppress(OSError), child:  # closes the pipes
            pass


def _send_all(stream: IO[bytes], requests: Iterable[Mapping[str, Any]]) -> None:
    with contextlib.suppress(OSError):  # an ended process is detected when its texts are received
        for request in requests:
            send(stream, request)


def _received(stream: IO[bytes], seeds: Sequence[int]) -> Iterator[Sample]:
    for seed in seeds:
        sample = receive_sample(stream, seed)
        if sample is None:
            raise CharlmError("a process that wrote samples has ended; try again, or with `workers=1`")
        yield sample
