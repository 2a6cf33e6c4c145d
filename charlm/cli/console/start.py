"""The start of a session: loading of the model, streams, greeting."""

from __future__ import annotations

import io
import os
import secrets
import sys
from collections.abc import Sequence
from functools import partial

from rich.console import Console

from charlm.checkpoint import find_model, load_predictor
from charlm.cli.arguments.mixing import mixed, with_chosen_counts
from charlm.cli.arguments.models import named_model
from charlm.cli.console.history import InputHistory, history_file
from charlm.cli.console.line_reader import LineReader, PipedLineReader, TerminalLineReader
from charlm.cli.console.session import Session
from charlm.cli.console.slash import MOST_CANDIDATES, Context, LoadedModels, completions
from charlm.cli.console.transcript import Transcript
from charlm.cli.sampling.checks import refuse_drawing
from charlm.cli.terminal.hidden_keys import HiddenKeys
from charlm.cli.terminal.streams import stderr_console, stdin_bytes, stdin_is_terminal, stdout_console
from charlm.config import SampleConfig
from charlm.config.checks import check_number
from charlm.conversation import Conversation
from charlm.generation.beam import check_beam
from charlm.ui.console import view
from charlm.ui.sanitize import visible

__all__ = ["start_session"]


def start_session(
    name: str | None,
    config: SampleConfig,
    *,
    seed: int | None,
    count: int = 1,
    beam: int | None = None,
    mix: Sequence[str] | None = None,
    counts: bool | None = None,
    echo: bool = True,
    raw: bool = False,
    no_color: bool = False,
) -> Session:
    """Load the model and return a session with it.

    Parameters
    ----------
    name : str, optional
        Of the model; by default of the newest run.
    config : SampleConfig
    seed : int, optional
        By default random.
    count : int
        Candidates of each turn.
    beam : int, optional
        Width of a beam search, in place of sampling.
    mix, counts
        What is mixed with the model, as for `charlm.cli.arguments.mixing.mixed`.
    echo : bool
        Whether typed text is written to standard output too.
    raw : bool
        Whether the text is not sanitised.
    no_color : bool

    Raises
    ------
    UsageError
        For numbers out of range, and for settings of sampling beside a beam.
    CheckpointError
        If there is no such model.
    """
    check_number("seed", seed, whole=True)
    check_number("count", count, low=1, high=MOST_CANDIDATES, whole=True)
    if beam is not None:
        check_beam(beam, count)
        refuse_drawing(config)
    interactive = stdin_is_terminal()
    hidden_keys = partial(HiddenKeys, sys.stdout, by_lines=not interactive)  # the line editor reads single keys
    stderr = stderr_console(no_color)
    with hidden_keys():
        path = named_model(name, names_own=True)
        models = LoadedModels(lambda given: load_predictor(find_model(given)))
        loaded = models.add(
            path.parent.name if name is None else name, with_chosen_counts(load_predictor(path), counts)
        )
        model = mixed(loaded, mix, counts, load=models.load)
    talk = Conversation(model, config, seed=secrets.randbelow(2**32) if seed is None else seed)
    if name is not None:  # otherwise `named_model` names it
        stderr.print(view.note(f"model {path}"), soft_wrap=not stderr.is_terminal)
    stderr.print(view.greeting(model, talk.seed))
    if interactive:
        stderr.print(view.first_steps())
    transcript = Transcript(
        sys.stdout,
        stdout_console(no_color),
        show=stderr.print,
        typed_at=interactive,
        echo=echo,
        clean=str if raw else visible,
    )
    context = Context(talk, transcript.show, models, count, beam or 0, transcript.colours)
    return Session(context, _lines(talk, stderr), transcript, hidden_keys=hidden_keys, interactive=interactive)


def _lines(talk: Conversation, stderr: Console) -> LineReader:
    """Return a line reader of the terminal, or of standard input in its place."""
    if stdin_is_terminal() and sys.stdout.isatty():
        history = InputHistory(history_file(os.environ, sys.platform))
        return TerminalLineReader(lambda line: completions(line, talk), history)
    ask = partial(stderr.print, end="") if stdin_is_terminal() else None
    return PipedLineReader(stdin_bytes() or io.BytesIO(), ask)
