"""A process that samples batches of texts for another: the messages in both directions.

Each is a line of JSON, but for the weights, which follow their line as bytes. The first line describes the model,
the second the settings that all texts share, and each later one asks for a batch. Every text of a batch comes back
as a line. The process ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Sequence
from typing import IO, Any

import numpy as np

from charlm.config import ModelConfig, SampleConfig, from_mapping
from charlm.errors import DivergedError
from charlm.generation import constraint
from charlm.generation.batch_sampler import BatchSampler, Sample, SamplingJob
from charlm.generation.position import Position
from charlm.models.language_model import CharModel
from charlm.nn.stack import map_state
from charlm.text.vocabulary import Vocabulary

__all__ = ["main", "received_sample", "send_batch", "send_job", "send_model"]


def send_model(stream: IO[bytes], model: CharModel) -> None:
    """Send the model with its current weights."""
    _send(stream, {"model": dataclasses.asdict(model.config), "vocabulary": model.vocabulary.to_json()})
    stream.write(model.params.value.data.cast("B"))
    stream.flush()


def _received_model(stream: IO[bytes]) -> CharModel:
    message = json.loads(stream.readline())
    config = from_mapping(ModelConfig, message["model"])
    model = CharModel.with_zero_weights(config, Vocabulary.from_json(message["vocabulary"]))
    model.params.value[:] = np.frombuffer(stream.read(model.params.value.nbytes), model.params.dtype)
    return model


def send_job(stream: IO[bytes], job: SamplingJob) -> None:
    """Send the settings that all texts share."""
    state = [[array.tolist() for array in layer] for layer in job.start.state]  # JSON keeps every bit of a float
    _send(
        stream,
        {
            "config": dataclasses.asdict(job.config),
            "state": state,
            "last": job.start.last,
            "recent": job.start.recent.hex(),
            "logprobs": job.logprobs,
        },
    )


def _received_job(message: dict[str, Any], model: CharModel) -> SamplingJob:
    parts = iter(part for layer in message["state"] for part in layer)
    state = map_state(lambda a: np.array(next(parts), a.dtype), model.zero_state(1))
    config = from_mapping(SampleConfig, message["config"])
    start = Position(state, message["last"], bytes.fromhex(message["recent"]))
    return SamplingJob(config, start, message["logprobs"])


def send_batch(stream: IO[bytes], seeds: Sequence[int]) -> None:
    """Ask for a batch of texts."""
    _send(stream, {"seeds": list(seeds)})


def received_sample(stream: IO[bytes], seed: int) -> Sample | None:
    """Return the next text of the batches asked for; None if the process has ended."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    message = json.loads(line)
    sample = Sample(seed, message["logprobs"], advance=lambda: None)  # it is all there
    sample.grow(message["text"], message["finish_reason"], lost=message["lost"])
    return sample


def _send_sample(stream: IO[bytes], sample: Sample) -> None:
    text = ""
    with contextlib.suppress(DivergedError):  # what was drawn before is good
        for piece in sample.stream():
            text += piece
    _send(
        stream,
        {
            "text": text,
            "finish_reason": sample.finish_reason,
            "logprobs": sample.logprobs,
            "lost": sample.lost,
        },
    )


def _send(stream: IO[bytes], message: dict[str, Any]) -> None:
    stream.write(json.dumps(message).encode("ascii") + b"\n")
    stream.flush()


def _listen(stream: IO[bytes], messages: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in stream:
        messages.put(json.loads(line))
    os._exit(0)  # nobody wants the rest, not even of a text half drawn


def main() -> None:
    """Sample batches until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    model = _received_model(sys.stdin.buffer)
    messages: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, messages), daemon=True).start()
    stdout = open(sys.stdout.fileno(), "wb", closefd=False)  # noqa: SIM115  (buffered under ``python -u``, too)
    job = _received_job(messages.get(), model)
    dfa = constraint.constraint_for(job.config, model.vocabulary) if job.config.constrained else None
    sampler = BatchSampler(model, job, dfa)
    while True:
        for sample in sampler.begin(messages.get()["seeds"]):
            _send_sample(stdout, sample)
