from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from charlm.config import ModelConfig, SampleConfig
from charlm.errors import CharlmError, ConstraintError, DivergedError, UsageError, VocabularyError
from charlm.generation import parallel_sampling, sample_many, suitable_workers
from charlm.models.language_model import CharModel
from tests.interruption import interrupt_write

WITHIN_S = 30  # generous: other work may share the machine; only a failing test waits so long


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that are started."""
    started: list[subprocess.Popen[bytes]] = []
    start = parallel_sampling.start_child

    def remember(module: str) -> subprocess.Popen[bytes]:
        started.append(start(module))
        return started[-1]

    monkeypatch.setattr(parallel_sampling, "start_child", remember)
    return started


def all_of(samples: Iterator[Any]) -> list[Any]:
    return [(one.seed, one.read(), one.finish_reason, repr(one.logprobs)) for one in samples]


@pytest.mark.parametrize("unit", ["char", "byte"])
def test_the_texts_are_the_same_whatever_the_number_of_workers(make_model, children, unit):
    model = make_model(unit=unit, stop=True)
    config = SampleConfig(length=60, temperature=1.1, stop=("aa", "\n"), top_k=6, repeat_penalty=1.3)
    seeds = [*range(40, 80), *range(110)]  # five blocks
    expected = all_of(sample_many(model, config, seeds=seeds, prompt="ab", logprobs=True))
    assert children == []
    for workers in (2, 3):
        texts = sample_many(model, config, seeds=seeds, prompt="ab", logprobs=True, workers=workers)
        assert all_of(texts) == expected
    assert len(children) == 3
    assert all(child.poll() is not None for child in children)


def test_strange_characters_and_numbers_come_through(make_model):
    model = make_model("a\ud800\U0001f600\x00\u2028")  # no line feed: the first symbol was not predicted
    texts = [
        all_of(sample_many(model, SampleConfig(length=9), seeds=range(70), logprobs=True, workers=workers))
        for workers in (1, 2)
    ]
    assert texts[0] == texts[1]
    assert "nan" in texts[0][40][3]


def test_an_interrupted_write_loses_nothing(make_model, children, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    model, seeds, config = make_model(), range(64), SampleConfig(length=4000)
    expected = all_of(sample_many(model, config, seeds=seeds, logprobs=True))
    texts = sample_many(model, config, seeds=seeds, logprobs=True, workers=2)
    first = next(texts)
    interrupt_write(children[0])
    assert all_of([first, *texts]) == expected


def test_no_more_processes_than_blocks(model, children):
    assert len(list(sample_many(model, seeds=range(33), workers=9))) == 33
    assert len(children) == 1
    assert list(sample_many(model, seeds=[], workers=2)) == []


def test_closing_ends_the_processes(model, children):
    texts = sample_many(model, SampleConfig(length=10**9), seeds=range(64), workers=2)
    first = next(texts)
    assert children[0].poll() is None
    texts.close()
    assert children[0].poll() is not None
    assert len(next(first.stream())) == 1  # what this process draws is not concerned


def test_a_process_that_was_killed_is_told(model, children):
    texts = sample_many(model, SampleConfig(length=10**7), seeds=range(64), workers=2)
    here = [next(texts) for _ in range(32)]
    children[0].kill()
    with pytest.raises(CharlmError, match=r"process that wrote samples has ended; .* `workers=1`"):
        next(texts)
    assert [one.seed for one in here] == list(range(32))


def test_a_text_that_is_lost_elsewhere_is_lost_here(make_model):
    model = make_model()
    model.params["head.W"][0, 0] = float("inf")
    samples = list(sample_many(model, SampleConfig(length=5), seeds=range(40), workers=2))
    assert samples[-1].lost
    with pytest.raises(DivergedError, match="not finite"):
        samples[-1].read()


@pytest.mark.skipif(sys.platform == "win32", reason="no process has a parent there")
def test_nothing_is_left_when_the_caller_is_killed():
    script = """if True:
        import charlm
        from charlm.generation import parallel_sampling, sample_many
        start = parallel_sampling.start_child
        parallel_sampling.start_child = lambda module: [child := start(module), print(child.pid, flush=True)][0]
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=64), charlm.Vocabulary.from_text("ab"))
        texts = sample_many(model, charlm.SampleConfig(length=10**9), seeds=range(64), workers=2)
        next(texts).read()
    """
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        child = int(caller.stdout.readline())
        caller.kill()
    until = time.monotonic() + WITHIN_S
    while is_running(child):
        assert time.monotonic() < until
        time.sleep(0.02)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, check=False)
    return not state.stdout.startswith(b"Z")  # else it waits to be asked how it ended


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"workers": 0}, UsageError),
        ({"seeds": [3, -1]}, UsageError),
        ({"prompt": "Ω"}, VocabularyError),
        ({"config": SampleConfig(regex="(a")}, UsageError),
        ({"config": SampleConfig(regex="a{9}", length=5)}, ConstraintError),
    ],
)
def test_what_cannot_be_is_refused_at_once(model, settings, error):
    with pytest.raises(error):
        sample_many(model, **({"seeds": range(3)} | settings))


def test_processes_are_for_large_jobs(model):
    long, short = SampleConfig(length=10_000), SampleConfig(length=100)
    assert suitable_workers(model, long, count=64, cores=8) == 2
    assert suitable_workers(model, long, count=65, cores=8) == 3
    assert suitable_workers(model, long, count=1000, cores=2) == 2
    assert suitable_workers(model, long, count=32, cores=8) == 1
    assert suitable_workers(model, short, count=64, cores=8) == 1
    wide = CharModel(ModelConfig(hidden_size=512), model.vocabulary)
    assert suitable_workers(wide, long, count=32, cores=8) == 4
