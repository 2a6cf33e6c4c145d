from __future__ import annotations

import dataclasses
import io
from datetime import datetime
from typing import Any

import pytest
from rich.console import Console, RenderableType

from charlm.checkpoint import ModelInfo, RunInfo, TensorInfo
from charlm.config import ModelConfig, TrainConfig, TransducerConfig
from charlm.runs.history import History
from charlm.runs.verdict import judge
from charlm.ui.info import model_view, run_facts, run_table
from tests.runs.curves import falling, history_of

# a title, a link, markup, a control, an override of the direction
EVIL = "\x1b]0;title\a\x1b]8;;http://x\a[bold]\x9b2J\u202e\n"


def text_of(view: RenderableType, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def model_info(**changes: Any) -> ModelInfo:
    info = ModelInfo(
        path="checkpoints/tales/best.npz",
        bytes=12_345,
        saved_s=1_700_000_000.0,
        config=dataclasses.asdict(ModelConfig(hidden_size=128, layers=2)),
        unit="char",
        symbols=65,
        parameters=203_009,
        weights=(TensorInfo("head.W", "float32", (65, 128), 8320, "0123456789abcdef" * 4),),
        others=(TensorInfo("state.0.h", "float32", (), 1, "f" * 64),),
        training={
            "progress": {
                "step": 2000,
                "best_loss": 1.5,
                "best_step": 1800,
                "elapsed_s": 75.0,
                "history": [[1000, 2.0, 2.25], [2000, 1.5, 1.625]],
            },
            "train": {"optimizer": "adagrad", "learning_rate": 0.1, "epochs": None, "random_offset": True},
            "origin": {"sources": ["a.txt", "b.txt"], "sha256": "0123abcd", "baseline": {"nats": 1.0}},
        },
    )
    return dataclasses.replace(info, **changes)


def run_info(**changes: Any) -> RunInfo:
    run = RunInfo("tales", "checkpoints/tales/last.npz", 1_700_000_000.0, False, "lstm", 128, 2, 203_009, 12, 1.5)
    return dataclasses.replace(run, **changes)


def test_a_model() -> None:
    shown = text_of(model_view(model_info(), History()))
    for part in (
        "checkpoints/tales/best.npz",
        datetime.fromtimestamp(1_700_000_000).astimezone().strftime("%Y-%m-%d %H:%M") + " · 12,345 bytes",
        "lstm 2 × 128 · 65 symbols · 203,009 parameters",
        "2,000 updates in 1:15",
        "1.5000 nats, 2.164 bits, at step 1,800",
        "█▁  2.0000 → 1.5000 nats",
        "█▁  2.2500 → 1.6250 nats",
        "optimizer adagrad · learning-rate 0.1 · random-offset True",
        "a.txt, b.txt",
        "0123abcd",
    ):
        assert part in shown
    assert "epochs" not in shown
    assert "verdict" not in shown
    assert "baseline" not in shown
    rows = [line.split() for line in shown.splitlines()]
    assert ["head.W", "65", "×", "128", "8,320", "float32", "0123456789abcdef"] in rows
    assert ["state.0.h", "one", "1", "float32", "f" * 16] in rows


@pytest.mark.parametrize(
    "training",
    [
        {},
        {"progress": 1, "train": 2, "origin": []},
        {"progress": {"step": "x", "best_loss": [], "history": {}, "elapsed_s": 1e999}},
        {"progress": {"step": 10**400, "history": [1, [], [1], [1, None, "x"], [1, True, 10**400]]}},
    ],
)
def test_what_is_missing_or_odd_is_left_out(training: dict[str, Any]) -> None:
    shown = text_of(model_view(model_info(training=training), History()))
    assert "best loss" not in shown
    assert "nats" not in shown


def test_the_run_of_a_model() -> None:
    history = history_of(falling(1.45), falling(1.5))
    shown = " ".join(text_of(model_view(model_info(), history)).split())
    assert "run finished, step 1,600 of 1,600, 1:00" in shown
    assert "compare 5-gram baseline 1.9000 · uniform 4.1744 nats" in shown
    assert f"verdict {judge(history)}" in shown
    facts = run_facts(history)
    assert (facts["ended"], facts["step"], facts["steps"]) == ("finished", 1600, 1600)
    assert facts["best_loss"] == min(point.loss for point in history.evaluations)
    assert facts["baseline"]["order"] == 5
    assert facts["verdict"]["word"] == "learns"
    cut = text_of(model_view(model_info(), history_of(falling(1.45), falling(1.5), upto=0.5)))
    assert "not finished, step 800 of 1,600, 0:30" in cut


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ({"reason": "interrupted"}, "stopped, resumable, step 805 of 1,600, 0:30"),
        ({"reason": "diverged", "diverged_at": 811}, "diverged at step 811 of 1,600, 0:30"),
        ({"reason": "patience"}, "patience, step 805 of 1,600, 0:30"),
    ],
)
def test_how_a_run_ended_before_its_end(end: dict[str, Any], words: str) -> None:
    history = history_of(falling(1.45), falling(1.5), upto=0.5)
    history.add({"event": "end", "step": 805, **end})
    assert words in text_of(model_view(model_info(), history))
    assert run_facts(history)["ended"] == end["reason"]


def test_runs() -> None:
    runs = [
        run_info(),
        run_info(name="new", layers=1, step=None, best_loss=None),
        run_info(name="cut", cell="", error="checkpoint 'cut' cannot be used: it ends early; use a copy"),
    ]
    header, tales, new, cut, error = text_of(run_table(runs)).splitlines()
    assert header.split() == ["run", "model", "parameters", "step", "best", "nats", "saved"]
    assert tales.split()[:7] == ["tales", "lstm", "2", "×", "128", "203,009", "12"]
    assert tales.split()[7] == "1.5000"
    assert new.split()[:6] == ["new", "lstm", "128", "203,009", "–", "–"]
    assert cut.split()[:5] == ["cut", "damaged", "–", "–", "–"]
    assert error.startswith("checkpoint 'cut' cannot be used")


