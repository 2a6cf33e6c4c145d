from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import charlm
from charlm.cli.entry import run

PROGRAM = "from charlm.cli.entry import main; main()"
# the command, telling the process that it starts
COUNTED = """
import sys
from charlm.generation import parallel_sampling as parallel
start = parallel.start_child
parallel.start_child = lambda module: [child := start(module), print(child.pid, file=sys.stderr, flush=True)][0]
from charlm.cli.entry import main
main()
"""
CONTROLS = "\x00\x07\x1b\x7f\x9b\x9d\u202e\r"


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> charlm.CharModel:
    """A model as the newest run, in the folder in which the test runs."""
    monkeypatch.chdir(tmp_path)
    return write_run("abcdef \n", Path("checkpoints/run"))


def write_run(text: str, folder: Path, **vocabulary: Any) -> charlm.CharModel:
    known = charlm.Vocabulary.from_text(text, **vocabulary)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=5), known, seed=2)
    model.params.value *= 3
    folder.mkdir(parents=True)
    charlm.save(model, folder / "last.npz")
    return model


def program(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", PROGRAM, "sample", *arguments]
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **options)


def continuation(model: charlm.CharModel, **settings: Any) -> str:
    """Return what the command writes; a text whose length is not given finishes its line."""
    return str(charlm.generate(model, **{"finish_line": "length" not in settings, **settings}))


class TestText:
    def test_the_newest_run_goes_on_with_the_prompt(self, trained, capsys):
        assert run(["sample", "--prompt", "abc", "--length", "40", "--seed", "7"]) == 0
        out, err = capsys.readouterr()
        assert out == "abc" + continuation(trained, prompt="abc", length=40, seed=7)
        assert err == ""

    def test_every_setting_reaches_the_sampler(self, trained, capsys):
        settings = {"length": 60, "temperature": 1.7, "top_k": 5, "top_p": 0.9, "seed": 3}
        flags = ["--length", "60", "--temp", "1.7", "--top-k", "5", "--top-p", "0.9", "--seed", "3"]
        assert run(["sample", "checkpoints/run", *flags, "--stop", "ea", "--stop", "cc"]) == 0
        assert capsys.readouterr().out == continuation(trained, **settings, stop=["ea", "cc"])

    @pytest.mark.parametrize("flag", ["--prompt", "--primetext", "--start"])
    def test_prompt_flags_and_no_echo(self, trained, capsys, flag):
        assert run(["sample", flag, "fa", "--no-echo", "--seed", "1", "--temperature", "0"]) == 0
        assert capsys.readouterr().out == continuation(trained, prompt="fa", temperature=0)

    def test_a_prompt_from_a_file_stands_as_it_is(self, trained, capsys):
        Path("prompt.txt").write_bytes("\ufeffab\n".encode())
        assert run(["sample", "--prompt-file", "prompt.txt", "--length", "5", "--seed", "1"]) == 0
        assert capsys.readouterr().out.startswith("ab\n")

    def test_samples_are_those_of_the_seeds_that_follow(self, trained, capsys):
        assert run(["sample", "--count", "3", "--seed", "5", "--prompt", "a", "--length", "20"]) == 0
        samples = capsys.readouterr().out.split("\n---\n")
        assert samples == ["a" + continuation(trained, prompt="a", length=20, seed=seed) for seed in (5, 6, 7)]

    def test_many_samples_are_those_of_a_few(self, trained, capsys):
        flags = ["--length", "40", "--prompt", "ab", "--temp", "1.2"]
        outputs = []
        for workers in ("1", "2"):
            assert run(["sample", "--count", "70", "--seed", "5", "--workers", workers, *flags]) == 0
            outputs.append(capsys.readouterr().out)
        assert outputs[0] == outputs[1]
        texts = outputs[0].split("\n---\n")
        assert len(texts) == 70
        for k in (0, 31, 32, 69):
            assert run(["sample", "--seed", str(5 + k), *flags]) == 0
            assert capsys.readouterr().out == texts[k]

    def test_a_chosen_seed_is_reported_and_gives_the_text_again(self, trained, capsys):
        assert run(["sample", "--length", "30"]) == 0
        out, err = capsys.readouterr()
        word, seed = err.split()
        assert word == "seed"
        assert out == continuation(trained, length=30, seed=int(seed))

    def test_a_file_in_place_of_standard_output(self, trained, capsys):
        assert run(["sample", "--output", "out.txt", "--seed", "2", "--length", "25"]) == 0
        assert capsys.readouterr() == ("", "")
        assert Path("out.txt").read_bytes() == continuation(trained, length=25, seed=2).encode()

    def test_a_file_that_exists_is_replaced_on_request_only(self, trained, capsys):
        Path("out.txt").write_text("precious")
        flags = ["sample", "--output", "out.txt", "--seed", "2", "--length", "25"]
        assert run(flags) == 2
        assert "'out.txt' exists; choose another --output, or replace it with --force" in capsys.readouterr().err
        assert Path("out.txt").read_text() == "precious"
        assert run([*flags, "--force"]) == 0
        assert Path("out.txt").read_text() == continuation(trained, length=25, seed=2)

    @pytest.mark.skipif(sys.platform == "win32", reason="another name there")
    def test_what_is_no_file_may_be_written_to(self, trained):
        assert run(["sample", "--output", os.devnull, "--seed", "2", "--length", "5"]) == 0

    def test_a_prompt_in_another_encoding(self, tmp_path, capsys):
        model = write_run("é\n", tmp_path / "run")
        (tmp_path / "prompt").write_bytes("éé".encode("latin-1"))
        flags = ["sample", str(tmp_path / "run"), "--prompt-file", str(tmp_path / "prompt"), "--seed", "1"]
        assert run(flags) == 3
        assert "--encoding" in capsys.readouterr().err
        assert run([*flags, "--encoding", "latin-1"]) == 0
        assert capsys.readouterr().out == "éé" + continuation(model, prompt="éé", seed=1)
        replaced = [*flags, "--errors", "replace", "--on-unknown", "skip", "--no-echo"]
        assert run(replaced) == 0
        assert capsys.readouterr().out == continuation(model, seed=1)


