"""Patterns that hang or burst others, each in a process of its own with 256 MB over what a process has anyway."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

resource = pytest.importorskip("resource", reason="limits on memory need POSIX")

PATTERNS = [
    "(?:(?:(?:a{1000}){1000}){1000})",
    "(?:(?:(?:a{0,1000}){0,1000}){0,1000})",
    "(?:(?:(?:a{1,1000}){1,1000}){1,1000})b",
    "((((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9}){9})",
    "((a?){400}){400}a{400}",
    "(?:a?){5000}a{400}",
    "(a+)+b",
    "(a|aa)+b",
    "(a|a)*b",
    "(a*)*b",
    "(.*)*(.*)*(.*)*b",
    "(?:.*a){12}",
    ".*a.{400}",
    "(?:.*a.{300}|.*b.{300}){3}",
    "(?:a|b|ab)*(?:a|b|ab)*(?:a|b|ab)*c{3}",
    "(?:.?){2000}",
    "|".join(["a*b*"] * 2000),
    "(?:" * 40 + "a*" + ")*" * 40,
    "(" * 5000,
    "[" * 5000,
    "(?V1)" + "[" * 3000 + "a" + "]" * 3000,
    "@" * 9000,
    "\\p{L}" * 2000,
    "[a-z]*" * 1600,
    "(?i)" + "ß|" * 3000,
    "|".join(f"{k:x}" for k in range(0xABC, 160_000)),
    "|".join("abcxyz"[k % 6] * (k % 997 + 1) for k in range(2900)),
    "(?:" + "|".join("abcxyz"[k % 6] + "abcxyz"[k % 5] * (k % 97) for k in range(900)) + "){1,500}",
    "".join(f"(?:{'a' * k}|{'b' * k}|{'ab' * k})?" for k in range(1, 600)),
    "(" + "(a|b|" * 4000,
    "(?i)" + "|".join("abcxyz"[k % 6] * (k % 97 + 1) for k in range(2900)),
    "[(" + "a|" * 400_000 + ")]",
    "(" + "a|" * 700_000 + "b",
    r"(a+)+\1b",
    r"((a*)*)*\2c",
    r"(x+x+)+y\1",
    r"(.*)(.*)(.*)(.*)(.*)\5\4\3\2\1b",
    r"(?:a{1000}){1000}{1000}\1",
    "(?:(?:(?:a{1000}){1000}){1000})^b",
    "((?:a{200}){200})(?1)(?1)",
    r"((?:a{1000}){1000})\1",
    r"(?:(?:a|b|c){e<=9}){50}",
    r"\b(?:\w+\b ?)*x\1",
    r"\b(?:\w+\b ?)*x",
    r"(?:\b|a){1000}{1000}",
    r"(?:\b[a-z]{1,400}\b ?){30}",
    r"(?:\b|\B|^|$)*" * 900,
    r"(?m)(?:^.*$\n?){1000}",
    r"(?:(?a:\b)\w\b\W?){9000}",
]

# one process for all patterns with a vocabulary; each has a copy of it, which alone is limited
SCRIPT = """
import json, os, resource, signal, sys
import numpy as np
from charlm.config import ModelConfig, SampleConfig
from charlm.errors import CharlmError
from charlm.generation import Sampler
from charlm.generation import constraint  # what is loaded anyway
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary
vocabulary = Vocabulary.from_text("abcxyz \\n") if sys.argv[1] == "char" else Vocabulary("byte", tuple(range(256)))
model = CharModel(ModelConfig(hidden_size=8), vocabulary)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
for line in sys.stdin:
    if child := os.fork():
        print("", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    signal.alarm(60)
    resource.setrlimit(resource.RLIMIT_AS, (used + 256 * 2**20,) * 2)
    try:
        sampler = Sampler(model, SampleConfig(regex=json.loads(line), length=500), rng=np.random.default_rng(0))
        text = "".join(sampler.stream())
        print("text", sampler.finish_reason, end="", flush=True)
    except CharlmError as error:
        assert len(str(error)) < 300 and "\\n" not in str(error), error
        print("error", error.exit_code, end="", flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module", params=["char", "byte"])
def tried(request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Return a function that lets a copy of a process try a pattern, and returns what it says."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, request.param],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def try_pattern(pattern: str) -> str:
            stdin.write(json.dumps(pattern) + "\n")
            stdin.flush()
            return stdout.readline()

        yield try_pattern
        process.kill()


@pytest.mark.promise(13)
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads the size of a process")  # noqa: PTH110
@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern[:24])
def test_no_pattern_hangs_or_takes_much_memory(pattern, tried):
    assert tried(pattern) in {"text regex 0\n", "error 2 0\n", "error 8 0\n"}
