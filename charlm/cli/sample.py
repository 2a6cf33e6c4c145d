"""``charlm sample``: generate text."""

from __future__ import annotations

import contextlib
import secrets
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charlm.cli.options import (
    LengthOption,
    ModelArgument,
    NoEchoOption,
    OnUnknownOption,
    PromptEncodingOption,
    PromptErrorsOption,
    PromptFileOption,
    PromptOption,
    RawOption,
    SeedOption,
    StopOption,
    TemperatureOption,
    TopKOption,
    TopPOption,
)
from charlm.config import SampleConfig
from charlm.errors import UsageError

if TYPE_CHECKING:
    from charlm.cli.writing import TextWriter
    from charlm.generation import Sample
    from charlm.model import CharModel

__all__ = ["sample"]

_DEFAULT = SampleConfig()
_SEPARATOR = "\n---\n"


def sample(
    model: ModelArgument = None,
    prompt: PromptOption = None,
    prompt_file: PromptFileOption = None,
    length: LengthOption = _DEFAULT.length,
    temperature: TemperatureOption = _DEFAULT.temperature,
    top_k: TopKOption = _DEFAULT.top_k,
    top_p: TopPOption = _DEFAULT.top_p,
    stop: StopOption = None,
    count: Annotated[int, typer.Option("--count", help="Samples; the k-th is that of seed + k - 1.")] = 1,
    seed: SeedOption = None,
    on_unknown: OnUnknownOption = _DEFAULT.on_unknown,
    encoding: PromptEncodingOption = "utf-8",
    errors: PromptErrorsOption = "strict",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write to a file and not to standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    no_echo: NoEchoOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One object a sample: text is the continuation, without the prompt.")
    ] = False,
    raw: RawOption = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Processes that write samples; left out, more than one where that pays."),
    ] = None,
) -> None:
    """Generate text: prompt and continuation go to standard output as they are drawn.

    Without a prompt flag, standard input is the prompt if it is a pipe or a file.
    """
    from charlm.checkpoint import find_model, load
    from charlm.cli.prompts import given_prompt, piped_prompt
    from charlm.cli.writing import TextWriter, open_text, refuse_existing, refuse_raw_terminal
    from charlm.generation import sample_many
    from charlm.ui.sanitize import visible

    config = SampleConfig(
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        stop=tuple(stop or ()),
        on_unknown=on_unknown,  # type: ignore[arg-type]  # checked by the dataclass
    )
    if seed is not None and seed < 0:
        raise UsageError(f"seed is {seed}; it must be at least 0")
    if count < 1:
        raise UsageError(f"count is {count}; it must be at least 1")
    if raw and output is None:
        refuse_raw_terminal(sys.stdout)
    refuse_existing({"--output": output}, force=force)
    given = given_prompt(prompt, prompt_file, encoding=encoding, errors=errors)
    text = piped_prompt(sys.stdin, encoding=encoding, errors=errors) if given is None else given
    net = load(find_model(model))
    chosen = secrets.randbelow(2**32) if seed is None else seed
    samples = sample_many(
        net,
        config,
        seeds=range(chosen, chosen + count),
        prompt=text,
        logprobs=as_json,
        workers=_workers(net, config, count) if workers is None else workers,
    )
    clean = str if raw else visible
    with open_text(output) as stream, TextWriter(stream, clean=clean) as out, contextlib.closing(samples):
        if seed is None:
            typer.echo(f"seed {chosen}", err=True)
        for one in samples:
            if as_json:
                _write_object(out, one, config, prompt=text)
            else:
                _write_text(out, one, before=_SEPARATOR * (one.seed > chosen) + text * (not no_echo))


def _workers(net: CharModel, config: SampleConfig, count: int) -> int:
    """Return how many processes should write."""
    if count == 1:  # which is most often, and must not wait for imports
        return 1
    from charlm.generation import suitable_workers
    from charlm.training.plan import available_cores

    return suitable_workers(net, config, count=count, cores=available_cores())


def _write_text(out: TextWriter, sample: Sample, *, before: str) -> None:
    out.write(before)
    for piece in sample.stream():
        out.write(piece)


def _write_object(out: TextWriter, sample: Sample, config: SampleConfig, *, prompt: str) -> None:
    from charlm.ui.sanitize import json_text

    text = sample.read()
    fields = {
        "text": text,
        "prompt": prompt,
        "seed": sample.seed,
        "parameters": asdict(config),
        "finish_reason": sample.finish_reason,
        "logprobs": sample.logprobs,
    }
    out.write(json_text(fields) + "\n")
