"""``charlm console``: write a text together with a model."""

from __future__ import annotations

import io
import os
import secrets
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from charlm.cli.options import (
    SAMPLING,
    BeamOption,
    ModelArgument,
    NoColorOption,
    NoEchoOption,
    PromptEncodingOption,
    PromptErrorsOption,
    PromptFileOption,
    PromptOption,
    RawOption,
    SeedOption,
)
from charlm.cli.setting_flags import FlagsOf, Given
from charlm.cli.streams import stdin_bytes, stdin_is_terminal
from charlm.config import SampleConfig
from charlm.config.checks import check_number

if TYPE_CHECKING:
    from rich.console import Console

    from charlm.cli.console.line_reader import LineSource
    from charlm.cli.console.transcript import Transcript
    from charlm.conversation.conversation import Conversation

__all__ = ["console"]


def console(
    model: ModelArgument = None,
    *,
    prompt: PromptOption = None,
    prompt_file: PromptFileOption = None,
    no_echo: NoEchoOption = False,
    settings: Annotated[Given, FlagsOf(SampleConfig)],
    encoding: PromptEncodingOption = "utf-8",
    errors: PromptErrorsOption = "strict",
    count: Annotated[
        int,
        typer.Option(
            "--count", metavar="N", help="Answers side by side, to pick one of.", rich_help_panel=SAMPLING
        ),
    ] = 1,
    seed: SeedOption = None,
    beam: BeamOption = None,
    raw: RawOption = False,
    no_color: NoColorOption = False,
) -> None:
    """Write a text together with a model.

    Type a line and the model continues it; an empty line lets it continue.
    /help lists the commands. Ctrl-C stops the text, Ctrl-D or /bye leaves.
    """
    from charlm.checkpoint import find_model, load_checkpoint
    from charlm.cli.beams import refuse_drawing
    from charlm.cli.console.session import Session
    from charlm.cli.console.single_keys import SingleKeys
    from charlm.cli.console.slash import MOST_ANSWERS, Slash
    from charlm.cli.given_text import named_model
    from charlm.cli.hidden_keys import HiddenKeys
    from charlm.cli.patterns import with_pattern_read
    from charlm.cli.prompts import given_prompt
    from charlm.cli.streams import stderr_console
    from charlm.cli.writing import refuse_raw_terminal
    from charlm.conversation.conversation import Conversation
    from charlm.generation.beam import check_beam
    from charlm.ui.console import view

    config = with_pattern_read(SampleConfig(**settings), encoding=encoding, errors=errors)
    check_number("seed", seed, whole=True)
    check_number("count", count, low=1, high=MOST_ANSWERS, whole=True)
    if beam is not None:
        check_beam(beam, count)
        refuse_drawing(config)
    if raw:
        refuse_raw_terminal(sys.stdout)
    opening = given_prompt(prompt, prompt_file, encoding=encoding, errors=errors) or ""
    by_lines = not stdin_is_terminal()  # else it is a line editor that reads the keys
    with HiddenKeys(sys.stdout, by_lines=by_lines):
        path = named_model(model, names_own=True)
        net = load_checkpoint(path).model
    talk = Conversation(net, config, seed=secrets.randbelow(2**32) if seed is None else seed)
    stderr = stderr_console(no_color)
    if model is not None:  # else it has been named
        stderr.print(view.note(f"model {path}"), soft_wrap=not stderr.is_terminal)
    stderr.print(view.greeting(net.config, len(net.vocabulary), net.params.value.size, talk.seed))
    if not by_lines:
        stderr.print(view.first_steps())
    transcript = _transcript(echo=not no_echo, raw=raw, no_color=no_color)
    slash = Slash(
        talk,
        show=stderr.print,
        load=lambda name: load_checkpoint(find_model(name)).model,
        count=count,
        beam=beam or 0,
        colours=transcript.colours,
    )
    session = Session(
        talk,
        slash,
        lines=_lines(stderr, talk),
        transcript=transcript,
        tell=stderr.print,
        hidden_keys=lambda: HiddenKeys(sys.stdout, by_lines=by_lines),
        patient=not by_lines,
        keys=SingleKeys(),
    )
    session.run(opening)


def _lines(stderr: Console, talk: Conversation) -> LineSource:
    """Read from the terminal, or from whatever stands in its place."""
    from charlm.cli.console.history import History, history_file
    from charlm.cli.console.line_reader import PipedLines, TypedLines
    from charlm.cli.console.slash import completions

    stdin = stdin_bytes() or io.BytesIO()  # one that was closed has no lines
    if not stdin_is_terminal():
        return PipedLines(stdin)
    if not sys.stdout.isatty():
        return PipedLines(stdin, ask=lambda prompt: stderr.print(prompt, end=""))
    return TypedLines(lambda line: completions(line, talk), History(history_file(os.environ, sys.platform)))


def _transcript(*, echo: bool, raw: bool, no_color: bool) -> Transcript:
    """Write to the terminal with styles, or bare text to whatever stands in its place."""
    from charlm.cli.console.transcript import Transcript
    from charlm.cli.streams import stdout_console
    from charlm.ui.sanitize import visible

    screen = stdout_console(no_color) if sys.stdout.isatty() else None
    clean = str if raw else visible
    return Transcript(sys.stdout, screen, typed_at=stdin_is_terminal(), echo=echo, clean=clean)
