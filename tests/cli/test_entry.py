"""Exit codes, one line an error, and what stands on which stream."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
import typer

import charlm
from charlm import errors
from charlm.cli.commands import COMMANDS, CommandEntry, doctor
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


def program(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False, **options
    )


def run_raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    def command() -> None:
        raise error

    monkeypatch.setattr(doctor, "doctor", command)
    return run(["doctor"])


def test_every_error_has_its_code() -> None:
    assert {getattr(errors, name) for name in errors.__all__ if name.endswith("Error")} == set(CODES)


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
        (typer.BadParameter("no good."), 2, "charlm: Invalid value: no good; see charlm doctor --help\n"),
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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--bogus", "there is no flag --bogus; see charlm --help"),
        ("trian", "there is no command 'trian'; perhaps train is meant; see charlm --help"),
        ("corpus nope", "there is no command 'nope'; choose one of list, make, stats; see charlm corpus --help"),
        (
            "train --hiden-size 1",
            "there is no flag --hiden-size; perhaps --hidden-size is meant; see charlm train --help",
        ),
        ("train --dropout x", "--dropout is 'x'; it must be a number; see charlm train --help"),
        ("train --steps=1.5", "--steps is '1.5'; it must be a whole number; see charlm train --help"),
        ("sample --repetition_penalty x", "--repeat-penalty is 'x'; it must be a number; see charlm sample --help"),
        ("train --dropout 2", "--dropout is 2.0; it must be at least 0 and below 1; see charlm train --help"),
        ("bench --model x", "--model is 'x'; choose one of rnn, lstm, gru; see charlm bench --help"),
        ("gradcheck --entries 0", "--entries is 0; it must be at least 1; see charlm gradcheck --help"),
        ("corpus make tales --size 0", "--size is 0; it must be at least 1; see charlm corpus make --help"),
        ("sample --seed -1", "--seed is -1; it must be at least 0; see charlm sample --help"),
        ("sample --count 0", "--count is 0; it must be at least 1; see charlm sample --help"),
        ("corpus make --size", "Option '--size' requires an argument; see charlm corpus make --help"),
        ("corpus make", "NAME is missing; see charlm corpus make --help"),
        (
            "corpus stats --no_colour",
            "there is no flag --no-colour; perhaps --no-color is meant; see charlm corpus stats --help",
        ),
    ],
)
def test_usage(arguments, words, capsys):
    assert run(arguments.split()) == 2
    assert capsys.readouterr() == ("", f"charlm: {words}\n")


def test_too_many_arguments(capsys):
    assert run(["sample", "a", "b", "c"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "b c" in err
    assert err.endswith("; see charlm sample --help\n")
    assert err.count("\n") == 1


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr() == (f"charlm {charlm.__version__}\n", "")


@pytest.mark.parametrize("arguments", ["corpus", "corpus --help", "corpus -h"])
def test_a_group_without_a_command_shows_its_help(arguments, capsys):
    assert run(arguments.split()) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("Usage: charlm corpus [OPTIONS] COMMAND [ARGS]...\n\n")
    assert "\n  make  " in out
    assert "\u240a" not in out


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help(arguments, capsys):
    assert run(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for command in COMMANDS:
        assert f"\n  {command} " in out


def test_help_and_completion_of_the_names_import_no_command() -> None:
    code = (
        "import os, sys\n"
        "from charlm.cli.entry import run\n"
        "assert run(['--help']) == run(['--version']) == run(['corpus', '--help']) == 0\n"
        "os.environ['_CHARLM_COMPLETE'] = 'fish'\n"
        "assert run(['']) == 0\n"
        "found = [name for name in sys.modules if name.startswith('charlm.cli.commands.')]\n"
        "assert not found, found\n"
    )
    done = program("-c", code)
    assert done.returncode == 0, done.stderr


def test_the_help_of_a_command_needs_neither_numpy_nor_rich() -> None:
    code = (
        "import sys\n"
        "from charlm.cli.commands import COMMANDS\n"
        "from charlm.cli.entry import run\n"
        "for name, entry in COMMANDS.items():\n"
        "    for inner in entry.commands or ['']:\n"
        "        assert run([name, *inner.split(), '--help']) == 0\n"
        "        heavy = {'numpy', 'regex', 'rich.console', 'rich.text'} & set(sys.modules)\n"
        "        assert not heavy, (name, inner, heavy)\n"
    )
    done = program("-c", code)
    assert done.returncode == 0, done.stderr


def entries(table: Mapping[str, CommandEntry] = COMMANDS) -> Iterator[tuple[str, CommandEntry]]:
    """Yield every command of the table and of its groups."""
    for name, entry in table.items():
        yield from entries(entry.commands) if entry.commands else ((name, entry),)


@pytest.mark.parametrize(("name", "entry"), [*entries()])
def test_the_summary_in_the_table_is_that_of_the_command(name: str, entry: CommandEntry) -> None:
    module, function = entry.function.split(".")
    command = getattr(importlib.import_module(f"charlm.cli.commands.{module}"), function)
    assert inspect.getdoc(command).split("\n")[0] == entry.summary


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