class TestJson:
    def test_one_object_a_sample(self, trained, capsys):
        flags = ["--prompt", "ab", "--length", "30", "--stop", "ff", "--seed", "4", "--count", "2", "--json"]
        assert run(["sample", *flags]) == 0
        samples = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [sample["seed"] for sample in samples] == [4, 5]
        for sample in samples:
            assert sample["prompt"] == "ab"
            assert sample["text"] == continuation(trained, prompt="ab", length=30, stop="ff", seed=sample["seed"])
            assert sample["finish_reason"] == ("length" if len(sample["text"]) == 30 else "stop")
            assert len(sample["logprobs"]) == len(sample["text"])
            bits = charlm.score(trained, "ab" + sample["text"]).bits[2:]
            assert [-b * math.log(2) for b in bits] == pytest.approx(sample["logprobs"], rel=1e-4, abs=1e-5)
        assert samples[0]["parameters"]["stop"] == ["ff"]
        assert samples[0]["parameters"]["temperature"] == charlm.SampleConfig().temperature

    def test_what_is_not_predicted_is_null(self, tmp_path, capsys):
        write_run("abc", tmp_path / "run")
        assert run(["sample", str(tmp_path / "run"), "--length", "2", "--seed", "1", "--json"]) == 0
        sample = json.loads(capsys.readouterr().out)
        assert [value is None for value in sample["logprobs"]] == [True, False]


