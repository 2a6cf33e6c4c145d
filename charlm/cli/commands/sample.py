"""``charlm sample``: generate text."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charlm.cli.options import (
    OUTPUT,
    SAMPLING,
    BeamOption,
    MinPOption,
    ModelArgument,
    NaturalLengthOption,
    NoEchoOption,
    OnUnknownOption,
    PromptEncodingOption,
    PromptErrorsOption,
    PromptFileOption,
    PromptOption,
    RawOption,
    RegexOption,
    RepeatLastNOption,
    RepeatPenaltyOption,
    SeedOption,
    StopOption,
    TemperatureOption,
    TemplateOption,
    TopKOption,
    TopPOption,
    TypicalPOption,
)
from charlm.config import SampleConfig
from charlm.config.checks import check_number

if TYPE_CHECKING:
    from charlm.cli.sample_writing import Searched
    from charlm.generation import Sample
    from charlm.models.language_model import CharModel
    from charlm.text.vocabulary import Vocabulary

__all__ = ["sample"]

_DEFAULT = SampleConfig()


def sample(
    model: ModelArgument = None,
    prompt: PromptOption = None,
    prompt_file: PromptFileOption = None,
    no_echo: NoEchoOption = False,
    on_unknown: OnUnknownOption = _DEFAULT.on_unknown,
    encoding: PromptEncodingOption = "utf-8",
    errors: PromptErrorsOption = "strict",
    length: NaturalLengthOption = None,
    temperature: TemperatureOption = _DEFAULT.temperature,
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
    stop: StopOption = None,
    regex: RegexOption = _DEFAULT.regex,
    template: TemplateOption = _DEFAULT.template,
    top_k: TopKOption = _DEFAULT.top_k,
    top_p: TopPOption = _DEFAULT.top_p,
    min_p: MinPOption = _DEFAULT.min_p,
    typical_p: TypicalPOption = _DEFAULT.typical_p,
    repeat_penalty: RepeatPenaltyOption = _DEFAULT.repeat_penalty,
    repeat_last_n: RepeatLastNOption = _DEFAULT.repeat_last_n,
    beam: BeamOption = None,
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
    from charlm.checkpoint import load_checkpoint
    from charlm.cli.beams import refuse_drawing
    from charlm.cli.given_text import named_model
    from charlm.cli.hidden_keys import HiddenKeys
    from charlm.cli.patterns import with_pattern_read
    from charlm.cli.prompts import given_prompt, piped_prompt
    from charlm.cli.sample_writing import SEPARATOR, SampleWriter, searched, with_novelty
    from charlm.cli.streams import is_file, stdin_bytes, word_wrapping
    from charlm.cli.waiting import adding, waiting
    from charlm.cli.writing import TextWriter, open_text, refuse_existing, refuse_raw_terminal
    from charlm.generation import sample_many
    from charlm.ui.sanitize import visible

    asked = SampleConfig(
        length=_DEFAULT.length if length is None else length,
        finish_line=length is None and beam is None,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        typical_p=typical_p,
        repeat_penalty=repeat_penalty,
        repeat_last_n=repeat_last_n,
        stop=tuple(stop or ()),
        regex=regex,
        template=template,
        on_unknown=on_unknown,  # type: ignore[arg-type]  # checked by the dataclass
    )
    config = with_pattern_read(asked, encoding=encoding, errors=errors)
    check_number("seed", seed, whole=True)
    check_number("count", count, low=1, whole=True)
    if beam is not None:
        refuse_drawing(config)
    if raw and output is None:
        refuse_raw_terminal(sys.stdout)
    refuse_existing({"--output": output}, force=force)
    given = given_prompt(prompt, prompt_file, encoding=encoding, errors=errors)
    text = piped_prompt(stdin_bytes(), encoding=encoding, errors=errors) if given is None else given
    checkpoint = load_checkpoint(named_model(model))
    net = checkpoint.model
    chosen = secrets.randbelow(2**32) if seed is None else seed
    samples: Generator[Searched, None, None] | Generator[Sample, None, None]
    if beam is not None:
        with waiting("searching") as progress:
            samples = searched(net, config, width=beam, count=count, prompt=text, progress=progress)
    else:
        with waiting("reading the prompt"):
            samples = sample_many(
                net,
                config,
                seeds=range(chosen, chosen + count),
                prompt=text,
                logprobs=as_json,
                workers=_workers(net, config, count) if workers is None else workers,
            )
    expected = count * config.length
    written = with_novelty(samples, checkpoint, novelty_corpus, wanted=novelty, expected=expected)
    with (
        open_text(output) as stream,
        HiddenKeys(stream, by_lines=True),
        TextWriter(
            stream, clean=str if raw else visible, wrapping=None if as_json else word_wrapping(stream)
        ) as out,
        contextlib.closing(samples),
    ):
        if seed is None and beam is None:
            typer.echo(f"seed {chosen}", err=True)
        parameters = _parameters(asked, beam) if as_json else None
        lines = _holds_lines(net.vocabulary) and not as_json
        unseen = (output is not None or is_file(stream)) and not (novelty or novelty_corpus)
        with waiting("writing") if unseen else contextlib.nullcontext() as progress:
            writer = SampleWriter(
                out,
                prompt=text,
                echo=not no_echo,
                separator="\n" if lines else SEPARATOR,
                parameters=parameters,
                drawn=None if progress is None else adding(progress, expected),
            )
            for one, found in written:
                writer.write(one, found)
        if lines and not stream.isatty():  # where the writer ends the row
            out.write("\n")
    _tell(writer.remarks())


def _holds_lines(vocabulary: Vocabulary) -> bool:
    """Tell whether a text of this vocabulary is a document, and a document a line."""
    feeds = ("\n", "\r\n", ord("\n"))
    return vocabulary.stop_id is not None and not any(symbol in feeds for symbol in vocabulary.symbols)


def _tell(remarks: list[str]) -> None:
    """Write remarks on standard error; a terminal gets them broken between words."""
    if not remarks:
        return
    from rich.text import Text

    from charlm.cli.streams import stderr_console

    stderr = stderr_console()
    for remark in remarks:
        stderr.print(Text(remark), soft_wrap=not stderr.is_terminal)


def _parameters(config: SampleConfig, beam: int | None) -> dict[str, Any]:
    """Return the settings that made a text."""
    parameters = asdict(config)
    if beam is None:
        return parameters
    return {"beam": beam, **{name: parameters[name] for name in ("length", "stop", "on_unknown")}}


def _workers(net: CharModel, config: SampleConfig, count: int) -> int:
    """Return how many processes should write."""
    if count == 1:  # which is most often, and must not wait for imports
        return 1
    from charlm.blas import available_cores
    from charlm.generation import suitable_workers

    return suitable_workers(net, config, count=count, cores=available_cores())
