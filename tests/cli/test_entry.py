"""Exit codes, one line an error, and what stands on which stream."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer

import charlm
from charlm import errors
from charlm.cli import app
from charlm.cli.entry import BLAS_VARIABLES, run

CODES = {
    errors.CharlmError: 1,
    errors.UsageError: 2,
    errors.CorpusError: 3,
    errors.VocabularyError: 3,
    errors.CheckpointError: 4,
    errors.DiskError: 5,
    errors.DivergedError: 6,
    errors.RunLockedError: 7,
    errors.ConstraintError: 8,
    errors.PeerLostError: 70,
}
COMMANDS = [*app.COMMANDS, "corpus"]


def program(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False, **options
    )


def run_raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    def command() -> None:
        raise error

    monkeypatch.setitem(app.COMMANDS, "doctor", command)
    return run(["doctor"])


def test_every_error_has_its_code() -> None:
    assert {getattr(errors, name) for name in errors.__all__} == set(CODES)


@pytest.mark.parametrize("kind", CODES)
def test_an_error_is_one_line(kind, monkeypatch, capsys):
    assert run_raising(kind("what is\nwrong: \x1b[31m; what to do"), monkeypatch) == CODES[kind] == kind.exit_code
    assert capsys.readouterr() == ("", "charlm: what is␊wrong: ␛[31m; what to do\n")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (RuntimeError("odd"), 1, "charlm: unexpected RuntimeError: odd; set CHARLM_DEBUG=1 for the traceback\n"),
        (MemoryError(), 1, "charlm: out of memory; choose a smaller --hidden-size, --batch-size or --seq-length\n"),
        (KeyboardInterrupt(), 130, ""),
        (typer.Abort(), 130, ""),
        (typer.Exit(143), 143, ""),
        (typer.Exit(), 0, ""),
        (typer.BadParameter("no good."), 2, "charlm: Invalid value: no good; see charlm --help\n"),
    ],
)
def test_other_ends(error, code, words, monkeypatch, capsys):
    assert run_raising(error, monkeypatch) == code
    assert capsys.readouterr() == ("", words)


@pytest.mark.parametrize("error", [RuntimeError("odd"), errors.DiskError("full"), MemoryError()])
def test_tracebacks_on_request(error, monkeypatch):
    monkeypatch.setenv("CHARLM_DEBUG", "1")
    with pytest.raises(type(error)):
        run_raising(error, monkeypatch)


@pytest.mark.parametrize("arguments", [["--bogus"], ["nonsense"], ["train", "--bogus"], ["sample", "a", "b", "c"]])
def test_usage(arguments, capsys):
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("charlm: ")
    assert err.endswith("; see charlm --help\n")
    assert err.count("\n") == 1


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr() == (f"charlm {charlm.__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help(arguments, capsys):
    assert run(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for command in COMMANDS:
        assert f"\n  {command} " in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    assert run([command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert f"charlm {command}" in out
    assert out.count("\n") > 6


def test_blas_is_at_one_thread_before_numpy_comes():
    code = (
        "import sys, os\n"
        "from charlm.cli.entry import run\n"
        "assert 'numpy' not in sys.modules\n"
        "assert run(['doctor', '--json']) == 0\n"
    )
    done = program("-c", code, env={**os.environ, **dict.fromkeys(BLAS_VARIABLES, "2")})
    assert done.returncode == 0, done.stderr
    assert '"blas_threads": 1' in done.stdout or '"blas_threads": null' in done.stdout


def test_the_module_is_the_program():
    assert program("-m", "charlm", "--version").stdout == f"charlm {charlm.__version__}\n"
    failed = program("-m", "charlm", "eval", "missing.npz", "--text", "a")
    assert (failed.returncode, failed.stdout) == (4, "")


@pytest.mark.skipif(os.name != "posix", reason="a pipe of another kind")
def test_a_reader_that_has_enough_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "charlm", "doctor", "--json"],
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")
