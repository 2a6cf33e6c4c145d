from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Callable
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import charlm
from charlm.checkpoint import read_npz, write_npz
from charlm.config import SampleConfig
from charlm.conversation.conversation import Conversation
from charlm.conversation.loading import load_conversation
from charlm.conversation.saving import MOST_TURNS, save_conversation
from charlm.errors import CheckpointError, DiskError, UsageError, VocabularyError
from charlm.generation.constraint import with_word_lists
from charlm.nn.stack import named_state


def small(
    symbols: str = "abcde\n", *, seed: int = 1, cell: Any = "lstm", layers: int = 1, unit: Any = "char"
) -> charlm.CharModel:
    vocabulary = charlm.Vocabulary.from_text(symbols, unit=unit)
    model = charlm.CharModel(charlm.ModelConfig(cell=cell, hidden_size=8, layers=layers), vocabulary, seed=seed)
    model.params.value *= 5  # far from uniform: what was read makes a difference
    return model


def talk(model: charlm.CharModel | None = None, *, length: int = 12, seed: int = 7) -> Conversation:
    return Conversation(model or small(), SampleConfig(length=length), seed=seed)


def turn(conversation: Conversation, typed: str) -> str:
    conversation.append(typed)
    return "".join(conversation.generate())


def fresh(model: charlm.CharModel | None = None) -> Conversation:
    """A conversation in which everything is different."""
    one = talk(model, length=3, seed=99)
    turn(one, "b")
    return one


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_save_load_go_on_is_going_on(tmp_path: Path, cell: str, layers: int) -> None:
    one = talk(small(cell=cell, layers=layers))
    turn(one, "ab"), turn(one, "")
    one.configure(
        SampleConfig(length=20, temperature=1.3, top_k=4, stop=("eee",), repeat_penalty=2, repeat_last_n=7)
    )
    assert save_conversation(one, tmp_path / "talk") == 0
    other = fresh(small(cell=cell, layers=layers))
    assert load_conversation(other, tmp_path / "talk").same
    assert (other.text, other.seed, other.config) == (one.text, 7, one.config)
    a, b = one.snapshot().start, other.snapshot().start
    assert a.random == b.random
    assert a.position.last == b.position.last
    states = [named_state(s.position.state) for s in (a, b)]
    assert all(states[0][name].tobytes() == states[1][name].tobytes() for name in states[0])
    assert [turn(one, "c"), turn(one, "")] == [turn(other, "c"), turn(other, "")]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.text("abcde\n", max_size=4), st.integers(0, 9)), max_size=6))
def test_any_conversation_comes_back(
    tmp_path_factory: pytest.TempPathFactory, turns: list[tuple[str, int]]
) -> None:
    one = talk()
    for typed, seen in turns:
        one.append(typed)
        answer = one.generate()
        list(islice(answer, seen))  # stopped in the middle of the answer
        answer.close()
    file = tmp_path_factory.mktemp("any") / "talk.npz"
    save_conversation(one, file)
    other = talk(seed=1)
    load_conversation(other, file)
    assert [(t.typed, t.generated, t.offset) for t in other.turns] == [
        (t.typed, t.generated, t.offset) for t in one.turns
    ]
    assert turn(other, "") == turn(one, "")


def test_undo_and_retry_go_on_behind_a_file(tmp_path: Path) -> None:
    one, other = talk(), fresh()
    before = other.text
    first = turn(one, "ab")
    second = turn(one, "c")
    save_conversation(one, tmp_path / "talk")
    load_conversation(other, tmp_path / "talk")
    other.retry()
    one.retry()
    assert "".join(other.generate()) == "".join(one.generate())
    other.undo()
    assert (other.text, turn(other, "c")) == ("ab" + first, second)
    for _ in range(2):
        other.undo()
    assert (other.text, other.seed) == ("", 7)
    other.undo()  # and what was there before
    assert (other.text, other.seed) == (before, 99)


def test_branches_come_along_and_share_their_turns(tmp_path: Path) -> None:
    one = talk()
    turn(one, "ab")
    one.branches["here"] = one.snapshot()
    left = turn(one, "c")
    one.branches["left"] = one.snapshot()
    one.return_to("here")
    right = turn(one, "d")
    save_conversation(one, tmp_path / "talk")
    assert len(read_npz(tmp_path / "talk").tensors["turns"]) == 3
    other = fresh()
    load_conversation(other, tmp_path / "talk")
    assert other.text.endswith("d" + right)
    other.return_to("left")
    assert other.text.endswith("c" + left)
    assert turn(other, "") != ""
    other.return_to("here")
    assert turn(other, "c") == left


def test_a_branch_of_another_model_stays_out(tmp_path: Path) -> None:
    one = talk()
    turn(one, "ab")
    one.branches["old"] = one.snapshot()
    one.switch_model(small(seed=2))
    assert save_conversation(one, tmp_path / "talk") == 1


