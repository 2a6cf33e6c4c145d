"""``--mix`` and ``--counts`` of eval, score and sample."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest

import charlm
from charlm.analysis import with_counts
from charlm.cli.entry import run

TEXT = "The cat sat on the mat; a cat ran.\nA rat ate the hat!\n" * 30
LEARNT = TEXT[: int(0.9 * len(TEXT))]
SMALL = ["--hidden-size", "6", "--steps", "20", "--batch-size", "4", "--quiet"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixing")
    (folder / "text.txt").write_text(TEXT, encoding="utf-8", newline="")
    for name, seed in (("one", "1"), ("two", "2")):
        assert run(["train", str(folder / "text.txt"), "--out", str(folder / name), "--seed", seed, *SMALL]) == 0
    vocabulary = charlm.load(folder / "one").vocabulary
    charlm.save(charlm.CharModel(charlm.ModelConfig(hidden_size=4), vocabulary), folder / "bare.npz")
    other = charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("xyz"))
    charlm.save(other, folder / "other.npz")
    config = charlm.TransducerConfig(hidden_size=4, output="tags")
    charlm.save(charlm.Transducer(config, vocabulary, vocabulary), folder / "pairs.npz")
    return folder


@pytest.fixture(autouse=True)
def in_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)


def models():
    return charlm.load("one"), charlm.load("two")


def test_eval_mixes_models(capsys):
    assert run(["eval", "one", "--text", TEXT, "--mix", "two:0.3", "--mix", "bare.npz:0.1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    mixture = charlm.Mixture([*models(), charlm.load("bare.npz")], [0.6, 0.3, 0.1])
    assert found["nats"] == pytest.approx(charlm.evaluate(mixture, TEXT).nats, rel=1e-9)


def test_eval_counts_the_learnt_part_alone(capsys):
    held_out = TEXT[len(LEARNT) :]
    assert run(["eval", "one", "--counts", "--json"]) == 0
    said = capsys.readouterr()
    mixture = with_counts(models()[0], LEARNT)
    assert json.loads(said.out)["nats"] == pytest.approx(charlm.evaluate(mixture, held_out).nats, rel=1e-9)
    assert f"counts of {len(LEARNT):,} characters, weight {mixture.weights[1]:.2f}\n" in said.err
    assert run(["eval", "one", "--no-counts", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["nats"] == charlm.evaluate(models()[0], held_out).nats


def test_eval_learns_while_it_reads(capsys):
    words = ["eval", "one", "--text", TEXT, "--mix", "two:0.25", "--counts", "--dynamic"]
    assert run([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    mixture = with_counts(charlm.Mixture(models(), [0.75, 0.25]), LEARNT)
    expected = charlm.evaluate(mixture, TEXT, dynamic=charlm.DynamicConfig())
    assert found["nats"] == expected.nats
    assert [(one["nats"], one["weight"]) for one in found["members"]] == [
        (one.nats, one.weight) for one in expected.members
    ]
    assert run(words) == 0
    *_, titles, first, _, counts = capsys.readouterr().out.splitlines()
    assert titles.split() == ["alone", "weight", "member"]
    assert first.split()[:2] == [f"{expected.members[0].nats:.4f}", f"{expected.members[0].weight:.3f}"]
    assert counts.endswith(f"  counts of {len(LEARNT):,} symbols, order 10")


def test_eval_shows_each_member_of_a_mixture_alone(capsys):
    assert run(["eval", "one", "--text", TEXT, "--mix", "two:0.25"]) == 0
    *_, titles, first, second = capsys.readouterr().out.splitlines()
    assert titles.split() == ["alone", "weight", "member"]
    one, two = models()
    assert first.split()[:2] == [f"{charlm.evaluate(one, TEXT).nats:.4f}", "0.750"]
    assert second.split()[:2] == [f"{charlm.evaluate(two, TEXT).nats:.4f}", "0.250"]
    shape = f"lstm {one.config.hidden_size} · {len(one.vocabulary)} symbols · {one.params.value.size:,} parameters"
    assert first.endswith(f"  {shape}")
    assert run(["eval", "one", "--text", TEXT]) == 0
    assert "alone" not in capsys.readouterr().out


@pytest.mark.parametrize("view", [[], ["--likeliest"]])
def test_score(capsys, view):
    words = ["score", "one", "--text", "a cat sat", "--mix", "two:0.25", "--counts", "--json", *view]
    assert run(words) == 0
    found = json.loads(capsys.readouterr().out)["bits"]
    mixture = with_counts(charlm.Mixture(models(), [0.75, 0.25]), LEARNT)
    np.testing.assert_allclose(found[1:], charlm.score(mixture, "a cat sat").bits[1:], rtol=1e-9)


def test_a_picture_says_that_it_is_of_a_mixture(tmp_path):
    svg = tmp_path / "heat.svg"
    assert run(["score", "one", "--text", "a cat sat", "--counts", "--svg", str(svg)]) == 0
    assert "one, mixed" in svg.read_text("utf-8").replace("&#160;", " ")


def test_samples_obey_patterns_and_seeds(capsys):
    words = ["sample", "one", "--counts", "--mix", "two:0.5", "--seed", "3", "--regex", "(cat|rat|hat ){3,6}!"]
    texts = []
    for extra in ([], ["--count", "3", "--workers", "2"]):
        assert run([*words, *extra]) == 0
        texts.append(capsys.readouterr().out.strip("\n").split("\n---\n"))
    assert texts[0][0] == texts[1][0]
    assert all(re.fullmatch("(cat|rat|hat ){3,6}!", text) for text in texts[1])
    assert run(["sample", "one", "--counts", "--prompt", "The c", "--beam", "2", "--length", "20"]) == 0
    assert capsys.readouterr().out.startswith("The cat sat on the mat; a")


def test_json_says_what_was_mixed(capsys):
    words = ["sample", "one", "--seed", "3", "--length", "5", "--json"]
    assert run([*words, "--counts", "--mix", "two:0.5"]) == 0
    found = json.loads(capsys.readouterr().out)["parameters"]
    assert run(words) == 0
    assert found == json.loads(capsys.readouterr().out)["parameters"] | {"mix": ["two:0.5"], "counts": True}


def test_console():
    words = ["console", "one", "--counts", "--mix", "two:0.25", "--seed", "3", "--regex", "(cat|rat|hat ){3}"]
    done = subprocess.run(
        [sys.executable, "-m", "charlm", *words],
        input="The \n/show model\n/probs\n/heat\n/mix\n/bye\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert re.search("^The ?\n?(cat|rat|hat ){3}", done.stdout)
    said = " ".join(done.stderr.split())
    assert "counts of" in said
    assert (
        len(re.findall(r"\d \(lstm 6 ·[^)]*\) \+ 0.\d\d \(lstm 6 ·[^)]*\) \+ \d.\d\d \(counts of [^)]*\)", said))
        == 2
    )
    assert "bits on average" in said
    assert re.search(
        r"\d\.\d{3} one · lstm 6 .* \d\.\d{3} two · lstm 6 .* \d\.\d{3} counts · counts of 1,458 symbols, order 10",
        said,
    )


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--mix", "two"], 2, "--mix 'two' has no weight between 0 and 1; write MODEL:WEIGHT"),
        (["--mix", "two:1"], 2, "--mix 'two:1' has no weight between 0 and 1"),
        (["--mix", "two:nan"], 2, "--mix 'two:nan' has no weight"),
        (["--mix", ":0.5"], 2, "--mix ':0.5' has no weight"),
        (["--mix", "two:0.5", "--mix", "two:0.5"], 2, "the weights of --mix sum to 1 and leave MODEL nothing"),
        (["--mix", "other.npz:0.5"], 2, "the models of a mixture differ in their vocabularies"),
        (["--mix", "pairs.npz:0.5"], 4, "it holds a transducer, not a language model"),
        (["--mix", "none:0.5"], 4, "none"),
    ],
)
def test_what_cannot_be_mixed(words, status, message, capsys):
    for command in (["eval", "one", "--text", TEXT], ["score", "one", "--text", TEXT], ["sample", "one"]):
        assert run([*command, *words]) == status
        said = capsys.readouterr().err.splitlines()[-1]
        assert message in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["eval", "bare.npz", "--text", TEXT, "--counts"],
            "what text it has learnt; leave --counts out",
        ),
        (["eval", "one", "--text", TEXT, "--counts", "--against", "two"], "--against and --each go without"),
        (["eval", "pairs.npz", "--counts"], "--mix and --counts are for language models"),
        (["eval", "pairs.npz", "--mix", "two:0.5"], "--mix and --counts are for language models"),
    ],
)
def test_where_there_are_no_mixtures(words, message, capsys):
    assert run(words) == 2
    assert message in capsys.readouterr().err
