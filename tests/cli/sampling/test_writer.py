from __future__ import annotations

import json
from pathlib import Path

import pytest

import charlm
from charlm.cli.entry import run
from charlm.generation import beam_search


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> charlm.CharModel:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints" / "run").mkdir(parents=True)
    vocabulary = charlm.Vocabulary.from_text("abcdef \n", stop=True)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=5), vocabulary, seed=2)
    model.params.value *= 3
    model.params["head.b"][vocabulary.stop_id] -= 3  # texts long enough to stop in
    charlm.save(model, "checkpoints/run/last.npz")
    return model


class TestBeam:
    def test_the_best_texts_one_after_the_other_and_no_seed(self, model, capsys):
        assert run(["sample", "--beam", "6", "--count", "3", "--length", "20", "--prompt", "ab"]) == 0
        out, err = capsys.readouterr()
        found = beam_search(model, width=6, count=3, length=20, prompt="ab")
        assert out.split("\n---\n") == ["ab" + one.text for one in found]
        assert err == ""

    @pytest.mark.parametrize("alias", ["--beam", "--num_beams", "--beam-size", "--beam_width"])
    def test_as_json(self, model, capsys, alias):
        stop = beam_search(model, width=6, length=9, prompt="ab")[0].text[5:8]
        flags = [alias, "6", "--count", "4", "--length", "9", "--stop", stop, "--prompt", "ab"]
        assert run(["sample", *flags, "--json", "--seed", "3", "--temperature", "0"]) == 0
        objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        found = beam_search(model, width=6, count=4, length=9, prompt="ab", stop=stop)
        for one, hypothesis in zip(objects, found, strict=True):
            assert one == {
                "text": hypothesis.text,
                "prompt": "ab",
                "seed": None,
                "parameters": {"beam": 6, "length": 9, "stop": [stop], "on_unknown": "error"},
                "finish_reason": hypothesis.finish_reason,
                "logprobs": list(hypothesis.logprobs),
                "score": hypothesis.score,
            }
        assert "stop" in {one["finish_reason"] for one in objects}

    @pytest.mark.parametrize(
        ("flags", "word"),
        [
            (["--top-k", "3"], "--top-k has nothing to act on"),
            (["--top-p", "0.5"], "--top-p"),
            (["--typical-p", "0.5"], "--typical-p"),
            (["--min-p", "0.5"], "--min-p"),
            (["--temp", "1.2"], "--temperature"),
            (["--repeat-penalty", "2"], "--repeat-penalty"),
            (["--count", "9"], "count is 9; it must be from 1 to the width of the beam, 5"),
            (["--beam", "0"], "beam is 0"),
            (["--prompt", "Ω"], "'Ω'"),
        ],
    )
    def test_what_has_no_meaning_with_it_is_refused(self, model, capsys, flags, word):
        assert run(["sample", "--beam", "5", *flags]) == (3 if "Ω" in flags else 2)
        out, err = capsys.readouterr()
        assert out == ""
        assert word in err
        assert err.count("\n") == 1

    def test_into_a_file(self, model, capsys):
        assert run(["sample", "--beam", "4", "--length", "12", "--output", "out.txt", "--no-echo"]) == 0
        assert capsys.readouterr() == ("", "")
        assert Path("out.txt").read_bytes().decode() == beam_search(model, width=4, length=12)[0].text
