"""The commands, one file each: settings from the command line, a call of the library, its result on the screen.

`COMMANDS` is their table. A command's module is imported when the command is called or its own help is shown, so
``charlm --help`` imports none. A module imports what its command needs at the top, without NumPy and rich: from the
packages that load their names at first use (`charlm.lazy`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["COMMANDS", "CommandEntry"]


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command, or a group of commands.

    Parameters
    ----------
    summary : str
        Its line in the help: the first line of the function's docstring.
    function : str
        ``module.function`` in this package; empty for a group.
    commands : mapping
        Those of a group, by name.
    """

    summary: str
    function: str = ""
    commands: Mapping[str, CommandEntry] = field(default_factory=dict)


COMMANDS: Mapping[str, CommandEntry] = {
    "train": CommandEntry("Train a model on a text, or with --pairs on pairs of strings.", "train.train"),
    "resume": CommandEntry("Continue a run exactly where it stopped.", "resume.resume"),
    "sample": CommandEntry("Generate text.", "sample.sample"),
    "console": CommandEntry("Write a text together with a model.", "console.console"),
    "eval": CommandEntry("Measure how well a model predicts a text: nats, bits, perplexity.", "evaluate.evaluate"),
    "score": CommandEntry("Show how much each character of a text surprises a model.", "score.score"),
    "inspect": CommandEntry("Look inside a model that reads a text: units, gates, gradients.", "inspect.inspect"),
    "transduce": CommandEntry("Apply a model of pairs to strings: a line in, a line out.", "transduce.transduce"),
    "info": CommandEntry("Show what a checkpoint holds and how its run went.", "info.info"),
    "compare": CommandEntry("Show runs side by side: settings, losses, speed, curves, samples.", "compare.compare"),
    "plot": CommandEntry("Draw the losses of runs, in nats per character.", "plot.plot"),
    "report": CommandEntry(
        "Write a page about a run: curves, samples, held-out text, units, memory, settings.", "report.report"
    ),
    "gradcheck": CommandEntry("Check every gradient against finite differences.", "gradcheck.gradcheck"),
    "bench": CommandEntry("Measure the speed of training and sampling on this machine.", "bench.bench"),
    "doctor": CommandEntry("Show versions, BLAS and its threads, cores and extras.", "doctor.doctor"),
    "corpus": CommandEntry(
        "List, make and measure corpora.",
        commands={
            "list": CommandEntry("List the built-in corpora and tasks of pairs.", "corpus.list_corpora"),
            "make": CommandEntry("Write a built-in corpus or task of pairs to a file or stdout.", "corpus.make"),
            "stats": CommandEntry("Count what is in a text, and how well a model can do at best.", "corpus.stats"),
        },
    ),
}
"""In the order of the help."""