def test_another_model_reads_the_text_anew(tmp_path: Path) -> None:
    one, model = talk(), small("abcdefgh\n", seed=2)
    turn(one, "ab"), turn(one, "c")
    one.configure(SampleConfig(length=9, temperature=0))
    one.branches["end"] = one.snapshot()
    save_conversation(one, tmp_path / "talk")
    other = fresh(model)
    assert not load_conversation(other, tmp_path / "talk").same
    assert other.text == one.text
    expected = "".join(charlm.generate(model, prompt=one.text, length=9, temperature=0))
    assert turn(other, "") == expected
    other.return_to("end")
    assert turn(other, "") == expected
    other.undo(), other.retry()
    assert "".join(other.generate()) == "".join(
        charlm.generate(model, prompt=one.text[:15], length=9, temperature=0)
    )


def test_a_model_that_does_not_know_the_text_is_told_and_changes_nothing(tmp_path: Path) -> None:
    one = talk()
    turn(one, "ab")
    save_conversation(one, tmp_path / "talk")
    other = Conversation(small("xyz"), SampleConfig(length=3), seed=5)
    place = other.snapshot()
    with pytest.raises(VocabularyError):
        load_conversation(other, tmp_path / "talk")
    assert (other.text, other.seed, other.config) == ("", 5, SampleConfig(length=3))
    assert other.snapshot().start.random == place.start.random


@pytest.mark.parametrize("unit", ["byte", "grapheme"])
def test_other_units_and_half_characters(tmp_path: Path, unit: str) -> None:
    model = small("é日e\u0301x\n" + "\ud800" * (unit == "byte"), unit=unit)
    one, other = talk(model), talk(model, seed=99)
    turn(one, "é日"), turn(one, "\ud800" if unit == "byte" else "x")
    save_conversation(one, tmp_path / "talk")
    load_conversation(other, tmp_path / "talk")
    assert other.text == one.text
    assert turn(other, "") == turn(one, "")


