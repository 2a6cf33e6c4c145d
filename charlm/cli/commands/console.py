"""``charlm console``: write a text together with a model."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from charlm.cli import console as interactive
from charlm.cli.arguments.mixing import SamplingCountsOption, SamplingMixOption
from charlm.cli.arguments.prompts import given_prompt
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
from charlm.cli.sampling.checks import with_pattern_read
from charlm.cli.setting_flags import FlagsOf, Given
from charlm.cli.writing.files import refuse_raw_terminal
from charlm.config import SampleConfig

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
            "--count", metavar="N", help="Candidates side by side, to pick one of.", rich_help_panel=SAMPLING
        ),
    ] = 1,
    seed: SeedOption = None,
    beam: BeamOption = None,
    mix: SamplingMixOption = None,
    counts: SamplingCountsOption = None,
    raw: RawOption = False,
    no_color: NoColorOption = False,
) -> None:
    """Write a text together with a model.

    Type a line and the model continues it; an empty line lets it continue.
    /help lists the commands. Ctrl-C stops the text, Ctrl-D or /bye leaves.
    """
    config = with_pattern_read(SampleConfig(**settings), encoding=encoding, errors=errors)
    if raw:
        refuse_raw_terminal(sys.stdout)
    text = given_prompt(prompt, prompt_file, encoding=encoding, errors=errors) or ""
    session = interactive.start_session(
        model,
        config,
        seed=seed,
        count=count,
        beam=beam,
        mix=mix,
        counts=counts,
        echo=not no_echo,
        raw=raw,
        no_color=no_color,
    )
    session.run(text)
