"""``/mix``: blending models in the middle of a text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import Checkpoint
from charlm.cli.console.slash import LoadedModels, completions
from charlm.conversation import save_conversation
from charlm.errors import CheckpointError, CorpusError, UsageError
from charlm.models.counts import Counts
from charlm.training import preparation

GOOD = "a good one.npz"
VOCABULARY = charlm.Vocabulary.from_text("ab\n \x1b")
TEXT = "ab ba\nabba a b\n" * 20


def weights(desk: Any) -> dict[str, float]:
    rows = desk.shown("/mix").splitlines()
    found = [re.match(r"(\d\.\d+) +(.*?)(?: ·|$)", row) for row in rows]
    return {one[2]: float(one[1]) for one in found if one}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        preparation, "learnt_text", lambda *_, **__: preparation.LearntText(TEXT, ""), raising=False
    )


def test_another_model_has_the_weight_and_the_others_share_the_rest(desk: Any, counted: None) -> None:
    assert desk.shown("/mix") == "mix off, first writes alone\n"
    desk.shown(f"/mix {GOOD}:0.25")
    assert weights(desk) == {"first": 0.75, GOOD: 0.25}
    desk.shown("/mix counts:0.2")
    assert weights(desk) == {"first": 0.6, GOOD: 0.2, "counts": 0.2}
    desk.shown("/mix first:0.5")
    assert weights(desk) == {"first": 0.5, GOOD: 0.25, "counts": 0.25}
    desk.shown("/mix counts:0")
    assert weights(desk) == {"first": 0.667, GOOD: 0.333}
    desk.shown("/mix first:0")
    assert desk.shown("/mix") == f"mix off, {GOOD} writes alone\n"
    assert desk.talk.model.config.cell == "gru"


def test_the_text_so_far_is_read_by_the_mixture(desk: Any) -> None:
    first = desk.talk.model
    desk.turn("ab"), desk.turn("b")
    text = desk.talk.text
    desk.shown(f"/mix {GOOD}:0.4")
    mixture = charlm.Mixture([first, desk.talk.model.members[1]], [0.6, 0.4])
    expected = np.exp(mixture.logits(first.vocabulary.encode(text)[:, None])[0][-1, 0])
    desk.shown("/temp 1")
    np.testing.assert_allclose(desk.talk.probabilities(), expected, rtol=1e-5)
    assert f"; {len(text) - 1} predicted" in desk.shown("/heat")
    assert desk.talk.text == text


def test_off_and_undo_go_back(desk: Any) -> None:
    first = desk.talk.model
    desk.turn("ab")
    before = desk.talk.snapshot()
    desk.shown(f"/mix {GOOD}:0.4")
    mixture = desk.talk.model
    desk.shown("/mix off")
    assert desk.talk.model is first
    assert re.search(f"^0.400  {GOOD}", desk.shown("/undo"), re.M)
    assert desk.talk.model is mixture
    assert desk.shown("/undo").endswith("mix off, first writes alone\n")
    assert desk.talk.model is first
    assert desk.talk.snapshot().start.random == before.start.random
    assert desk.shown("/mix off") == "mix off, first writes alone\n"
    assert desk.talk.snapshot().before is before.before  # nothing has changed, nothing is to be undone


def test_retry_and_branches_keep_their_mixture(desk: Any) -> None:
    desk.turn("ab")
    desk.shown("/branch plain")
    desk.shown(f"/mix {GOOD}:0.4")
    mixture = desk.talk.model
    assert desk.run("/retry") == "generate"
    assert "".join(desk.talk.generate())
    desk.shown("/return plain")
    assert weights(desk) == {}
    assert re.search(f"^0.400  {GOOD}", desk.shown("/return"), re.M)
    assert desk.talk.model is mixture
    desk.turn("b")
    assert "mix" not in desk.shown("/undo")  # the same model writes
    desk.shown(f"/model {GOOD}")
    assert desk.shown("/mix") == f"mix off, {GOOD} writes alone\n"


def test_patterns_filters_and_beams_hold(desk: Any) -> None:
    desk.shown(f"/mix {GOOD}:0.5")
    desk.shown("/regex (ab|ba ){2,4}"), desk.shown("/top-k 3"), desk.shown("/repeat-penalty 1.2")
    for _ in range(5):
        assert re.fullmatch("(ab|ba ){2,4}", desk.turn(""))
    desk.shown("/regex off"), desk.shown("/repeat-penalty 1"), desk.shown("/temp 0"), desk.turn("ab")
    likeliest = desk.talk.last.generated
    search = desk.talk.search(1)
    while search.advance():
        pass
    assert search.finish()[0].text == likeliest


def test_counts_have_a_fitted_weight(desk: Any, counted: None) -> None:
    first = desk.talk.model
    desk.shown("/mix counts")
    expected = charlm.analysis.with_counts(first, TEXT)
    assert weights(desk) == {
        name: round(w, 3) for name, w in zip(("first", "counts"), expected.weights, strict=True)
    }
    assert isinstance(desk.talk.model.members[1], Counts)
    desk.shown(f"/mix {GOOD}:0.4"), desk.shown("/mix counts")  # fitted again, beside both
    assert [*weights(desk)] == ["first", GOOD, "counts"]
    desk.shown("/mix off")
    assert desk.talk.model is first


def test_a_file_is_one_member_whatever_its_name(desk: Any) -> None:
    desk.context.models = LoadedModels(
        lambda _: Checkpoint(
            charlm.CharModel(charlm.ModelConfig(hidden_size=4), VOCABULARY), {}, {}, {}, Path("one.npz")
        )
    )
    desk.shown("/mix one:0.4"), desk.shown("/mix ./one:0.2")
    assert weights(desk) == {"language model": 0.8, "one": 0.2}


def test_a_loaded_mixture_is_one_member(desk: Any) -> None:
    parts = [charlm.CharModel(charlm.ModelConfig(hidden_size=4), VOCABULARY, seed=k) for k in (1, 2)]
    loaded: Checkpoint[Any] = Checkpoint(charlm.Mixture(parts), {}, {}, {}, Path("pair.npz"))
    desk.context.models = LoadedModels(lambda _: loaded)
    desk.shown("/model pair")
    assert desk.shown("/mix").startswith("mix off, pair writes alone: 0.50 (lstm 4 · 5 symbols")
    desk.shown("/mix off")
    assert desk.talk.model is loaded.model


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        (f"/mix {GOOD}", UsageError, f"/mix '{GOOD}' has no weight between 0 and 1; write MODEL:WEIGHT"),
        (f"/mix {GOOD}:1", UsageError, "has no weight between 0 and 1"),
        (f"/mix {GOOD}:nan", UsageError, "has no weight between 0 and 1"),
        ("/mix :0.5", UsageError, "has no weight between 0 and 1"),
        ("/mix nowhere:0.5", CheckpointError, "there is no nowhere"),
        ("/mix nowhere:0", UsageError, "'nowhere' is not in the mixture; /mix lists its members"),
        ("/mix first:0", UsageError, "'first' is the only model; /model takes another in its place"),
        ("/mix first:0.5", UsageError, "'first' is the only model; /mix MODEL:WEIGHT adds another"),
        ("/mix counts", UsageError, "does not say what text it has learnt; mix without counts"),
        ("/mix counts:0.5", UsageError, "does not say what text it has learnt; mix without counts"),
    ],
)
def test_mistakes_change_nothing(desk: Any, line: str, error: type[Exception], message: str) -> None:
    before = desk.talk.model
    with pytest.raises(error, match=re.escape(message)):
        desk.run(line)
    assert desk.talk.model is before


def test_a_text_too_short_to_count(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    short = preparation.LearntText("ab", "")
    monkeypatch.setattr(preparation, "learnt_text", lambda *_, **__: short, raising=False)
    with pytest.raises(CorpusError, match="give at least 20"):
        desk.run("/mix counts")


def test_one_model_at_a_time(desk: Any) -> None:
    with pytest.raises(UsageError, match=r"one model at a time; type /mix one:0.2, then /mix a/b:.3"):
        desk.run("/mix one:0.2 a/b:.3")
    desk.shown(f"/mix {GOOD}:0.25")  # a name with blanks
    assert weights(desk) == {"first": 0.75, GOOD: 0.25}


def test_models_of_other_symbols(desk: Any) -> None:
    other = charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("xyz"))
    desk.context.models = LoadedModels(lambda _: Checkpoint(other, {}, {}, {}, Path("other.npz")))
    desk.turn("ab")
    with pytest.raises(UsageError, match="the models of a mixture differ in their vocabularies"):
        desk.run("/mix other:0.5")
    assert desk.talk.text.startswith("ab")


def test_completion(desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checkpoints" / "two").mkdir(parents=True)
    for name in ("checkpoints/two/last.npz", "two.npz", "two.txt"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert completions("/mix tw", desk.talk) == ["/mix two:", "/mix two.npz:"]
    assert completions("/mix c", desk.talk) == ["/mix counts", "/mix checkpoints/"]
    assert completions("/mix o", desk.talk) == ["/mix off"]


def test_a_stored_conversation_names_its_mixture(desk: Any, tmp_path: Path) -> None:
    desk.shown(f"/mix {GOOD}:0.25")
    desk.turn("ab")
    text, file = desk.talk.text, tmp_path / "talk"
    desk.shown(f"/save {file}")
    following = desk.turn("b")
    assert "another model" not in desk.shown(f"/load {file}")
    assert desk.turn("b") == following
    desk.shown("/mix off")
    said = desk.shown(f"/load {file}")
    assert said.startswith(f"another model wrote it, first:0.75 {GOOD}:0.25; this one has read the text again\n")
    assert desk.talk.text == text
    desk.shown(f"/mix {GOOD}:0.25")
    assert "another model" not in desk.shown(f"/load {file}")
    assert desk.turn("b") == following


def test_a_writer_in_a_file_cannot_control_the_terminal(desk: Any, tmp_path: Path) -> None:
    desk.turn("ab")
    save_conversation(desk.talk, tmp_path / "talk", writer="\x1b]0;x\x07[bold]\u202e\ud800\n")
    desk.shown(f"/model {GOOD}")
    said = desk.shown(f"/load {tmp_path / 'talk'}").splitlines()[0]
    assert said.isprintable()
    assert "[bold]" in said
