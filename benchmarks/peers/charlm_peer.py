"""charlm's side: its own training machinery, sampler and commands, as its users get them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count, islice
from pathlib import Path
from typing import Any

from protocol import Job, answer_training, median_prepared_s, median_s, missing, read_job, reply, resident_mib

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: as the command line does

try:
    import numpy as np

    import charlm
    from charlm.blas import available_cores, blas_name, one_blas_thread
    from charlm.checkpoint import save
    from charlm.cli.entry import run as command_line
    from charlm.generation import Sampler, sample_many, suitable_workers
    from charlm.text.batches import text_batch, text_shapes
    from charlm.training.parallel.team import Team
    from charlm.training.plan import default_shards
except ImportError as error:
    missing(error)

DRAWS = 100
SAMPLE_LENGTH = 4000  # characters of each of many texts
MANY = 10**6  # texts: more than are ever asked for
RUN_LENGTH, RUN_STEPS = 200_000, 20  # of a whole run, after which its memory no longer grows
CODE_POINT = 0x4E00  # of a run's first symbol
STARTS = 3  # of a command, at least
ENOUGH = 0.99  # of the length: a pattern may be matched a character or two before it


def make_model(job: Job) -> charlm.CharModel:
    """Return the model on V symbols."""
    settings: dict[str, Any] = {"cell": job.cell, "hidden_size": job.hidden, "layers": job.layers}
    config = charlm.ModelConfig(**settings, embedding_size=job.embedding, dropout=job.dropout)
    vocabulary = charlm.Vocabulary.from_text("".join(map(chr, range(32, 32 + job.vocab))))
    return charlm.CharModel(config, vocabulary)


def train(job: Job) -> None:
    """Measure an update: forward, backward, norm clipped to 5, Adagrad; on all cores."""
    shards = default_shards(job.streams, available_cores())
    workers = min(available_cores(), shards)
    config = charlm.TrainConfig(
        batch_size=job.streams, seq_length=job.length, clip_norm=5.0, shards=shards, workers=workers
    )
    inputs, targets = np.random.default_rng(0).integers(job.vocab, size=(2, job.length, job.streams))
    batch = text_batch(inputs, targets)
    with one_blas_thread(), Team(make_model(job), config, text_shapes(*inputs.shape)) as team:
        seconds = median_s(lambda: team.update(batch, lr=0.05), job.seconds)
    answer_training(job, seconds, resident_mib=resident_mib(workers - 1), shards=shards, workers=workers)


def run(job: Job) -> None:
    """Do what `charlm train` does in this process: update, validate, write samples, save."""
    ids = np.random.default_rng(0).integers(job.vocab, size=RUN_LENGTH)
    text = "".join(chr(CODE_POINT + k) for k in (*range(job.vocab), *ids))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        path.write_text(text, encoding="utf-8")
        shape = {
            "model": job.cell,
            "hidden-size": job.hidden,
            "layers": job.layers,
            "embedding-size": job.embedding,
        }
        size = {"batch-size": job.streams, "seq-length": job.length, "dropout": job.dropout}
        settings = shape | size | {"steps": RUN_STEPS, "eval-every": RUN_STEPS // 2, "out": Path(folder) / "run"}
        flags = [f"--{name}={value}" for name, value in settings.items()]
        begin = time.perf_counter()
        code = command_line(["train", str(path), "--quiet", *flags])
        seconds = time.perf_counter() - begin
    if code:
        raise RuntimeError(f"charlm train ended with {code}")
    reply(seconds=seconds, resident_mib=resident_mib(min(available_cores(), job.streams) - 1))


def sample(job: Job) -> None:
    """Measure drawing at the default temperature, 0.8."""
    if job.streams > 1:
        sample_texts(job)
        return
    with one_blas_thread():
        sampler = Sampler(make_model(job), rng=np.random.default_rng(0), cores=available_cores())

        def draw_some() -> None:
            for _ in range(DRAWS):
                sampler.draw()

        seconds = median_s(draw_some, job.seconds) / DRAWS
    reply(seconds=seconds, chars_per_s=1 / seconds)


def sample_texts(job: Job) -> None:
    """Measure whole texts, N under way at any time, one process a core; their start is not counted.

    Each time is that from the end of N texts to the end of the N texts after them.
    """
    model, config = make_model(job), charlm.SampleConfig(length=SAMPLE_LENGTH)
    workers = suitable_workers(model, config, count=job.streams, cores=available_cores())
    with one_blas_thread():
        texts = sample_many(model, config, seeds=range(MANY), workers=workers)

        def read_some() -> None:
            for text in islice(texts, job.streams):
                text.read()

        seconds = median_s(read_some, job.seconds) / SAMPLE_LENGTH
        texts.close()
    reply(seconds=seconds, chars_per_s=job.streams / seconds, workers=workers)


def write(job: Job) -> None:
    """Measure whole texts that must match a pattern, or need not; in each the automaton begins anew.

    With one stream the pattern is compiled beforehand, as in the console; a block is all that `charlm sample` does.
    """
    model, config = make_model(job), charlm.SampleConfig(length=job.length, regex=job.pattern)
    seeds = count()

    def one() -> Callable[[], None]:
        sampler = Sampler(model, config, rng=np.random.default_rng(next(seeds)))
        return lambda: whole("".join(sampler.stream()))

    def block() -> Callable[[], object]:
        texts = sample_many(model, config, seeds=list(islice(seeds, job.streams)))
        return lambda: [whole(text.read()) for text in texts]

    def whole(text: str) -> None:
        if len(text) < ENOUGH * job.length:
            raise RuntimeError(f"{len(text)} characters in place of {job.length}")

    with one_blas_thread():
        seconds = median_prepared_s(one if job.streams == 1 else block, job.seconds)
    reply(seconds=seconds, us_per_char=1e6 * seconds / job.length / job.streams)


def start(job: Job) -> None:
    """Measure a command from its start: `--help` to its end, `sample` to its first character."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        save(make_model(job), path)
        arguments = ["--help"] if job.what == "help" else ["sample", str(path), "--seed", "1"]
        times: list[float] = []
        while len(times) < STARTS or sum(times) < job.seconds:
            times.append(_start_s(arguments, whole=job.what == "help"))
    reply(seconds=float(np.median(times[1:])))  # the first one reads files from the disk


def _start_s(arguments: list[str], *, whole: bool) -> float:
    begin = time.perf_counter()
    command = [sys.executable, "-m", "charlm", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        first = child.stdout.read(1)
        first_s = time.perf_counter() - begin
        child.stdout.read()
        complaint = child.stderr.read()
        child.wait()
        whole_s = time.perf_counter() - begin
    if child.returncode or not first:
        raise RuntimeError(f"charlm {' '.join(arguments)}: {complaint.decode(errors='replace')}")
    return whole_s if whole else first_s


def main() -> None:
    """Do the job on the command line."""
    job = read_job()
    match job.what:
        case "train":
            train(job)
        case "run":
            run(job)
        case "sample":
            sample(job)
        case "write":
            write(job)
        case "help" | "first":
            start(job)
        case _:
            versions = {"numpy": np.__version__, "python": sys.version.split()[0], "blas": blas_name()}
            reply(peer=f"charlm {charlm.__version__}", **versions)


if __name__ == "__main__":
    main()
