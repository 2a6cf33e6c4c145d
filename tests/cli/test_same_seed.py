"""The same seed gives the same text: in every process, and as long as NumPy is the same.

The texts are in ``same_seed.json``. Should they have to change, ``CHARLM_TESTS_GOLDEN=write`` writes them anew.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.cli.entry import run
from tests.figures import figure

GOLDEN = Path(__file__).with_name("same_seed.json")
COMMANDS: tuple[list[str], ...] = (
    [],
    ["--temp", "0"],
    ["--top-k", "4", "--prompt", "abc"],
    ["--top-p", "0.8", "--typical-p", "0.9", "--min-p", "0.02", "--temp", "1.7"],
    ["--repeat-penalty", "1.5", "--repeat-last-n", "9", "--prompt", "fed"],
    ["--stop", "fa", "--stop", "b\n", "--temp", "1.3"],
    ["--count", "3", "--prompt", "é"],
    ["--count", "70", "--length", "7", "--workers", "2"],
    ["--beam", "5", "--count", "2"],
    ["--mix", "mixed.npz:0.6", "--prompt", "abc"],
    ["--mix", "mixed.npz:0.6", "--count", "70", "--length", "7", "--workers", "2"],
)
# every command in one process, so that nothing is imported anew for each
SCRIPT = """
import json, sys
from charlm.cli.entry import run
for command in json.loads(sys.argv[1]):
    assert run(["sample", "run.npz", "--seed", "7", "--length", "60", *command]) == 0
    sys.stdout.write("\\n=====\\n")
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> charlm.CharModel:
    """A model whose numbers have room to differ in their last bits: in float64 that changes no text."""
    monkeypatch.chdir(tmp_path)
    vocabulary = charlm.Vocabulary.from_text("abcdef é\n", stop=True)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=9, dtype="float64"), vocabulary, seed=3)
    model.params.value *= 3
    model.params["head.b"][vocabulary.stop_id] -= 3
    charlm.save(model, "run.npz")
    other = charlm.CharModel(charlm.ModelConfig(cell="gru", hidden_size=7, dtype="float64"), vocabulary, seed=4)
    ids = np.random.default_rng(5).integers(len(vocabulary), size=400)
    charlm.save(charlm.Mixture([other, charlm.Counts(vocabulary, ids, order=4)], [0.3, 0.7]), "mixed.npz")
    return model


def outputs(hash_seed: str) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(COMMANDS)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=True,
    )
    return result.stdout.decode().split("\n=====\n")[:-1]


@pytest.mark.promise(16)
def test_the_same_seed_gives_the_same_text_in_every_process(model):
    texts = outputs("0")
    assert len(set(texts)) == len(texts) == len(COMMANDS)
    for hash_seed in ("1", "12345", "random")[: figure(2, 3)]:
        assert outputs(hash_seed) == texts
    here = {"numpy": np.__version__, "machine": platform.machine()}
    if os.environ.get("CHARLM_TESTS_GOLDEN") == "write":
        golden = {**here, "texts": dict(zip(map(" ".join, COMMANDS), texts, strict=True))}
        GOLDEN.write_text(json.dumps(golden, indent=1) + "\n", "ascii")
    golden = json.loads(GOLDEN.read_text("ascii"))
    if {name: golden[name] for name in here} != here:
        pytest.skip(f"the stored texts are of NumPy {golden['numpy']} on {golden['machine']}")
    assert golden["texts"] == dict(zip(map(" ".join, COMMANDS), texts, strict=True))


@pytest.mark.promise(16)
@pytest.mark.parametrize(
    "flags",
    [[], ["--temp", "0"], ["--repeat-penalty", "1.4", "--typical-p", "0.8", "--temp", "1.5"], ["--stop", "e"]],
    ids=" ".join,
)
def test_the_seed_is_reported_and_gives_each_sample_again(model, capsys, flags):
    command = ["sample", "run.npz", "--length", "40", "--prompt", "ab", *flags]
    assert run([*command, "--count", "35"]) == 0
    out, err = capsys.readouterr()
    word, seed = err.split()
    assert word == "seed"
    texts = out.split("\n---\n")
    assert len(texts) == 35
    for k in (0, 1, 34):
        assert run([*command, "--seed", str(int(seed) + k)]) == 0
        assert capsys.readouterr() == (texts[k], "")


@pytest.mark.promise(16)
def test_json_tells_all_that_makes_the_text_again(model, capsys):
    flags = ["--length", "40", "--repeat-penalty", "1.2", "--min-p", "0.05", "--stop", "ea", "--prompt", "fé"]
    assert run(["sample", "run.npz", "--json", "--count", "3", *flags]) == 0
    for line in capsys.readouterr().out.splitlines():
        one: dict[str, Any] = json.loads(line)
        settings = {**one["parameters"], "prompt": one["prompt"], "seed": one["seed"]}
        assert "".join(charlm.generate(model, **settings)) == one["text"]


def test_a_model_of_documents_starts_and_stops_by_itself(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = ["anna", "bob", "carla", "dora"]
    Path("names.txt").write_text("\n".join(names * 60))
    small = ["--hidden-size", "24", "--steps", "250", "--quiet", "--out", "run", "--batch-size", "8"]
    assert run(["train", "names.txt", "--documents", "--learning-rate", "0.3", *small]) == 0
    assert run(["sample", "run", "--json", "--count", "40", "--seed", "1"]) == 0
    samples = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["finish_reason"] for one in samples} == {"stop"}
    assert {one["text"] for one in samples} >= set(names)
    assert all("\n" not in one["text"] for one in samples)
    assert run(["sample", "run", "--json", "--beam", "9", "--count", "4"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["text"] for one in found} == set(names)
