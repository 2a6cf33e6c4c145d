"""The parts of a run's data that a model was trained on and that were held out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

import charlm
from charlm.checkpoint import Checkpoint, load_checkpoint
from charlm.errors import CorpusError, UsageError
from charlm.models.language_model import CharModel
from charlm.text.corpus import read_corpus
from charlm.text.pair_corpus import read_pair_corpus
from charlm.text.pairs import split_pairs
from charlm.training.preparation import held_out_pairs, held_out_text, learnt_text, new_pairs_run, new_text_run

TEXT = "".join(f"{k} little ducks went out one day, over the hills and {k * k} away.\n" for k in range(90))


def trained(
    text: str = TEXT, *, vocabulary: dict[str, Any] | None = None, val_file: str | None = None, **train: Any
) -> Checkpoint[CharModel]:
    Path("ducks.txt").write_bytes(text.encode())
    settings = {"steps": 0, "batch_size": 2, **train}
    new = new_text_run(
        ["ducks.txt"], model={"hidden_size": 8}, train=settings, vocabulary=vocabulary or {}, val_file=val_file
    )
    options = new.options()
    charlm.train(new.model, new.task(), new.config, run=options).run()
    assert options.folder is not None
    return load_checkpoint(options.folder)


def test_it_is_what_was_not_held_out() -> None:
    checkpoint = trained(val_frac=0.25)
    text = learnt_text(checkpoint)
    assert text.learnt == TEXT[: len(text.learnt)]
    assert text.learnt + text.unseen == TEXT
    assert len(text.learnt) == len(TEXT) * 3 // 4
    assert held_out_text(checkpoint) == text.unseen


@pytest.mark.parametrize("unit", ["byte", "grapheme"])
def test_in_other_units(unit: str) -> None:
    content = TEXT.replace("i", "i\u0308") if unit == "grapheme" else TEXT
    text = learnt_text(trained(content, vocabulary={"unit": unit}))
    assert text.learnt + text.unseen == content
    assert text.unseen


def test_as_the_model_reads_it() -> None:
    checkpoint = trained(TEXT.upper(), vocabulary={"lowercase": True}, val_frac=0.0)
    assert learnt_text(checkpoint) == (TEXT, "", ())
    with pytest.raises(UsageError, match="nothing was held out of this model's training text; give a text"):
        held_out_text(checkpoint)


def test_documents_are_whole() -> None:
    text = learnt_text(trained(documents=True, val_frac=0.2))
    learnt, unseen = text.learnt.split("\n"), [line for line in text.unseen.split("\n") if line]
    assert len(unseen) == 18
    assert sorted(learnt + unseen) == sorted(TEXT.splitlines())


def test_a_validation_text_of_its_own() -> None:
    Path("other.txt").write_text("ducks that went away\n" * 9)
    assert learnt_text(trained(val_file="other.txt")).learnt == TEXT


def test_another_text_in_its_place() -> None:
    checkpoint = trained()
    Path("moved.txt").write_bytes(Path("ducks.txt").read_bytes())
    Path("other.txt").write_text("ducks")
    expected = learnt_text(checkpoint)
    Path("ducks.txt").unlink()
    assert learnt_text(checkpoint, "moved.txt") == expected
    assert learnt_text(checkpoint, "other.txt") == ("ducks", "", ())
    assert learnt_text(checkpoint, "-", stdin=io.BytesIO(TEXT.encode())) == expected
    with pytest.raises(CorpusError, match=r"cannot be read again: .*'ducks.txt'; find it"):
        learnt_text(checkpoint, remedy="find it")


def test_a_model_saved_by_hand_knows_none() -> None:
    charlm.save(charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("ducks")), "m.npz")
    checkpoint = load_checkpoint("m.npz")
    with pytest.raises(UsageError, match="does not say what text it has learnt; find it"):
        learnt_text(checkpoint, remedy="find it")
    assert learnt_text(checkpoint, "t.txt") == (read_corpus(["t.txt"]).text, "", ())


def test_pairs_that_were_held_out() -> None:
    new = new_pairs_run("builtin:reverse", model={"hidden_size": 8}, train={"steps": 0, "val_frac": 0.2})
    options = new.options()
    charlm.train(new.model, new.task(), new.config, run=options).run()
    checkpoint = load_checkpoint(options.folder or "", charlm.Transducer)
    assert held_out_pairs(checkpoint) == split_pairs(read_pair_corpus("builtin:reverse").pairs, 0.2, 0)[1]
