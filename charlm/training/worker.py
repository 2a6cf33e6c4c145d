"""A worker process: one rank above 0, told on standard input what it works on."""

from __future__ import annotations

import json
import mmap
import signal
import sys

from charlm.child import end_with_parent
from charlm.config import ModelConfig, TrainConfig, from_mapping
from charlm.model import CharModel
from charlm.text.vocabulary import Vocabulary
from charlm.training.communicator import PeerGoneError, PipeRank
from charlm.training.rank import Rank, carve, layout, make_optimizer, size_of

__all__ = ["main"]


def main() -> None:
    """Work until rank 0 leaves, and not a moment longer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):  # rank 0 has ended already
        return
    job = json.loads(line)
    end_with_parent()
    config = from_mapping(TrainConfig, job["train"])
    vocabulary = Vocabulary.from_json(job["vocabulary"])
    model = CharModel.bare(from_mapping(ModelConfig, job["model"]), vocabulary)
    optimizer = make_optimizer(model.params, config)
    needed = layout(model, config, optimizer)
    arrays = carve(mmap.mmap(job["memory"], size_of(needed)), needed)
    model.move_(arrays["value"])
    me = PipeRank(job["rank"], job["size"], job["readers"], job["writers"])
    rank = Rank(model, optimizer, config, arrays, me)
    try:
        while True:
            rank.work()
    except PeerGoneError:
        return
