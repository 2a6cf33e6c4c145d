from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import charlm
from charlm.text.batches import DocumentBatches, MinCharRnnBatches, RandomBatches, SequentialBatches
from charlm.training.task import TextTask, text_task
from charlm.training.validation import WARMUP

TEXT = "abcdefghij" * 100
LINES = "ab\n\ncde\r\n   \nf\nghij\nabc\n"


def vocabulary(text: str = TEXT, **how: object) -> charlm.Vocabulary:
    return charlm.Vocabulary.from_text(text, **how)


class TestText:
    def test_the_end_is_held_out_and_warmed_up_on_what_stands_before_it(self) -> None:
        task = text_task(vocabulary(), TEXT, charlm.TrainConfig(val_frac=0.1))
        ids = vocabulary().encode(TEXT)
        assert task.characters == len(task.train) == 900
        held_out = task.held_out
        np.testing.assert_array_equal(task.train, ids[:900])
        np.testing.assert_array_equal(held_out.targets[held_out.warmup :], ids[900:])
        np.testing.assert_array_equal(held_out.inputs, ids[899 - WARMUP : -1])
        np.testing.assert_array_equal(held_out.targets, ids[900 - WARMUP :])
        assert held_out.warmup == WARMUP
        assert np.flatnonzero(held_out.resets).tolist() == [0]

    def test_a_short_text_warms_up_on_all_there_is(self) -> None:
        held_out = text_task(vocabulary(), TEXT[:20], charlm.TrainConfig(val_frac=0.5)).held_out
        assert (held_out.warmup, len(held_out.inputs)) == (9, 19)

    def test_nothing_held_out(self) -> None:
        task = text_task(vocabulary(), TEXT, charlm.TrainConfig(val_frac=0))
        assert task.held_out is None
        assert task.characters == 1000

    def test_a_text_too_short_to_hold_anything_out(self) -> None:
        task = text_task(vocabulary(), "ab", charlm.TrainConfig(val_frac=0.1))
        assert task.held_out is None
        assert task.characters == 2

    @pytest.mark.parametrize("text", ["", "a"])
    def test_a_text_too_short_to_learn_from(self, text: str) -> None:
        with pytest.raises(
            charlm.CorpusError, match=rf"^the text has {len(text)} symbols; training needs at least 2"
        ):
            text_task(vocabulary(), text, charlm.TrainConfig(val_frac=0))

    def test_a_text_of_its_own_to_validate_on(self) -> None:
        task = text_task(vocabulary(), TEXT, charlm.TrainConfig(val_frac=0.5), "abcab")
        assert task.characters == 1000
        assert task.held_out.inputs.tolist() == [0, 1, 2, 0]
        assert task.held_out.targets.tolist() == [1, 2, 0, 1]
        assert task.held_out.warmup == 0

    def test_a_symbol_that_the_vocabulary_lacks(self) -> None:
        with pytest.raises(charlm.VocabularyError, match="'é' at offset 3"):
            text_task(vocabulary(), "abcé", charlm.TrainConfig())

    def test_rare_symbols_become_the_unknown_one(self) -> None:
        known = vocabulary(TEXT + "é", min_count=2)
        task = text_task(known, "abéc", charlm.TrainConfig(val_frac=0))
        assert list(task.train) == [0, 1, known.unknown_id, 2]


