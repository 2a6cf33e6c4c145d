from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from charlm.cli.entry import run
from charlm.errors import UsageError
from charlm.ui.run.demo import reports
from charlm.ui.run.tensorboard import EventFiles, check_tensorboard


def test_without_tensorboardx_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    message = r'`tensorboard` needs tensorboardX.*pip install "charlm-toolkit\[tensorboard\]"'
    with pytest.raises(UsageError, match=message):
        check_tensorboard()
    with pytest.raises(UsageError, match=message):
        EventFiles(tmp_path)


@pytest.mark.parametrize("command", [["train", "no-such-text"], ["resume", "no-such-run"]])
def test_the_command_says_so_before_anything_else(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert run([*command, "--tensorboard", "logs"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.endswith('pip install "charlm-toolkit[tensorboard]"\n')


def test_a_run_is_written_below_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboardX", reason="the extra tensorboard")
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("to be or not to be " * 40, "utf-8")
    flags = ["--hidden-size", "4", "--quiet", "--tensorboard", "logs"]
    assert run(["train", "a.txt", "--out", "runs/mine", "--steps", "5", *flags]) == 0
    assert run(["resume", "runs/mine", "--steps", "8", "--quiet", "--tensorboard", "logs"]) == 0
    assert [step for step, _ in scalars(Path("logs/mine"))["loss/train"]] == list(range(1, 9))


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Read event files as TensorBoard does: a session that starts at a step takes back what was from it on."""
    from tensorboardX.proto.event_pb2 import Event

    found: dict[str, list[tuple[int, float]]] = {}
    for file in sorted(folder.iterdir(), key=lambda file: (file.stat().st_mtime_ns, file.name)):
        data, place = file.read_bytes(), 0
        while place < len(data):  # length, its checksum, the event, its checksum
            size = int.from_bytes(data[place : place + 8], "little")
            event = Event.FromString(data[place + 12 : place + 12 + size])
            place += 16 + size
            if event.HasField("session_log"):
                found = {name: [at for at in points if at[0] < event.step] for name, points in found.items()}
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def write(folder: Path, steps: int, *, first: int = 0) -> None:
    with EventFiles(folder) as files:
        for report in reports(steps):
            if report.event == "start":
                files.add(replace(report, step=first, details={**report.details, "resumed": bool(first)}))
            elif report.step > first:
                files.add(report)
        files.notice("a word")


def test_scalars(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="the extra tensorboard")
    write(tmp_path / "tb" / "run", 20)
    found = scalars(tmp_path / "tb" / "run")
    assert set(found) == {
        "loss/train",
        "loss/validation",
        "optimizer/gradient_norm",
        "optimizer/learning_rate",
        "speed/characters_per_s",
    }
    told = [(report.step, report.loss) for report in reports(20) if report.event == "step"]
    assert [step for step, _ in found["loss/train"]] == [step for step, _ in told]
    assert [loss for _, loss in found["loss/train"]] == pytest.approx([loss for _, loss in told], rel=1e-6)
    assert len(found["loss/validation"]) == 10


def test_a_run_that_goes_on_takes_back_what_was_in_vain(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="the extra tensorboard")
    write(tmp_path, 20)
    write(tmp_path, 30, first=12)
    steps = [step for step, _ in scalars(tmp_path)["loss/train"]]
    assert steps == list(range(1, 31))
