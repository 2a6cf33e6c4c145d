"""``charlm eval`` of a model of pairs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import charlm
from charlm.analysis.pair_loss import pair_nats
from charlm.analysis.pair_measures import measure_pairs
from charlm.cli.entry import run
from charlm.text.pairs import Pair, format_pair, split_pairs
from charlm.ui.sanitize import json_text
from tests.models.pairs import make

PAIRS = {
    "text": [Pair("abc", "xyz"), Pair("de", "zy"), Pair("", "x")],
    "label": [Pair("abc", "good"), Pair("de", "bad"), Pair("ea", "bad"), Pair("ed", "ugly")],
    "tags": [Pair("abc", "BIO"), Pair("de", "BB")],
}


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, charlm.Transducer]:
    monkeypatch.chdir(tmp_path)
    made = {name: make(name) for name in PAIRS}
    for name, model in made.items():
        charlm.save(model, f"{name}.npz")
        write(f"{name}.tsv", PAIRS[name])
    charlm.save(
        charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("abcdexyz\n")), "lm.npz"
    )
    return made


def write(name: str, pairs: list[Pair]) -> None:
    Path(name).write_text("".join(format_pair(pair) + "\n" for pair in pairs), "utf-8")


@pytest.mark.parametrize("output", PAIRS)
def test_json(models, capsys, output):
    assert run(["eval", f"{output}.npz", f"{output}.tsv", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    model, pairs = models[output], PAIRS[output]
    made = [one.text for one in charlm.transduce(model, [pair.source for pair in pairs])]
    expected = measure_pairs(made, [pair.target for pair in pairs], output).to_json()
    if output == "text":
        expected["accuracy"] = pair_nats(model, pairs).accuracy
    assert {name: found[name] for name in expected} == json.loads(json_text(expected))
    assert found["nats"] == pair_nats(model, pairs).nats
    assert (found["output"], found["pairs"]) == (output, len(pairs))


def test_beam(models, capsys):
    made = {beam: charlm.transduce(models["text"], "ea", beam=beam)[0].text for beam in (1, 4)}
    assert made[1] != made[4]
    write("made.tsv", [Pair("ea", made[4])])
    for flag, exact in (([], 0), (["--beam", "1"], 0), (["--beam", "4"], 1)):
        assert run(["eval", "text.npz", "made.tsv", "--json", *flag]) == 0
        assert json.loads(capsys.readouterr().out)["exact"] == exact
    assert run(["eval", "lm.npz", "--text", "abc", "--beam", "2"]) == 2
    assert "--beam is for models of pairs, and this is a language model; leave it out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "shows"),
    [
        ("text", ["exact match", "character error rate", "nats per character"]),
        ("label", ["exact match", "nats per label", "target", "good", "ugly"]),
        ("tags", ["accuracy per tag", "nats per tag", "precision", "B  "]),
    ],
)
def test_what_is_shown(capsys, output, shows):
    assert run(["eval", f"{output}.npz", f"{output}.tsv"]) == 0
    out, err = capsys.readouterr()
    assert all(any(line.startswith(word) or word in line for line in out.splitlines()) for word in shows)
    assert err == ""


def test_several_files_and_literal_pairs(models, capsys):
    assert run(["eval", "text.npz", "text.tsv", "text.tsv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pairs"] == 6
    assert run(["eval", "text.npz", "--text", "abc\txyz", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["nats"] == pair_nats(models["text"], [Pair("abc", "xyz")]).nats


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["lm.npz", "text.tsv"], 3, "the text is a file of pairs, and the model a language model"),
        (["text.npz", "poem.txt"], 3, "line 1 of 'poem.txt' has no tab; write source<TAB>target"),
        (["text.npz", "poem.txt"], 3, "the model is a transducer, which is evaluated on pairs"),
        (["tags.npz", "text.tsv"], 3, "line 3 of 'text.tsv' has 1 tag for 0 characters"),
        (["text.npz", "label.tsv"], 3, "target 1: character 'g' at offset 0"),
        (["label.npz", "text.tsv"], 3, "target 1: 'xyz' is not among this model's 3 labels"),
        (["text.npz", "none.tsv"], 3, "none.tsv"),
        (["text.npz"], 2, "this model does not say what pairs it has learnt; give a file of pairs"),
        (["text.npz", "text.tsv", "--dynamic"], 2, "--details, --mix and --counts are for language models"),
        (
            ["text.npz", "text.tsv", "--baseline", "poem.txt"],
            2,
            "--details, --mix and --counts are for language models",
        ),
        (["text.npz", "text.tsv", "--text", "a\tx"], 2, "two sets of pairs"),
        (["tags.npz", "tags.tsv", "--on-unknown", "skip"], 2, "leaves characters without a tag"),
        (["text.npz", "lm.npz"], 2, "'lm.npz' is a model where a text belongs"),
    ],
)
def test_what_does_not_fit(capsys, words, code, says):
    Path("poem.txt").write_text("abc\n", "utf-8")
    assert run(["eval", *words]) == code
    out, err = capsys.readouterr()
    assert says in err
    assert out == ""
    assert err.count("\n") == 1


def test_unknown_targets_are_wrong(capsys):
    assert run(["eval", "label.npz", "text.tsv", "--on-unknown", "replace", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["exact"], found["nats"], found["left_out"]) == (0.0, None, 3)


def test_pairs_with_a_tab_are_text_for_a_language_model_that_knows_it(capsys):
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("abcdexyz\t\n"))
    charlm.save(model, "tabs.npz")
    assert run(["eval", "tabs.npz", "text.tsv"]) == 0
    assert "bits per character" in capsys.readouterr().out


class TestHeldOut:
    @pytest.fixture
    def pairs(self) -> list[Pair]:
        made = [Pair(f"{a}{b}", f"{b}{a}") for a in "abcdefgh" for b in "abcdefgh"]
        write("swap.tsv", made)
        small = ["--hidden-size", "6", "--batch-size", "8", "--steps", "4", "--shards", "1"]
        assert run(["train", "--pairs", "swap.tsv", "--quiet", "--seed", "3", "--val-frac", "0.25", *small]) == 0
        return made

    def test_what_the_run_held_out(self, pairs, capsys):
        assert run(["eval", "--json"]) == 0
        out, err = capsys.readouterr()
        _, held_out = split_pairs(pairs, 0.25, 3)
        assert "model swap, the newest run" in err
        assert f"pairs: the {len(held_out)} that the run held out" in err
        assert json.loads(out)["nats"] == pair_nats(charlm.load("swap", charlm.Transducer), held_out).nats

    def test_pairs_that_have_changed_or_are_gone(self, pairs, capsys):
        write("swap.tsv", pairs[1:])
        assert run(["eval", "swap"]) == 3
        assert "the run's pairs cannot be read again: the pairs of this run have changed" in capsys.readouterr().err
        Path("swap.tsv").unlink()
        assert run(["eval", "swap"]) == 3
        assert "give a file of pairs" in capsys.readouterr().err
