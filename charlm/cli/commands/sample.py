"""``charlm sample``: generate text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from charlm import checkpoint
from charlm.cli.arguments.mixing import SamplingCountsOption, SamplingMixOption, mixed
from charlm.cli.arguments.models import named_model
from charlm.cli.arguments.prompts import prompt_text
from charlm.cli.options import (
    OUTPUT,
    SAMPLING,
    BeamOption,
    ModelArgument,
    NoEchoOption,
    PromptEncodingOption,
    PromptErrorsOption,
    PromptFileOption,
    PromptOption,
    RawOption,
    SeedOption,
)
from charlm.cli.sampling.checks import with_pattern_read
from charlm.cli.sampling.samples import Sampling
from charlm.cli.sampling.writer import write_samples
from charlm.cli.setting_flags import FlagsOf, Given
from charlm.cli.writing.files import refuse_existing, refuse_raw_terminal
from charlm.config import SampleConfig

__all__ = ["sample"]

_LENGTH = f"Characters of the continuation; left out, {SampleConfig().length} and the rest of the line."


def sample(
    model: ModelArgument = None,
    *,
    prompt: PromptOption = None,
    prompt_file: PromptFileOption = None,
    no_echo: NoEchoOption = False,
    settings: Annotated[Given, FlagsOf(SampleConfig, length=_LENGTH)],
    encoding: PromptEncodingOption = "utf-8",
    errors: PromptErrorsOption = "strict",
    count: Annotated[
        int,
        typer.Option(
            "--count",
            metavar="N",
            help="Samples; the k-th is that of seed + k - 1, or the k-th best of the beam.",
            rich_help_panel=SAMPLING,
        ),
    ] = 1,
    seed: SeedOption = None,
    beam: BeamOption = None,
    mix: SamplingMixOption = None,
    counts: SamplingCountsOption = None,
    novelty: Annotated[
        bool,
        typer.Option(
            "--novelty",
            help="Report the longest run of each sample that stands in the training text.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    novelty_corpus: Annotated[
        str | None,
        typer.Option(
            "--novelty-corpus",
            metavar="CORPUS",
            help="The training text for --novelty, where it is no longer where it was.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write to a file and not to standard output.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace FILE if it exists.", rich_help_panel=OUTPUT)
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="One object a sample: text is the continuation, without the prompt.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    raw: RawOption = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            help="Processes that write samples; left out, more than one where that pays.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
) -> None:
    """Generate text.

    Prompt and continuation go to standard output as they are drawn. Without a prompt flag, standard input is
    the prompt if it is a pipe or a file.
    """
    asked = SampleConfig(finish_line="length" not in settings and beam is None, **settings)
    config = with_pattern_read(asked, encoding=encoding, errors=errors)
    sampling = Sampling(asked, config, seed=seed, count=count, beam=beam, workers=workers)
    if raw and output is None:
        refuse_raw_terminal(sys.stdout)
    refuse_existing({"--output": output}, force=force)
    text = prompt_text(prompt, prompt_file, encoding=encoding, errors=errors)
    loaded = checkpoint.load_predictor(named_model(model))
    write_samples(
        sampling,
        loaded,
        sampling.begin(mixed(loaded, mix, counts), prompt=text, logprobs=as_json),
        prompt=text,
        echo=not no_echo,
        output=output,
        as_json=as_json,
        raw=raw,
        novelty=novelty,
        novelty_corpus=novelty_corpus,
        mixture=({"mix": mix} if mix else {}) | ({} if counts is None else {"counts": counts}),
    )
