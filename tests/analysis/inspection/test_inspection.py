"""Inspection against finite differences, brute force and numpy's own statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest

from charlm.analysis import evaluate
from charlm.analysis.inspection.connectivity import LONGEST, connectivity
from charlm.analysis.inspection.features import FEATURES, feature_values
from charlm.analysis.inspection.gradient_flow import fresh_cells, gradient_flow
from charlm.analysis.inspection.health import health
from charlm.analysis.inspection.neighbours import neighbours
from charlm.analysis.inspection.reading import encode_text, read_units
from charlm.analysis.inspection.saturation import gate_saturation
from charlm.analysis.inspection.search import SHORTEST, area_under_curve, correlations, find_units
from charlm.config import ModelConfig
from charlm.errors import CorpusError, DivergedError, UsageError
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary

TEXT = 'He said "no (not I)" and\n  went on. # a note\n\nThen "yes".\n'


def model_of(cell="lstm", text=TEXT, *, unit="char", stop=False, **settings):
    vocabulary = Vocabulary.from_text(text, unit=unit, stop=stop)
    config = ModelConfig(cell=cell, hidden_size=9, dtype="float64", **settings)
    return CharModel(config, vocabulary, seed=1)


class TestUnits:
    @pytest.mark.parametrize(("cell", "layers"), [("lstm", 1), ("gru", 2), ("rnn", 1)])
    def test_values_are_those_of_reading_symbol_by_symbol(self, cell, layers):
        model = model_of(cell, layers=layers)
        text = TEXT * 6  # longer than a window
        found = read_units(model, text)
        assert found.pieces == tuple(text)
        step, state = model.stepper(), model.zero_state(1)
        state = tuple(type(layer)(*(part[0] for part in layer)) for layer in state)
        for t, k in enumerate(model.vocabulary.encode(text).tolist()):
            _, state = step(k, state)
            shown = [np.tanh(layer.c) if cell == "lstm" else layer.h for layer in state]
            np.testing.assert_allclose(found.values[t], np.concatenate(shown), atol=1e-12)

    def test_chosen_units_are_columns_of_all(self):
        model = model_of(layers=2)
        every, some = read_units(model, TEXT).values, read_units(model, TEXT, units=[17, 3]).values
        np.testing.assert_array_equal(some, every[:, [17, 3]])

    def test_a_character_of_several_bytes_has_the_value_after_its_last(self):
        model = model_of(unit="byte", text="aé日")
        found = read_units(model, "é日a")
        assert found.pieces == ("é", "日", "a")
        assert encode_text(model, "é日a").pieces(model.vocabulary)[1].tolist() == [1, 4, 5]

    @pytest.mark.parametrize("view", [read_units, connectivity, health, gradient_flow, gate_saturation, find_units])
    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_weights_that_are_not_finite_are_refused(self, view, value):
        model = model_of()
        model.params["layers.0.b"][0] = value
        with pytest.raises(DivergedError, match="diverged"):
            view(model, TEXT * 10)
        with pytest.raises(DivergedError, match="diverged"):
            neighbours(model)

    def test_every_byte_has_a_name_of_its_own(self):
        model = model_of(unit="byte", text="aé日")
        found = neighbours(model)
        assert len(found) == len(model.vocabulary)
        assert "\\xc3" in found
        assert connectivity(model, "aé").pieces == ("a", "\\xc3", "\\xa9")


class TestDocuments:
    """Nothing that came before a document changes what a view says of it."""

    DOCUMENT = "abcabcabcabcabcabcabcabcabcabc"

    def test_predictions_depend_on_their_own_document_alone(self):
        model = model_of(stop=True, text="abc")
        alone, found = (connectivity(model, before + "cab\n") for before in ("", "abba\n" * LONGEST))
        n = len(alone.pieces)
        assert found.pieces[-n:] == alone.pieces == ("\n", "c", "a", "b", "\n")
        np.testing.assert_allclose(found.nats[1 - n :], alone.nats[1:])
        np.testing.assert_allclose(found.strength[1 - n :, -n:], alone.strength[1:])
        assert not found.strength[1 - n :, :-n].any()

    def test_the_loss_is_that_of_an_evaluation(self):
        model = model_of(stop=True, text="abc")
        text = "abc\ncab\nbca\n"
        assert health(model, text).loss_nats == pytest.approx(evaluate(model, text).nats)

    def test_no_gradient_passes_the_beginning_of_a_document(self):
        model = model_of(stop=True, text="abc")
        flow = gradient_flow(model, "cba\n" + self.DOCUMENT + "\n", distance=34)
        assert flow.h[0, len(self.DOCUMENT)] > 0
        assert not flow.h[0, len(self.DOCUMENT) + 1 :].any()

    def test_warming_up_stops_at_the_beginning_of_a_document(self):
        model = model_of(stop=True, text="abc")
        first, second = (gradient_flow(model, f"{before}\nabcabc\n", distance=8) for before in ("aaaaaa", "bcbcbc"))
        np.testing.assert_array_equal(first.h, second.h)

    def test_documents_start_from_zero_state(self):
        model = model_of(stop=True, text="abc")
        found = read_units(model, "abc\n\nabc\n")
        assert found.pieces == ("\n", "a", "b", "c", "\n", "a", "b", "c", "\n")
        np.testing.assert_array_equal(found.values[:4], found.values[4:8])

    def test_a_unit_that_is_not_there_is_refused(self):
        with pytest.raises(UsageError, match="unit 9 is not in this model; its units are 0 to 8"):
            read_units(model_of(), TEXT, units=[9])

    def test_an_empty_text_is_refused(self):
        with pytest.raises(CorpusError, match="no symbol"):
            read_units(model_of(), "")


class TestFeatures:
    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("quotes", 'a "b" “c” "d\n\ne', [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0]),
            ("comment", "a # b\nc // d\n", [*[0, 0, 1, 1, 1, 0], *[0, 0, 0, 1, 1, 1, 0]]),
            ("comment", "e /* f\n*/ g", [0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0]),
            ("case", "aB c D", [0, 1, 1, 0, 0, 1]),
            ("word boundary", "ab, c", [0, 0, 1, 1, 0]),
            ("line start", "a\nb", [0, 1, 0]),
            ("line position", "ab\nc", [1, 2, 0, 1]),
            ("newline distance", "a\nb", [math.log(2), 0, math.log(2)]),
            ("word position", "ab, c", [1, 2, 0, 0, 1]),
            ("brackets", "a([b)])]", [0, 1, 2, 2, 1, 0, 0, 0]),
            ("indentation", "  a b\n\tc", [1, 2, 2, 2, 2, 0, 4, 4]),
        ],
    )
    def test_values_by_hand(self, name, text, expected):
        assert feature_values(text, [name])[:, 0].tolist() == pytest.approx(expected)

    def test_binary_features_are_zeros_and_ones(self):
        values = feature_values(TEXT + "(())")
        for k, feature in enumerate(FEATURES.values()):
            assert feature.binary == (set(values[:, k]) == {0.0, 1.0}), feature.description


class TestSearch:
    def test_correlations_are_numpys(self):
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 2))
        x[:, 1] = 4.0
        expected = np.corrcoef(x[:, [0, 2]].T, y.T)[:2, 2:]
        np.testing.assert_allclose(correlations(x, y)[[0, 2]], expected, rtol=1e-12)
        assert not correlations(x, y)[1].any()

    def test_area_under_the_curve_is_the_share_of_pairs(self):
        rng = np.random.default_rng(1)
        values, positive = rng.integers(0, 6, 40).astype(float), rng.random(40) < 0.3
        pairs = [(p > n) + (p == n) / 2 for p in values[positive] for n in values[~positive]]
        assert area_under_curve(values, positive) == pytest.approx(np.mean(pairs))

    def test_a_planted_unit_is_found_and_others_are_not_said_to_track(self, monkeypatch):
        text = "".join(np.random.default_rng(2).choice(list('ab "\n'), 4000))
        model = model_of(text=text)
        read = read_units(model, text)
        noise = np.random.default_rng(3).normal(size=read.values.shape)
        noise[:, 5] = -feature_values(text, ["quotes"])[:, 0] + 0.1 * noise[:, 5]
        monkeypatch.setattr(
            "charlm.analysis.inspection.search.read_units", lambda *_, **__: type(read)(read.pieces, noise)
        )
        found = {one.feature: one for one in find_units(model, text)}
        planted = found["quotes"]
        assert planted.unit == 5
        assert planted.correlation < -0.95
        assert planted.auc > 0.99
        assert planted.tracks
        assert [name for name, one in found.items() if one.tracks] == ["quotes"]
        assert 0.02 < planted.baseline < 0.12  # the largest of nine correlations of 2,000 random numbers

    def test_a_short_or_uniform_text_is_refused(self):
        with pytest.raises(CorpusError, match=f"at least {SHORTEST}"):
            find_units(model_of(), TEXT)
        with pytest.raises(CorpusError, match="no property"):
            find_units(model_of(text="-"), "-" * 2000)


def test_saturation_counts_gates_near_0_and_1():
    model = model_of()
    b = model.params["layers.0.b"].reshape(4, 9)
    b[:] = 0
    b[0, 2], b[1, 3] = -50, 50  # i and f
    found = {one.gate: one for one in gate_saturation(model, TEXT)}
    assert list(found) == ["i", "f", "o"]
    assert found["i"].closed.argmax() == 2
    assert found["i"].closed[2] == 1
    assert found["f"].opened[3] == 1
    assert found["o"].opened.max() < 1
    with pytest.raises(UsageError, match="no gates"):
        gate_saturation(model_of("rnn"), TEXT)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_gradient_flow_is_that_of_finite_differences(cell, layers):
    model, distance = model_of(cell, layers=layers, embedding_size=4 * (layers - 1)), 6
    text = TEXT[: distance + 1]
    found = gradient_flow(model, text, distance=distance)
    ids = model.vocabulary.encode(text)[:, None].astype(np.intp)

    def loss(k, back, direction):
        """Return the loss where h of layer k is moved, `back` steps before the prediction."""
        _, state = model.hidden(ids[: distance - back - 1], model.zero_state(1))
        y, ends = model.dense(ids[distance - back - 1 : distance - back]), []
        for one, (layer, start) in enumerate(zip(model.stack.layers, state, strict=True)):
            y, end, _ = layer.forward(y, start)
            if one == k:
                y, end = y + direction, end._replace(h=end.h + direction)
            ends.append(end)
        h, _ = model.hidden(ids[distance - back : distance], tuple(ends)) if back else (y, None)
        return float(model.target_nats(h[-1:], ids[distance:])[0, 0])

    for k in range(layers):
        for back in range(distance):
            moves = 1e-5 * np.eye(9)[:, None]
            gradient = [(loss(k, back, e) - loss(k, back, -e)) / 2e-5 for e in moves]
            assert found.h[k, back] == pytest.approx(np.linalg.norm(gradient), rel=1e-5)
    assert (found.c is None) == (cell != "lstm")
    assert not model.params.grad.any()


def test_the_gradient_vanishes_fastest_in_an_rnn():
    text = TEXT * 40
    model = model_of()
    left = {name: gradient_flow(one, text).h[0] for name, one in fresh_cells(model).items()}
    relative = {name: h[49] / h[0] for name, h in left.items()}
    assert relative["rnn"] < 1e-9
    assert relative["rnn"] < relative["lstm b=0"] < relative["lstm b=1"]
    with pytest.raises(CorpusError, match="more than 50"):
        gradient_flow(model, "He said")


@pytest.mark.parametrize("settings", [{}, {"embedding_size": 5}, {"layers": 2}])
def test_connectivity_is_that_of_finite_differences(settings):
    model = model_of(**settings)
    text = TEXT[:7]
    found = connectivity(model, text)
    ids = model.vocabulary.encode(text).astype(np.intp)
    x = model.dense(ids[:-1, None])

    def logit(x, t):
        h, _, _ = model.stack.forward(x, model.zero_state(1))
        return float(model.head.forward(h)[0][t - 1, 0, ids[t]])

    for t in range(1, 7):
        for s in range(t):
            gradient = []
            for d in range(x.shape[2]):
                e = np.zeros_like(x)
                e[s, 0, d] = 1e-5
                gradient.append((logit(x + e, t) - logit(x - e, t)) / 2e-5)
            assert found.strength[t, s] == pytest.approx(np.linalg.norm(gradient), rel=1e-5)
        assert not found.strength[t, t:].any()
    assert not found.strength[0].any()
    assert found.pieces == tuple(text)
    np.testing.assert_allclose(found.shares()[1:].sum(axis=1), 1)


def test_connectivity_of_a_long_text_is_that_of_its_end_and_many_passes_are_one(monkeypatch):
    model, text = model_of(), TEXT * 5
    found = connectivity(model, text)
    assert len(found.pieces) == LONGEST
    monkeypatch.setattr("charlm.analysis.inspection.connectivity._STREAMS", 1000)
    np.testing.assert_allclose(connectivity(model, text).strength, found.strength, rtol=1e-9)
    with pytest.raises(CorpusError, match="at least two"):
        connectivity(model, "H")


def test_health_is_that_of_the_loss_and_its_gradient():
    model = model_of(layers=2)
    found = health(model, TEXT)
    assert found.loss_nats == pytest.approx(math.log(len(model.vocabulary)), rel=0.1)
    assert set(found.activations) == {f"layers.{k}.{letter}" for k in (0, 1) for letter in "ifgohc"}
    for histogram in found.activations.values():
        assert histogram.shares.sum() == pytest.approx(1)
    assert [one.name for one in found.tensors] == list(model.params)
    assert all(one.grad_norm > 0 for one in found.tensors)
    assert found.tensors[0].weight_norm == pytest.approx(np.linalg.norm(model.params["layers.0.W_x"]))
    only_first = 9 / (4 * 9 * len(model.vocabulary))  # c is 0 before H, which is read but once: nothing to forget
    assert found.tensors[0].zeros == pytest.approx(only_first, abs=1e-9)
    assert not model.params.grad.any()


def test_neighbours_are_the_largest_cosines():
    model = model_of(text="abcd", embedding_size=2)
    model.params["embedding.W"][:] = [[1, 0, 1, -1], [0, 1, 0.1, 0]]
    found = neighbours(model, count=2)
    assert [one.symbol for one in found["a"]] == ["c", "b"]
    assert found["a"][0].cosine == pytest.approx(1 / math.sqrt(1.01))
    assert [one.symbol for one in found["d"]] == ["b", "c"]