def test_the_names_of_runs_have_room_on_a_narrow_screen() -> None:
    header, run = text_of(run_table([run_info()]), 40).splitlines()
    assert header.split() == ["run", "model", "step", "best", "nats"]
    assert run.split() == ["tales", "lstm", "2", "×", "128", "12", "1.5000"]


@pytest.mark.parametrize("width", [40, 80])
def test_nothing_in_it_controls_the_terminal(width: int) -> None:
    evil_tensor = TensorInfo(EVIL, EVIL, (1,), 1, EVIL)
    training = {"origin": {EVIL: [EVIL]}, "train": {EVIL: EVIL}}
    config = {**dataclasses.asdict(ModelConfig()), "cell": EVIL, EVIL: EVIL}
    evil = History()
    evil.add({"event": "start", "step": 0, "baseline": {"order": 5, "nats": 1.0, EVIL: EVIL}, EVIL: EVIL})
    evil.add({"event": "step", "step": 1, "loss": 1.0, EVIL: EVIL})
    evil.add({"event": "end", "step": 1, "reason": EVIL})
    info = model_info(path=EVIL, unit=EVIL, config=config, weights=(evil_tensor,), training=training)
    for view in (
        model_view(info, evil),
        run_table([run_info(name=EVIL, cell=EVIL), run_info(name=EVIL, error=EVIL)]),
    ):
        shown = text_of(view, width)
        assert all(line.isprintable() for line in shown.splitlines())
        assert max(map(len, shown.splitlines())) <= width
    assert "[bold]" in text_of(run_table([run_info(name=EVIL)]))


@pytest.mark.parametrize("columns", [40, 80])
def test_the_names_and_shapes_of_tensors_are_whole(columns: int) -> None:
    table = text_of(model_view(model_info(), History()), columns).partition("tensor")[2]
    assert {"head.W", "state.0.h", "65", "128", "01234567" if columns == 40 else "0123456789abcdef"} <= {
        *table.split()
    }
    assert "…" not in table


def pairs_info(**changes: Any) -> ModelInfo:
    config = dataclasses.asdict(TransducerConfig(output=changes.pop("output", "text")))
    return model_info(config=config, kind="transducer", symbols=45, targets=12, **changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "transducer, from text of 45 symbols to text of 12"),
        ({"output": "tags"}, "transducer, from text of 45 symbols to 12 tags"),
        (
            {"output": "label", "labels": ("en", EVIL)},
            "transducer, from text of 45 symbols to one of 12 labels: en, ␛",
        ),
        (
            {"output": "label", "labels": tuple("abcdefghijklmnop")},
            "to one of 12 labels: a, b, c, d, e, f, g, h, i, j, k, l, …",
        ),
    ],
)
def test_a_model_of_pairs(changes: dict[str, Any], says: str) -> None:
    attends = "output" not in changes
    shown = text_of(model_view(pairs_info(**changes), History()), width=140)
    assert says in shown
    assert "lstm 128 · both directions" in shown
    assert ("attention" in shown) is attends
    assert "\x1b" not in shown


def test_n_grams_are_told_where_a_model_reads_them() -> None:
    info = pairs_info(output="label", labels=("en", "fi"))
    assert "n-grams" not in text_of(model_view(info, History()))
    shown = text_of(model_view(dataclasses.replace(info, config=info.config | {"ngrams": 4}), History()), width=140)
    assert "lstm 128 · both directions · n-grams of up to 4" in shown


def test_settings_of_texts_are_not_told_of_pairs() -> None:
    training = {"train": dataclasses.asdict(TrainConfig())}
    of_pairs = text_of(model_view(pairs_info(training=training), History()), width=200)
    assert "batch-size 16" in of_pairs
    for name in ("seq-length", "sampling", "state-reset", "documents"):
        assert name not in of_pairs
    assert "seq-length 32" in text_of(model_view(model_info(training=training), History()), width=200)


def test_the_pairs_it_has_learnt() -> None:
    training = {"origin": {"pairs": "builtin:dates", "sha256": "0123abcd", "val_file": None}}
    shown = text_of(model_view(pairs_info(training=training), History()))
    assert "pairs         builtin:dates" in shown
    assert "pairs sha256  0123abcd" in shown


def test_exact_matches_of_a_run() -> None:
    history = History()
    history.add({"event": "start", "step": 0, "steps": 40, "validation_characters": 9})
    for step, exact in ((10, 0.25), (20, 0.975), (30, 0.9), (40, "lies")):
        history.add({"event": "eval", "step": step, "loss": 1 / step, "exact": exact})
    assert "90.00% of held-out sources, 97.50% at best" in text_of(model_view(pairs_info(), history))
    assert run_facts(history)["exact"] == 0.9
    assert run_facts(History())["exact"] is None
    assert "held-out sources" not in text_of(model_view(model_info(), history_of(falling(0.5))))


@pytest.mark.parametrize("width", [40, 80, 100])
def test_a_list_says_what_a_model_of_pairs_makes(width: int) -> None:
    runs = [run_info(), run_info(name="dates", kind="transducer", output="text"), run_info(name="pretrained/tales")]
    shown = text_of(run_table(runs), width)
    assert "lstm 2 × 128 → text" in shown
    assert ("parameters" in shown) is (width == 100)
    assert width == 40 or "pretrained/tales" in shown
