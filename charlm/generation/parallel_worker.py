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
from numpy.typing import NDArray

from charlm.child import messages, receive, send
from charlm.config import SampleConfig, from_mapping
from charlm.errors import DivergedError
from charlm.generation.batch_sampler import BatchSampler, Sample, SamplingJob
from charlm.generation.position import Position
from charlm.models.counts import Counts
from charlm.models.language_model import CharModel
from charlm.models.learner import from_json, to_json
from charlm.models.mixture import Mixture
from charlm.models.predictor import Predictor
from charlm.nn.stack import map_state
from charlm.text.vocabulary import Vocabulary

__all__ = ["job_message", "main", "model_message", "receive_sample"]


def model_message(model: Predictor) -> dict[str, Any] | None:
    """Return the message that holds a model with its current weights; None for a model of another kind."""
    if isinstance(model, CharModel):
        return to_json(model) | {"weights": _packed(model.params.value)}
    if isinstance(model, Counts):
        ids = model.tensors()["ids"]
        vocabulary = model.vocabulary.to_json()
        return {"ids": _packed(ids), "type": ids.dtype.str, "vocabulary": vocabulary, **model.describe()}
    members = [model_message(member) for member in model.members] if isinstance(model, Mixture) else [None]
    return None if None in members else {"members": members, "shares": list(cast("Mixture", model).weights)}


def _packed(array: NDArray[Any]) -> str:
    return base64.b64encode(array.data).decode("ascii")


def _unpacked(data: str, dtype: Any) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(data), dtype)


def _model(message: Mapping[str, Any]) -> Predictor:
    if "members" in message:
        return Mixture([*map(_model, message["members"])], message["shares"])
    if "ids" in message:
        vocabulary, ids = Vocabulary.from_json(message["vocabulary"]), _unpacked(message["ids"], message["type"])
        return Counts(vocabulary, ids, order=message["order"])
    model = cast("CharModel", from_json(message))
    model.params.value[:] = _unpacked(message["weights"], model.params.dtype)
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


def _job(message: Mapping[str, Any], model: Predictor) -> SamplingJob:
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