class TestDocuments:
    CONFIG = charlm.TrainConfig(documents=True, val_frac=0.4, seed=5)
    KNOWN = vocabulary("abcdefghij", stop=True)

    def test_some_are_drawn_by_seed(self) -> None:
        task = text_task(self.KNOWN, LINES, self.CONFIG)
        again = text_task(self.KNOWN, LINES, self.CONFIG)
        kept = [self.KNOWN.decode(ids) for ids in task.train]
        assert len(kept) == 3
        assert [self.KNOWN.decode(ids) for ids in again.train] == kept
        assert kept == sorted(kept, key=["ab", "cde", "f", "ghij", "abc"].index)
        assert task.characters == sum(map(len, kept)) + 3  # each with its stop symbol
        seeds = [charlm.TrainConfig(documents=True, val_frac=0.4, seed=seed) for seed in range(8)]
        drawn = {tuple(map(self.KNOWN.decode, text_task(self.KNOWN, LINES, config).train)) for config in seeds}
        assert len(drawn) > 1

    def test_the_others_are_bounded_by_stop_symbols(self) -> None:
        task = text_task(self.KNOWN, LINES, self.CONFIG)
        stop, held_out = self.KNOWN.stop_id, task.held_out
        assert (held_out.inputs[held_out.resets] == stop).all()
        assert held_out.resets.sum() == (held_out.targets == stop).sum() == 2
        texts = self.KNOWN.decode(held_out.targets)  # a stop symbol is no text
        kept = [self.KNOWN.decode(ids) for ids in task.train]
        assert sorted(texts + "".join(kept)) == sorted("abcdefghijabc")
        assert held_out.warmup == 0

    def test_documents_of_their_own_to_validate_on(self) -> None:
        task = text_task(self.KNOWN, LINES, self.CONFIG, "a\n\nb\n")
        stop = self.KNOWN.stop_id
        assert len(task.train) == 5
        assert task.held_out.inputs.tolist() == [stop, 0, stop, 1]
        assert task.held_out.targets.tolist() == [0, stop, 1, stop]

    def test_one_document_is_not_held_out(self) -> None:
        task = text_task(self.KNOWN, "abc", self.CONFIG)
        assert (len(task.train), task.held_out, task.characters) == (1, None, 4)

    def test_blank_lines_only(self) -> None:
        with pytest.raises(charlm.CorpusError, match="no line that is not blank; give one with a document on each"):
            text_task(self.KNOWN, " \n\n", self.CONFIG)

    def test_a_vocabulary_without_a_stop_symbol(self) -> None:
        with pytest.raises(charlm.UsageError, match="needs a vocabulary with a stop symbol; train a new model"):
            text_task(vocabulary(), LINES, self.CONFIG)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, SequentialBatches),
        ({"sampling": "random"}, RandomBatches),
        ({"sampling": "min-char-rnn", "batch_size": 1}, MinCharRnnBatches),
        ({"documents": True}, DocumentBatches),
    ],
)
def test_the_kind_of_batches(settings: dict[str, object], kind: type) -> None:
    config = charlm.TrainConfig(**{"batch_size": 4, "seq_length": 8, **settings})
    known = vocabulary("abcdefghij", stop=True)
    task = text_task(known, "abcdefghij" * 10, config)
    batches = task.batches(config, np.random.default_rng(0))
    assert type(batches) is kind
    assert batches.next()["inputs"].shape == (8, config.batch_size)


def test_min_char_rnn_has_one_stream() -> None:
    config = charlm.TrainConfig(sampling="min-char-rnn", batch_size=4)
    task = text_task(vocabulary(), TEXT, config)
    with pytest.raises(charlm.UsageError, match=r"reads one stream, not 4; give `batch_size=1`$"):
        task.batches(config, np.random.default_rng(0))


def test_documents_without_a_stop_symbol_have_no_batches() -> None:
    config, known = charlm.TrainConfig(documents=True), vocabulary(LINES)
    task = TextTask(known, [known.encode("ab")], None)
    with pytest.raises(charlm.UsageError, match="needs a vocabulary with a stop symbol; train a new model"):
        task.batches(config, np.random.default_rng(0))


def fitted(config: charlm.TrainConfig, characters: int) -> charlm.TrainConfig:
    text = TEXT * 10
    known = vocabulary(text, stop=True)
    return text_task(known, text[:characters], dataclasses.replace(config, val_frac=0.0)).fit(config)


class TestFit:
    def test_a_long_text_changes_nothing(self) -> None:
        config = charlm.TrainConfig(batch_size=16, seq_length=32, shards=4)
        assert fitted(config, 16 * 32 + 1) == config

    def test_shards_that_no_longer_divide_are_chosen_again(self) -> None:
        config = fitted(charlm.TrainConfig(batch_size=16, seq_length=32, shards=4), 200)
        assert (config.batch_size, config.seq_length, config.shards) == (6, 32, None)

    def test_a_short_text_shrinks_the_range_of_lengths(self) -> None:
        config = charlm.TrainConfig(batch_size=16, seq_length=64, seq_length_min=32)
        short = fitted(config, 20)
        assert (short.batch_size, short.seq_length, short.seq_length_min) == (1, 19, 19)
        assert fitted(config, 10_000) == config

    def test_documents_are_dealt_and_always_fill_windows(self) -> None:
        config = charlm.TrainConfig(documents=True, batch_size=64, seq_length=64)
        assert fitted(config, 3) is config
