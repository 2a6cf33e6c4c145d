"""A new run on a text, prepared without a command line; the flags are tried in tests/cli."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

import charlm
from charlm.errors import CorpusError, UsageError
from charlm.training.preparation import NewRun, new_text_run

SMALL: dict[str, Any] = {"model": {"hidden_size": 6}, "train": {"steps": 2, "batch_size": 4, "seq_length": 9}}


def prepared(*sources: str, **settings: Any) -> NewRun:
    return new_text_run(sources, **{**SMALL, **settings})


def test_values_in_values_out() -> None:
    phases: list[str] = []
    text = Path("t.txt").read_text("utf-8")
    new = prepared("t.txt", on_phase=phases.append)
    assert phases == ["reading the text", "making the vocabulary and the model"]
    assert isinstance(new.model, charlm.CharModel)
    assert (new.model.config.hidden_size, new.config.steps, new.stem) == (6, 2, "t")
    assert new.model.vocabulary == charlm.Vocabulary.from_text(text)
    assert new.origin == {
        "preset": new.origin["preset"],
        "sources": ["t.txt"],
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "val_file": None,
        "val_sha256": None,
        "encoding": "utf-8",
        "errors": "strict",
    }
    assert not Path("checkpoints").exists()
    options = new.options()
    assert options.folder == Path("checkpoints/t")
    assert charlm.train(new.model, new.task(), new.config, run=options).run().step == 2


def test_a_file_to_validate_on_is_part_of_the_vocabulary() -> None:
    Path("v.txt").write_text("zzz 000", "utf-8")
    new = prepared("t.txt", val_file="v.txt")
    assert new.data.validation == "zzz 000"
    assert "0" in new.model.vocabulary.symbols
    assert new.task().validation_characters == 6


def test_documents_are_split_at_line_ends_which_are_no_symbols() -> None:
    Path("names.txt").write_text("ann\nbob\n" * 9, "utf-8")
    new = prepared("names.txt", train={"documents": True, "steps": 1})
    assert set(new.model.vocabulary.symbols) == {*"anbo", "<stop>"}


def test_what_was_read_otherwise_is_remarked() -> None:
    Path("folder").mkdir()
    Path("folder/a.txt").write_text("some words", "utf-8")
    Path("folder/b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (remark,) = prepared("folder").remarks
    assert "left out 1 binary file" in remark


class Typed(io.BytesIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stdin", "told"), [(io.BytesIO, True), (Typed, False)])
def test_what_a_person_types_is_not_called_reading(stdin: type[io.BytesIO], told: bool) -> None:
    phases: list[str] = []
    new = prepared("-", stdin=stdin(b"a text from there"), on_phase=phases.append)
    assert new.data.train == "a text from there"
    assert ("reading the text" in phases) == told


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocab_from": "a", "init_from": "b"}, "`init_from` brings its model's vocabulary along"),
        ({"errors": "ignore"}, "`errors` is 'ignore'; choose strict or replace"),
        ({"vocabulary": {"unit": "word"}}, "`unit` is 'word'; choose one of char, byte, grapheme"),
        ({"vocabulary": {"normalize": "NFD"}}, "`normalize` is 'NFD'; choose one of none, NFC, NFKC"),
        ({"val_file": "m.npz"}, "'m.npz' is a model where a text belongs"),
    ],
)
def test_settings_are_refused_before_the_text_is_read(settings: dict[str, Any], message: str) -> None:
    Path("m.npz").write_bytes(b"")
    with pytest.raises(UsageError) as error:
        prepared("gone.txt", **settings)
    assert str(error.value).startswith(message)


def test_networks_of_a_mixture_begin_with_different_weights() -> None:
    new = prepared("t.txt", members=3)
    assert isinstance(new.model, charlm.Ensemble)
    alone = [prepared("t.txt", train={**SMALL["train"], "seed": seed}).model.params.value for seed in range(3)]
    assert all((one.params.value == other).all() for one, other in zip(new.model.networks, alone, strict=True))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"members": 0}, "`members` is 0; it must be at least 1 and at most 16"),
        ({"members": 17}, "`members` is 17; it must be at least 1 and at most 16"),
        (
            {"members": 2, "init_from": "m.npz"},
            "`members` is 2, and `init_from` 'm.npz' has 1, which all continue; leave `members` out",
        ),
    ],
)
def test_numbers_of_networks_that_are_refused(settings: dict[str, Any], message: str) -> None:
    charlm.save(charlm.CharModel(charlm.ModelConfig(hidden_size=3), charlm.Vocabulary.from_text("ab")), "m.npz")
    with pytest.raises(UsageError, match=re.escape(message)):
        prepared("t.txt", **settings)


def test_one_symbol_is_too_few() -> None:
    Path("a.txt").write_text("aaaa", "utf-8")
    with pytest.raises(CorpusError, match="at least two symbols"):
        prepared("a.txt")
