"""A process that samples batches of texts for another: the messages in both directions.

The first message holds the model, the second the settings that all texts share, and each later one asks for a
batch. Every text of a batch comes back as a message. The process ends when its standard input does.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import signal
import sys
from collections.abc import Mapping
from typing import IO, Any, cast

import numpy as np

from charlm.child import messages, receive, send
from charlm.config import SampleConfig, from_mapping
from charlm.errors import DivergedError
from charlm.generation.batch_sampler import BatchSampler, Sample, SamplingJob
from charlm.generation.position import Position
from charlm.models.language_model import CharModel
from charlm.models.learner import from_json, to_json
from charlm.nn.stack import map_state

__all__ = ["job_message", "main", "model_message", "receive_sample"]


def model_message(model: CharModel) -> dict[str, Any]:
    """Return the message that holds a model with its current weights."""
    return to_json(model) | {"weights": base64.b64encode(model.params.value.data).decode("ascii")}


def _model(message: Mapping[str, Any]) -> CharModel:
    model = cast("CharModel", from_json(message))
    model.params.value[:] = np.frombuffer(base64.b64decode(message["weights"]), model.params.dtype)
    return model


def job_message(job: SamplingJob) -> dict[str, Any]:
    """Return the message that holds the settings that all texts share."""
    return {
        "config": dataclasses.asdict(job.config),
        "state": [[array.tolist() for array in layer] for layer in job.start.state],  # JSON keeps every bit
        "last": job.start.last,
        "recent": job.start.recent.hex(),
        "logprobs": job.logprobs,
    }


def _job(message: Mapping[str, Any], model: CharModel) -> SamplingJob:
    parts = iter(part for layer in message["state"] for part in layer)
    state = map_state(lambda a: np.array(next(parts), a.dtype), model.zero_state(1))
    start = Position(state, message["last"], bytes.fromhex(message["recent"]))
    return SamplingJob(from_mapping(SampleConfig, message["config"]), start, message["logprobs"])


def _sample_message(sample: Sample) -> dict[str, Any]:
    text = ""
    with contextlib.suppress(DivergedError):  # what was sampled before is good
        for piece in sample.stream():
            text += piece
    return {
        "text": text,
        "finish_reason": sample.finish_reason,
        "logprobs": sample.logprobs,
        "lost": sample.lost,
    }


def receive_sample(stream: IO[bytes] | None, seed: int) -> Sample | None:
    """Return the next text of the batches asked for; None if the process has ended."""
    message = receive(stream)
    if message is None:
        return None
    sample = Sample(seed, message["logprobs"], advance=lambda: None)  # it is complete
    sample.grow(message["text"], message["finish_reason"], lost=message["lost"])
    return sample


def main() -> None:
    """Sample batches until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stdout = open(sys.stdout.fileno(), "wb", closefd=False)  # noqa: SIM115  (buffered under ``python -u``, too)
    received = messages()
    model = _model(next(received))
    job = _job(next(received), model)
    sampler = BatchSampler(model, job)
    for message in received:
        for sample in sampler.begin(message["seeds"]):
            send(stdout, _sample_message(sample))
