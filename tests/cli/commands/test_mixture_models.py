"""A trained mixture as the MODEL of each command."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import charlm
from charlm.checkpoint import load_checkpoint
from charlm.cli.entry import run

TEXT = "The cat sat on the mat; a cat ran.\nA rat ate the hat!\n" * 40
SMALL = ["--hidden-size", "6", "--steps", "12", "--batch-size", "4", "--quiet"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixtures")
    (folder / "checkpoints").mkdir()
    (folder / "text.txt").write_text(TEXT, encoding="utf-8", newline="")
    train = ["train", str(folder / "text.txt"), *SMALL, "--out"]
    assert run([*train, str(folder / "checkpoints" / "one"), "--seed", "7", "--no-counts"]) == 0
    assert run([*train, str(folder / "checkpoints" / "both"), "--members", "2", "--counts"]) == 0
    assert run([*train, str(folder / "checkpoints" / "pair"), "--members", "2", "--no-counts"]) == 0
    return folder


@pytest.fixture(autouse=True)
def in_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)


def both() -> charlm.Mixture:
    model = charlm.load("both")
    assert isinstance(model, charlm.Mixture)
    return model


def said(words, capsys, status=0):
    assert run(words) == status
    return capsys.readouterr()


def test_sample(capsys):
    words = ["sample", "both", "--seed", "3", "--length", "30"]
    written = said(words, capsys).out
    assert written == charlm.generate(both(), length=30, seed=3).run()
    assert said([*words, "--count", "2", "--workers", "2"], capsys).out.count("\n---\n") == 1
    assert re.fullmatch("(cat|rat){3}", said([*words, "--regex", "(cat|rat){3}"], capsys).out)
    assert "longest run in the training text" in said([*words, "--novelty"], capsys).err
    assert said(["sample", "both", "--beam", "2", "--length", "9", "--prompt", "The c"], capsys).out


def test_a_mixture_is_a_default_model(capsys):
    newest = said(["sample", "--seed", "3", "--length", "9"], capsys)
    assert newest.out == said(["sample", "pair", "--seed", "3", "--length", "9"], capsys).out


def test_score_and_eval(capsys):
    bits = json.loads(said(["score", "both", "--text", "a cat sat", "--json"], capsys).out)["bits"]
    np.testing.assert_allclose(bits[1:], charlm.score(both(), "a cat sat").bits[1:], rtol=1e-9)
    nats = charlm.evaluate(both(), "a cat sat").nats
    assert json.loads(said(["eval", "both", "--text", "a cat sat", "--json"], capsys).out)["nats"] == nats
    table = json.loads(said(["eval", "one", "--text", "a cat sat", "--against", "both", "--json"], capsys).out)
    assert table["table"][1]["nats"] == nats
    assert said(["score", "one", "--text", "a cat", "--against", "both"], capsys).out


def test_a_mixture_is_a_member_of_another(capsys):
    words = ["eval", "one", "--text", "a cat sat", "--mix", "both:0.25", "--json"]
    mixture = charlm.Mixture([charlm.load("one"), both()], [0.75, 0.25])
    nats = charlm.evaluate(mixture, "a cat sat").nats
    assert json.loads(said(words, capsys).out)["nats"] == pytest.approx(nats, rel=1e-12)
    words = ["sample", "one", "--mix", "both:0.25", "--seed", "1", "--length", "20", "--count", "70"]
    texts = [said([*words, "--workers", workers], capsys).out for workers in ("1", "2")]
    assert texts[0] == texts[1]


def test_console():
    done = subprocess.run(
        [sys.executable, "-m", "charlm", "console", "both", "--seed", "3", "--length", "20"],
        input="The \n/mix one:0.25\nA \n/mix\n/probs\n/heat\n/mix off\n/bye\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    shown = " ".join(done.stderr.split())
    assert shown.count("0.750 both · ") == shown.count("0.250 one · lstm 6") == 2
    assert "mix off, both writes alone: " in shown
    assert done.stdout.startswith("The ")


def test_inspect_takes_one_network(capsys):
    words = ["inspect", "both", "--text", TEXT[:500], "--gates", "--json"]
    first = said(words, capsys)
    assert first.err.endswith("network 1 of the 2 of both; --network names another\n")
    networks = both().networks
    for number, network in enumerate(networks, 1):
        charlm.save(network, f"{number}.npz")
        alone = said(["inspect", f"{number}.npz", "--text", TEXT[:500], "--gates", "--json"], capsys)
        chosen = said([*words, "--network", str(number)], capsys)
        assert chosen.out == alone.out
        assert "network" not in chosen.err
    assert first.out == said([*words, "--network", "1"], capsys).out
    svg = Path("gates.svg")
    said(["inspect", "both", "--text", TEXT[:500], "--gates", "--network", "2", "--svg", str(svg)], capsys)
    assert "both, network 2" in svg.read_text("utf-8").replace("&#160;", " ")
    beside = said(["inspect", "one", "--text", "a cat", "--connectivity", "--against", "both"], capsys)
    assert "both, network 1: " in beside.out
    assert "one: " in beside.out


@pytest.mark.parametrize("number", ["0", "3", "-1"])
def test_networks_are_counted_from_one(number, capsys):
    words = ["inspect", "both", "--text", "a cat", "--gates", "--network", number]
    assert f"--network is {number}, and 'both' has 2; count them from 1" in said(words, capsys, 2).err


def test_counts_of_a_mixture_are_left_out_and_never_added_twice(capsys):
    words = ["eval", "both", "--text", "a cat sat", "--json"]
    nats = [json.loads(said([*words, *more], capsys).out)["nats"] for more in ([], ["--counts"], ["--no-counts"])]
    members, weights = both().networks, both().weights
    networks = charlm.Mixture(members)  # of a run: their weights beside counts say nothing
    assert nats[:2] == [charlm.evaluate(both(), "a cat sat").nats] * 2
    assert nats[2] == pytest.approx(charlm.evaluate(networks, "a cat sat").nats, rel=1e-12)
    json_text = said(["sample", "both", "--no-counts", "--seed", "1", "--length", "9", "--json"], capsys).out
    found = json.loads(json_text)
    assert found["text"] == charlm.generate(networks, length=9, seed=1).run()
    assert found["parameters"]["counts"] is False
    assert "--against and --each go without" in said([*words, "--no-counts", "--against", "one"], capsys, 2).err
    charlm.save(both(), "bare.npz")
    nats = json.loads(said(["eval", "bare.npz", *words[2:], "--no-counts"], capsys).out)["nats"]
    given = charlm.Mixture(members, np.array(weights[:2]) / sum(weights[:2]))
    assert nats == pytest.approx(charlm.evaluate(given, "a cat sat").nats, rel=1e-12)
    charlm.save(charlm.Mixture([charlm.Counts(members[0].vocabulary, np.arange(5))]), "alone.npz")
    words = ["sample", "alone.npz", "--no-counts"]
    assert "the model has counts alone; leave --no-counts out" in said(words, capsys, 2).err
    charlm.save(charlm.Mixture([both().members[0], both().members[2]], [0, 1]), "first.npz")
    words = ["score", "first.npz", "--no-counts", "--text", "a cat", "--json"]
    bits = json.loads(said(words, capsys).out)["bits"]
    np.testing.assert_allclose(bits[1:], charlm.score(members[0], "a cat").bits[1:])


def test_counts_of_a_mixture_in_the_console(capsys):
    done = subprocess.run(
        [sys.executable, "-m", "charlm", "console", "both", "--no-counts", "--length", "9"],
        input="/mix counts:0.2\n/mix\n/model both\n/mix counts\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    shown = " ".join(done.stderr.split())
    assert "0.800 both" in shown
    assert "0.200 counts" in shown
    assert done.returncode == 2
    assert "'both' has counts of its own; charlm console --no-counts leaves them out" in shown


def test_a_mixture_without_a_network(capsys):
    vocabulary = both().vocabulary
    charlm.save(charlm.Mixture([charlm.Counts(vocabulary, vocabulary.encode(TEXT))]), "counts.npz")
    assert said(["sample", "counts.npz", "--seed", "1", "--length", "9"], capsys).out
    words = ["inspect", "counts.npz", "--text", "a cat", "--gates"]
    assert "'counts.npz' is a mixture without a network; give a model that has one" in said(words, capsys, 2).err


@pytest.mark.parametrize("sizes", [[], [3, 4]])
def test_a_mixture_that_no_run_wrote_is_not_resumed(sizes, tmp_path, capsys):
    stored = load_checkpoint("checkpoints/both/last.npz", None)
    networks = [charlm.CharModel(charlm.ModelConfig(hidden_size=n), both().vocabulary) for n in sizes]
    file = tmp_path / "run" / "last.npz"
    file.parent.mkdir()
    charlm.save(charlm.Mixture([*networks, both().members[2]]), file, training=stored.training)
    error = said(["resume", str(file.parent), "--steps", "99"], capsys, 4).err.splitlines()[-1]
    assert error == f"charlm: {str(file)!r} does not hold the networks of a run; train a new model"


def test_vocabulary_and_samples_of_runs(capsys):
    words = [
        "train",
        "text.txt",
        "--vocab-from",
        "both",
        "--steps",
        "0",
        "--out",
        "other",
        "--quiet",
        "--no-counts",
    ]
    said(words, capsys)
    assert charlm.load("other").vocabulary == both().vocabulary
    found = json.loads(said(["compare", "both", "one", "--length", "20", "--json"], capsys).out)["runs"]
    assert [len(entry["sample"]) for entry in found] == [20, 20]
    assert [entry["settings"]["members"] for entry in found] == [2, 1]
    assert [entry["settings"]["counts"] for entry in found] == [True, False]


def test_a_wait_for_counts_is_named(capsys, monkeypatch):
    named = []

    def waiting(task):
        named.append(task)
        return contextlib.nullcontext()

    monkeypatch.setattr("charlm.cli.arguments.mixing.waiting", waiting)
    said(["compare", "one", "both", "--length", "5"], capsys)
    assert named == ["counting n-grams"]
    for line in (b"/model both\n", b"/mix both:0.5\n"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line)))
        named.clear()
        said(["console", "one"], capsys)
        assert named == ["counting n-grams"]


def test_all_networks_of_a_mixture_are_fine_tuned(capsys):
    Path("more.txt").write_text(TEXT + "It sat, too.\n", encoding="utf-8")
    words = ["train", "more.txt", "--init-from", "both", "--steps", "0", "--quiet", "--counts"]
    said([*words, "--out", "tuned"], capsys)
    tuned = charlm.load("tuned")
    assert [type(member) for member in tuned.members] == [charlm.CharModel, charlm.CharModel, charlm.Counts]
    assert "I" in tuned.vocabulary.symbols
    known = [tuned.vocabulary.symbols.index(symbol) for symbol in both().vocabulary.symbols]
    for old, new in zip(both().networks, tuned.networks, strict=True):
        np.testing.assert_array_equal(new.params["head.W"][known], old.params["head.W"])
    again = said([*words, "--members", "2", "--out", "again"], capsys)
    assert again.err == ""
    error = said([*words, "--members", "3", "--out", "refused"], capsys, 2).err
    assert "--members is 3, and --init-from 'both' has 2, which all continue; leave --members out" in error
    said(
        ["train", "more.txt", "--init-from", "one", "--steps", "0", "--quiet", "--no-counts", "--out", "n"], capsys
    )
    assert isinstance(charlm.load("n"), charlm.CharModel)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            lambda one, _: [one, charlm.CharModel(charlm.ModelConfig(hidden_size=3), one.vocabulary)],
            "has networks of different shapes",
        ),
        (lambda _, counts: [counts], "has counts alone"),
    ],
)
def test_mixtures_that_are_not_fine_tuned(members, message, capsys):
    charlm.save(charlm.Mixture(members(both().members[0], both().members[2])), "odd.npz")
    words = ["train", "text.txt", "--init-from", "odd.npz", "--out", "odd", "--quiet"]
    expected = f"--init-from 'odd.npz' {message}; give a model whose networks have one shape"
    assert expected in said(words, capsys, 2).err


def test_info(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    weights = [f"{w:.3f}" for w in both().weights]
    size = both().networks[0].params.value.size
    network = f"network of {size:,} parameters"
    counted = both().members[2].tensors()["ids"].size
    expected = (
        f"{weights[0]} {network} · {weights[1]} {network} · {weights[2]} counts of {counted:,} symbols, order 10"
    )
    described = said(["info", "both"], capsys).out
    assert expected in described
    assert "2 networks, each lstm 6 · " in described
    listed = said(["info"], capsys).out.splitlines()
    rows = {row.split()[0]: row for row in listed}
    assert "lstm 6, mixed" in rows["both"]
    assert "mixed" not in rows["one"]
    assert [member["kind"] for member in json.loads(said(["info", "both", "--json"], capsys).out)["members"]] == [
        "language model",
        "language model",
        "table of counts",
    ]


def test_a_mixture_without_a_run_is_fine_tuned_and_not_resumed(capsys):
    charlm.save(both(), "bare.npz")
    message = "'bare.npz' is no run to resume; fine-tune the weights with charlm train --init-from bare.npz"
    assert message in said(["resume", "bare.npz"], capsys, 4).err


def test_a_mixture_is_no_model_of_pairs(capsys):
    assert "it holds a mixture, not a transducer; charlm sample" in said(["transduce", "both", "x"], capsys, 4).err