def edited(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Forge a file: everything in it agrees with its checksums."""
    contents = read_npz(path)
    meta, tensors = contents.meta["conversation"], dict(contents.tensors)
    change(meta, tensors)
    write_npz(path, {"conversation": meta}, tensors)


def put(name: str, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda meta, tensors: (tensors if name in tensors else meta).__setitem__(name, value)


def settings_of(**changes: Any) -> dict[str, Any]:
    return dataclasses.asdict(SampleConfig()) | changes


def first_recent(data: bytes) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """Let the first of the memories be these bytes, and the others empty."""

    def change(_meta: dict[str, Any], tensors: dict[str, Any]) -> None:
        tensors["recent"] = np.frombuffer(data, np.uint8)
        tensors["last"] = np.stack([tensors["last"][:, 0], [len(data), 0, 0, 0, 0]], axis=1)

    return change


def renamed(name: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """Give a branch a name, in a file in which all else agrees with it."""

    def change(meta: dict[str, Any], tensors: dict[str, Any]) -> None:
        meta |= {"branches": [name], "ends": [1, 1], "seeds": [1] * 4}
        for key, rows in [("random", 4), ("last", 6), ("state.0.h", 6), ("state.0.c", 6)]:
            tensors[key] = np.resize(tensors[key], (rows, *tensors[key].shape[1:]))
        tensors["last"] = np.zeros((6, 2), np.int64)
        tensors["recent"] = np.zeros(0, np.uint8)

    return change


def test_the_forgery_of_names_is_refused_for_the_names_alone(tmp_path: Path) -> None:
    one, other = talk(), fresh()
    turn(one, "ab"), turn(one, "c")
    save_conversation(one, tmp_path / "talk")
    edited(tmp_path / "talk", renamed("äb-1.c"))
    load_conversation(other, tmp_path / "talk")
    assert list(other.branches) == ["äb-1.c"]


FORGED = [
    put("version", 2), put("settings", None), put("settings", {"nope": 1}),
    put("settings", settings_of(length="x")),
    put("settings", settings_of(stop=[1])), put("settings", settings_of(stop=3)),
    put("settings", settings_of(top_k=-1)),
    put("writer", 3), put("writer", "x" * 501),
    put("seeds", [1]), put("seeds", [1, 1, 1, -1]), put("seeds", [1, 1, 1, True]), put("seeds", 3),
    put("branches", ["x"]), renamed("\u202e"), renamed("a b"), renamed(3),
    put("branches", None), put("branches", [3]), put("ends", []), put("ends", [2]),
    put("ends", ["0"]),
    put("text", np.array([255] * 28, np.uint8)), put("text", np.zeros(0, np.uint8)), put("text", np.zeros(28)),
    put("turns", np.zeros((2, 2), np.int64)), put("turns", np.array([[-1, 2, 12], [1, 1, 12]])),
    put("turns", np.array([[-1, 2, -12], [0, 1, 36]])), put("turns", np.array([[-2, 2, 12], [0, 1, 12]])),
    put("turns", np.zeros((MOST_TURNS + 1, 3), np.int64)),
    put("last", np.array([[77, 0]] * 5)), put("last", np.array([[-2, 0]] * 5)),
    put("last", np.zeros((4, 2), np.int64)),
    put("recent", np.zeros(3, np.uint8)), put("recent", np.zeros(0, np.uint8)), first_recent(b"\xff" * 4),
    first_recent(b"\0\0\0\1"), first_recent(b"\0\0\0"),
    put("random", np.zeros((3, 39), np.uint8)), put("random", np.full((3, 40), 255, np.uint8)),
    put("state.0.h", np.full((5, 8), np.nan, np.float32)), put("state.0.h", np.zeros((5, 9), np.float32)),
    put("state.0.h", np.zeros((5, 8))), put("state.0.c", np.zeros((4, 8), np.float32)),
    lambda meta, tensors: tensors.pop("last"), lambda meta, tensors: tensors.pop("state.0.c"),
    lambda meta, tensors: tensors.pop("text"), lambda meta, tensors: meta.clear(),
]  # fmt: skip


@pytest.mark.parametrize("change", FORGED, ids=range(len(FORGED)))
def test_a_forged_file_is_refused_in_one_line_and_changes_nothing(
    tmp_path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]
) -> None:
    one, other = talk(), fresh()
    turn(one, "ab"), turn(one, "c")
    save_conversation(one, tmp_path / "talk")
    edited(tmp_path / "talk", change)
    text, random = other.text, other.snapshot().start.random
    with pytest.raises(CheckpointError, match=r"^conversation .*cannot be used: .*; .*") as problem:
        load_conversation(other, tmp_path / "talk")
    assert "\n" not in str(problem.value)
    assert (other.text, other.snapshot().start.random, other.config.length) == (text, random, 3)


@pytest.mark.parametrize("pattern", [{"regex": "(a|@file:words)b"}, {"template": "{x:@file:words}"}])
def test_a_forged_pattern_reads_no_file(
    tmp_path: Path, pattern: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("words").write_text("a\n")
    one, other = talk(), fresh()
    turn(one, "ab")
    save_conversation(one, tmp_path / "talk")
    edited(tmp_path / "talk", lambda meta, _: meta["settings"].update(pattern))
    text = other.text
    with pytest.raises(UsageError, match="a list of words that has not been read"):
        load_conversation(other, tmp_path / "talk")
    assert (other.text, other.config.regex, other.config.template) == (text, "", "")


def test_the_words_of_a_pattern_are_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("\n".join(map("".join, product("abcde", repeat=5))))
    one, other = talk(), fresh()
    one.configure(with_word_lists(SampleConfig(regex=f"(@file:'{tmp_path}/words')+", length=12)))
    save_conversation(one, tmp_path / "talk")
    (tmp_path / "words").unlink()
    assert load_conversation(other, tmp_path / "talk").same
    assert [turn(other, ""), turn(other, "")] == [turn(one, ""), turn(one, "")]
    assert other.config == one.config


def test_damage_and_other_files_are_refused(tmp_path: Path) -> None:
    one = talk()
    turn(one, "ab")
    file = tmp_path / "talk"
    save_conversation(one, file)
    data = bytearray(file.read_bytes())
    step = max(1, len(data) // 150)
    for place in range(0, len(data), step):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        other = fresh()
        try:
            load_conversation(other, file)
        except CheckpointError:
            continue
        assert other.text == one.text  # a bit that means nothing
    charlm.save(small(), tmp_path / "model.npz")
    with pytest.raises(CheckpointError, match="holds no conversation; a model is taken by /model"):
        load_conversation(fresh(), tmp_path / "model.npz")
    with pytest.raises(CheckpointError, match=r"^there is no conversation '.*nowhere'; check the name$"):
        load_conversation(fresh(), tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="not a regular file"):
        load_conversation(fresh(), tmp_path)


def test_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = talk()
    turn(one, "ab")
    with pytest.raises(DiskError):
        save_conversation(one, tmp_path / "no folder" / "talk")
    monkeypatch.setattr("charlm.conversation.saving.MOST_TURNS", 0)
    with pytest.raises(UsageError, match="at most 0 turns, this is 1; /export the text"):
        save_conversation(one, tmp_path / "talk")
    assert not list(tmp_path.iterdir())


def test_as_many_turns_as_a_file_may_hold_take_no_more_than_64_mb_beside_it(tmp_path: Path) -> None:
    one = talk()
    for _ in range(MOST_TURNS):
        one.append("a")
    file = tmp_path / "talk"
    save_conversation(one, file)
    one.append("a")
    with pytest.raises(UsageError, match="at most 20,000 turns"):
        save_conversation(one, file)
    other = talk(small(seed=2))
    tracemalloc.start()
    assert not load_conversation(other, file).same
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < file.stat().st_size + (64 << 20)
    assert len(other.text) == MOST_TURNS
