"""A model over more symbols: nothing old is lost, and nothing new is likelier than a guess."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import charlm
from charlm import CharModel, ModelConfig, Vocabulary
from charlm.models.extension import extended, union

OLD = Vocabulary.from_text("bdfé日")
SHAPES: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn"},
    "lstm": {"cell": "lstm", "layers": 2},
    "gru": {"cell": "gru"},
    "embedding": {"cell": "lstm", "embedding_size": 3},
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def make_model(shape: dict[str, Any], vocabulary: Vocabulary = OLD, dtype: str = "float64") -> CharModel:
    model = CharModel(ModelConfig(**shape, hidden_size=5, dtype=dtype), vocabulary)
    model.params.value[:] = np.random.default_rng(0).normal(size=model.params.value.size)
    return model


def probabilities(model: CharModel, ids: np.ndarray) -> np.ndarray:
    logits, _ = model.logits(ids[:, None])
    p = np.exp(logits[:, 0] - logits[:, 0].max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


class TestJoined:
    @pytest.mark.parametrize(
        ("unit", "one", "other", "symbols"),
        [
            ("char", "bd日", "a😀c\x00", ("\x00", "a", "b", "c", "d", "日", "😀")),
            ("byte", "bé", "a", (97, 98, 0xA9, 0xC3)),
            ("grapheme", "e\u0301b", "ea", ("a", "b", "e", "e\u0301")),
        ],
    )
    def test_symbols_are_sorted(self, unit: Any, one: str, other: str, symbols: tuple[Any, ...]) -> None:
        both = union(Vocabulary.from_text(one, unit=unit), Vocabulary.from_text(other, unit=unit))
        assert both.symbols == symbols
        assert both == Vocabulary.from_text(one + other, unit=unit)

    @pytest.mark.parametrize("rare", [(1, 1), (2, 1), (1, 2), (2, 2)])
    @pytest.mark.parametrize("stop", [(False, False), (True, False), (False, True), (True, True)])
    def test_special_symbols_stay_last(self, rare: tuple[int, int], stop: tuple[bool, bool]) -> None:
        one = Vocabulary.from_text("bbdd", min_count=rare[0], stop=stop[0])
        other = Vocabulary.from_text("aadd", min_count=rare[1], stop=stop[1])
        specials = ("<unk>",) * (2 in rare) + ("<stop>",) * any(stop)
        assert union(one, other).symbols == ("a", "b", "d", *specials)

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"unit": "byte"}, "unit is char, the other's byte"),
            ({"normalize": "NFC"}, "normalize is none, the other's NFC"),
            ({"lowercase": True}, "lowercase is False, the other's True"),
        ],
    )
    def test_other_settings(self, settings: dict[str, Any], words: str) -> None:
        other = Vocabulary.from_text("abc", **settings)
        with pytest.raises(charlm.UsageError, match=words):
            union(OLD, other)
        with pytest.raises(charlm.UsageError, match=words):
            extended(make_model({}), other)

    def test_settings_stay(self) -> None:
        one, other = (Vocabulary.from_text(text, normalize="NFC", lowercase=True) for text in ("AB", "C"))
        both = union(one, other)
        assert (both.symbols, both.normalize, both.lowercase) == (("a", "b", "c"), "NFC", True)


WIDER = {
    "between": Vocabulary.from_text("abcdefé日語"),
    "special": Vocabulary.from_text("bdfé日bdfé日", min_count=2, stop=True),
    "one": Vocabulary.from_text("bdfé日z"),
}


@every_shape
class TestExtended:
    @pytest.mark.parametrize("vocabulary", WIDER.values(), ids=WIDER)
    def test_old_texts_keep_their_probabilities(self, shape: dict[str, Any], vocabulary: Vocabulary) -> None:
        model = make_model(shape)
        before = model.params.value.copy()
        wide = extended(model, vocabulary, seed=1)
        text = "".join(np.random.default_rng(2).choice(list("bdfé日"), 60))
        old = probabilities(model, OLD.encode(text))
        new = probabilities(wide, vocabulary.encode(text))
        kept = [vocabulary.symbols.index(symbol) for symbol in OLD.symbols]
        share = new[:, kept].sum(axis=1, keepdims=True)
        np.testing.assert_allclose(new[:, kept] / share, old, rtol=1e-12)
        # as likely as a guess at most, so that the old ones keep most
        fresh = np.delete(new, kept, axis=1)
        assert fresh.shape[1] == len(vocabulary) - len(OLD)
        assert (fresh > 0).all()
        assert fresh.max() <= 1 / len(vocabulary) + 1e-15
        assert share.min() >= len(OLD) / len(vocabulary)
        np.testing.assert_array_equal(model.params.value, before)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_without_new_symbols_the_bits_stay(self, shape: dict[str, Any], dtype: str) -> None:
        model = make_model(shape, dtype=dtype)
        same = extended(model, union(OLD, Vocabulary.from_text("fb")), seed=1)
        assert same.vocabulary == OLD
        assert same.params.value.tobytes() == model.params.value.tobytes()
        assert not np.shares_memory(same.params.value, model.params.value)

    def test_new_symbols_are_read_as_at_a_fresh_start(self, shape: dict[str, Any]) -> None:
        vocabulary = WIDER["between"]
        model, fresh = make_model(shape), CharModel(make_model(shape).config, vocabulary, seed=7)
        wide = extended(model, vocabulary, seed=7)
        name = "embedding.W" if "embedding_size" in shape else "layers.0.W_x"
        new = [k for k, symbol in enumerate(vocabulary.symbols) if symbol not in OLD]
        np.testing.assert_array_equal(wide.params[name][:, new], fresh.params[name][:, new])
        other = extended(model, vocabulary, seed=8)
        assert (other.params[name][:, new] != wide.params[name][:, new]).any()

    def test_it_learns_the_new_symbols(self, shape: dict[str, Any]) -> None:
        text = "zabz" * 200
        model = extended(make_model(shape), union(OLD, Vocabulary.from_text(text)))
        before = charlm.evaluate(model, text).nats
        config = charlm.TrainConfig(steps=40, batch_size=4, seq_length=10, shards=1, learning_rate=0.1)
        list(charlm.train(model, text, config))
        assert charlm.evaluate(model, text).nats < before / 2


def test_a_vocabulary_that_lacks_a_symbol() -> None:
    with pytest.raises(charlm.UsageError, match="lacks '日', which the model knows; give one with all its symbols"):
        extended(make_model({}), Vocabulary.from_text("bdféz"))
