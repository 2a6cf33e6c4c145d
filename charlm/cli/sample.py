"""``charlm sample``: generate text."""

from __future__ import annotations

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
    from charlm.generation import Sampler

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
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write to a file and not to standard output.")
    ] = None,
    no_echo: NoEchoOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One object a sample: text is the continuation, without the prompt.")
    ] = False,
    raw: RawOption = False,
) -> None:
    """Generate text: prompt and continuation go to standard output as they are drawn.

    Without a prompt flag, standard input is the prompt if it is a pipe or a file.
    """
    import numpy as np

    from charlm.checkpoint import find_model, load
    from charlm.cli.prompts import given_prompt, piped_prompt
    from charlm.cli.writing import TextWriter, open_text, refuse_raw_terminal
    from charlm.generation import Sampler
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
    given = given_prompt(prompt, prompt_file)
    text = piped_prompt(sys.stdin) if given is None else given
    net = load(find_model(model))
    ids = net.vocabulary.encode(text, on_unknown=config.on_unknown).tolist()
    with open_text(output) as stream, TextWriter(stream, clean=str if raw else visible) as out:
        if seed is None:
            seed = secrets.randbelow(2**32)
            typer.echo(f"seed {seed}", err=True)
        for k in range(count):
            sampler = Sampler(net, config, rng=np.random.default_rng(seed + k), logprobs=as_json)
            sampler.feed_ids(ids)
            if as_json:
                _write_object(out, sampler, prompt=text, seed=seed + k)
            else:
                _write_text(out, sampler, before=_SEPARATOR * (k > 0) + text * (not no_echo))


def _write_text(out: TextWriter, sampler: Sampler, *, before: str) -> None:
    out.write(before)
    for piece in sampler.stream():
        out.write(piece)


def _write_object(out: TextWriter, sampler: Sampler, *, prompt: str, seed: int) -> None:
    from charlm.ui.sanitize import json_text

    text = "".join(sampler.stream())
    sample = {
        "text": text,
        "prompt": prompt,
        "seed": seed,
        "parameters": asdict(sampler.config),
        "finish_reason": sampler.finish_reason,
        "logprobs": sampler.logprobs,
    }
    out.write(json_text(sample) + "\n")