class TestErrors:
    @pytest.mark.parametrize(
        ("flags", "code", "word"),
        [
            (["--prompt", "a", "--prompt-file", "x"], 2, "two prompts"),
            (["--top-p", "0"], 2, "top-p"),
            (["--length", "-1"], 2, "length"),
            (["--count", "0"], 2, "count"),
            (["--seed", "-1"], 2, "seed"),
            (["--stop", ""], 2, "stop"),
            (["--on-unknown", "guess"], 2, "on-unknown"),
            (["--prompt", "Ω"], 3, "'Ω'"),
            (["--prompt-file", "missing"], 3, "'missing'"),
            (["--output", "missing/file"], 5, "'missing/file'"),
            (["--workers", "0"], 2, "workers"),
            (["--errors", "guess"], 2, "errors"),
            (["--encoding", "klingon", "--prompt-file", "checkpoints/run/last.npz"], 2, "klingon"),
        ],
    )
    def test_one_line_and_no_text(self, trained, capsys, flags, code, word):
        assert run(["sample", "checkpoints/run", *flags]) == code
        out, err = capsys.readouterr()
        assert out == ""
        assert word in err
        assert err.count("\n") == 1

    @pytest.mark.usefixtures("nothing_shipped")
    def test_no_model(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert run(["sample"]) == 4
        assert "train one first" in capsys.readouterr().err

    def test_the_shipped_model_where_there_is_no_other(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert run(["sample", "--length", "30"]) == 0
        out, err = capsys.readouterr()
        assert len(out) == 30
        assert err.startswith("model pretrained/tales, which came with charlm\nseed ")

    def test_unknown_characters_on_request(self, trained, capsys):
        assert run(["sample", "--prompt", "aΩb", "--on-unknown", "skip", "--seed", "1"]) == 0
        assert capsys.readouterr().out == "aΩb" + continuation(trained, prompt="ab", seed=1)


class TestStreams:
    def test_a_pipe_is_the_prompt_unless_a_flag_is(self, trained):
        piped = program("--length", "9", "--seed", "1", input=b"ab\n")
        assert piped.stdout.decode() == "ab\n" + continuation(trained, prompt="ab\n", length=9, seed=1)
        flagged = program("--length", "9", "--seed", "1", "--prompt", "f", input=b"ab\n")
        assert flagged.stdout.decode() == "f" + continuation(trained, prompt="f", length=9, seed=1)
        empty = program("--length", "9", "--seed", "1", input=b"")
        assert empty.stdout.decode() == continuation(trained, length=9, seed=1)

    def test_a_file_as_standard_input_is_the_prompt(self, trained):
        Path("prompt").write_bytes(b"cd")
        with Path("prompt").open("rb") as file:
            result = program("--length", "9", "--seed", "1", stdin=file)
        assert result.stdout.startswith(b"cd")

    def test_nothing_else_as_standard_input_is_read(self, trained):
        result = program("--length", "9", "--seed", "1", stdin=subprocess.DEVNULL)
        assert result.stdout.decode() == continuation(trained, length=9, seed=1)

    def test_a_pipe_in_another_encoding(self, trained):
        piped = program("--encoding", "utf-16", "--length", "9", "--seed", "1", input="ab".encode("utf-16"))
        assert piped.stdout.decode() == "ab" + continuation(trained, prompt="ab", length=9, seed=1)

    def test_a_prompt_that_is_no_text(self, trained):
        result = program(input=b"ab\xff")
        assert result.returncode == 3
        assert b"byte offset 2" in result.stderr
        assert result.stdout == b""

    @pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
    def test_standard_output_is_utf8_whatever_the_system_says(self, trained, tmp_path, encoding):
        write_run("é日\n", tmp_path / "other")
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        result = program(str(tmp_path / "other"), "--prompt", "é日", "--seed", "1", env=environment, input=b"")
        assert result.stdout.decode("utf-8").startswith("é日")

    def test_nothing_drawn_can_control_a_terminal(self, tmp_path):
        model = write_run(CONTROLS, tmp_path / "run")
        arguments = (str(tmp_path / "run"), "--seed", "1")
        for flags in ((), ("--json",)):
            out = program(*arguments, *flags, input=CONTROLS.encode()).stdout.decode()
            assert not set(out) & set(CONTROLS)
        raw = program(*arguments, "--raw", input=CONTROLS.encode()).stdout.decode()
        assert raw == CONTROLS + continuation(model, prompt=CONTROLS, seed=1)

    @pytest.mark.skipif(sys.platform == "win32", reason="pipes close otherwise there")
    def test_a_reader_that_has_enough_is_no_error(self, trained):
        command = [sys.executable, "-c", PROGRAM, "sample", "--length", "100000000", "--seed", "1"]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            head = child.stdout.read(20)
            child.stdout.close()
            assert child.stderr.read() == b""
            assert child.wait(60) == 0
        assert head.decode() == continuation(trained, length=20, seed=1)

    @pytest.mark.skipif(sys.platform == "win32", reason="signals are otherwise there")
    def test_ctrl_c_keeps_what_was_drawn(self, trained):
        command = [sys.executable, "-c", PROGRAM, "sample", "--length", "100000000", "--seed", "1"]
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_default_interrupt,
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            text = child.stdout.read(1)
            child.send_signal(signal.SIGINT)
            text += child.stdout.read()
            assert child.stderr.read().strip() == b""
            assert child.wait(60) == 130
        assert text.decode() == continuation(trained, length=len(text), seed=1)

    @pytest.mark.skipif(sys.platform == "win32", reason="signals are otherwise there")
    def test_ctrl_c_ends_all_processes_quietly(self, trained):
        command = [sys.executable, "-c", COUNTED, "sample", "--length", "10000000", "--seed", "1"]
        command += ["--count", "64", "--workers", "2"]
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_default_interrupt,
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            worker = int(child.stderr.readline())
            text = child.stdout.read(1)
            child.send_signal(signal.SIGINT)
            text += child.stdout.read()
            assert child.stderr.read().strip() == b""
            assert child.wait(60) == 130
        assert text.decode() == continuation(trained, length=len(text), seed=1)
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)

    @pytest.mark.skipif(sys.platform == "win32", reason="signals are otherwise there")
    def test_a_worker_that_is_killed_is_told_in_one_line(self, trained):
        command = [sys.executable, "-c", COUNTED, "sample", "--length", "3000", "--seed", "1"]
        command += ["--count", "64", "--workers", "2"]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            assert child.stderr is not None
            os.kill(int(child.stderr.readline()), signal.SIGKILL)
            out, err = child.communicate(timeout=60)
        assert child.returncode == 1
        assert err.count(b"\n") == 1
        assert b"a process that wrote samples has ended" in err
        assert len(out.decode().split("\n---\n")) == 32  # what this process wrote


def _default_interrupt() -> None:
    # a test run in the background has children that ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)


class TestLength:
    """A length that is given is exact; without one the text ends where a line does, or a word."""

    def test_left_out_the_line_is_finished(self, trained, capsys):
        assert run(["sample", "--json", "--count", "20", "--seed", "1"]) == 0
        samples = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        lengths = {len(sample["text"]) for sample in samples}
        assert 499 <= min(lengths) < max(lengths) < 700
        for sample in samples:
            assert not sample["text"].endswith("\n")
            again = str(charlm.generate(trained, **{**sample["parameters"], "length": 700, "seed": sample["seed"]}))
            end = len(sample["text"])
            assert again[:end] == sample["text"]
            assert "\n" not in sample["text"][500:]
            assert again[end] == "\n" or (end >= 600 and again[end] == " ")

    def test_given_it_is_exact(self, trained, capsys):
        for length in ("500", "77"):
            assert run(["sample", "--length", length, "--seed", "1"]) == 0
            assert len(capsys.readouterr().out) == int(length)

    def test_under_a_pattern_it_is_exact(self, trained, capsys):
        assert run(["sample", "--regex", "[a-f]+", "--seed", "1", "--temp", "3"]) == 0
        assert len(capsys.readouterr().out) <= 500


class TestDocuments:
    """Each is a line, the last one too."""

    @pytest.fixture
    def names(self, tmp_path: Path) -> Path:
        model = write_run("abcdef", tmp_path / "run", stop=True)
        model.params["head.b"][model.vocabulary.stop_id] += 1
        charlm.save(model, tmp_path / "run/last.npz")
        return tmp_path / "run"

    def test_on_a_terminal_each_is_a_line(self, names, terminal: Callable[..., Any]):
        flags = ("--count", "4", "--seed", "1", "--prompt", "a")
        screen = terminal("-c", PROGRAM, "sample", names, *flags)
        assert screen.end() == 0
        assert screen.raw.decode().replace("\r\n", "\n") == program(str(names), *flags).stdout.decode()

    def test_in_a_pipe_and_in_a_file_each_is_a_line(self, names, tmp_path):
        flags = ("--count", "4", "--seed", "1", "--prompt", "a")
        piped = program(str(names), *flags).stdout.decode()
        assert [line[0] for line in piped.split("\n")[:-1]] == ["a"] * 4
        assert piped.endswith("\n")
        assert program(str(names), *flags, "--output", str(tmp_path / "names.txt")).stdout == b""
        assert (tmp_path / "names.txt").read_bytes().decode() == piped
        texts = [json.loads(line)["text"] for line in program(str(names), *flags, "--json").stdout.splitlines()]
        assert piped == "".join("a" + text + "\n" for text in texts)


class TestTerminal:
    def test_the_text_ends_with_its_row(self, trained, terminal: Callable[..., Any]):
        screen = terminal(
            "-c", PROGRAM, "sample", "--prompt", "ab", "--length", "12", "--seed", "1", "--top-k", "1"
        )
        assert screen.end() == 0
        assert screen.raw.endswith(b"\n")

    def test_many_samples(self, trained, terminal: Callable[..., Any]):
        flags = ("--count", "40", "--workers", "2", "--length", "6", "--prompt", "ab", "--seed", "1", "--temp", "0")
        screen = terminal("-c", PROGRAM, "sample", *flags, columns=40)
        assert screen.end() == 0
        text = "ab" + continuation(trained, prompt="ab", length=6, temperature=0)
        assert screen.raw.decode().replace("\r\n", "\n") == "\n---\n".join([text] * 40) + "\n"

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
    def test_ctrl_c_with_several_processes(self, trained, terminal: Callable[..., Any]):
        flags = ("--count", "64", "--workers", "2", "--length", "10000000", "--prompt", "abc", "--seed", "1")
        screen = terminal("-c", PROGRAM, "sample", *flags)
        screen.wait("abc")
        screen.send("\x03")
        assert screen.end() == 130
        assert b"Traceback" not in screen.raw

    def test_controls_are_shown_and_not_obeyed(self, tmp_path, terminal: Callable[..., Any]):
        write_run(CONTROLS, tmp_path / "run")
        screen = terminal("-c", PROGRAM, "sample", tmp_path / "run", "--prompt", "\x1b\x9b\u202e", "--seed", "1")
        assert screen.end() == 0
        assert "␛\\x9b\\u202e" in screen.raw.decode().splitlines()[0]
        assert not set(screen.raw.decode().replace("\r\n", "")) & set(CONTROLS)

    def test_raw_is_refused(self, trained, terminal: Callable[..., Any]):
        screen = terminal("-c", PROGRAM, "sample", "--raw", "--seed", "1")
        assert screen.end() == 2
        assert "--raw on a terminal" in screen.text
