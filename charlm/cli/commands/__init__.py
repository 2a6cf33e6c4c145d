"""The commands, one file each: settings from the command line, a call of the library, its result on the screen.

`COMMANDS` is their table. A command's module is imported when the command is called or its own help is shown, so
``charlm --help`` imports none. A module imports what its command needs at the top, without NumPy and rich: from the
packages that load their names at first use (`charlm.lazy`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["COMMANDS", "Entry"]


@dataclass(frozen=True, slots=True)
class Entry:
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
    commands: Mapping[str, Entry] = field(default_factory=dict)


COMMANDS: Mapping[str, Entry] = {
    "train": Entry("Train a model on a text, or with --pairs on pairs of strings.", "train.train"),
    "resume": Entry("Continue a run exactly where it stopped.", "resume.resume"),
    "sample": Entry("Generate text.", "sample.sample"),
    "console": Entry("Write a text together with a model.", "console.console"),
    "eval": Entry("Measure how well a model predicts a text: nats, bits, perplexity.", "evaluate.evaluate"),
    "score": Entry("Show how much each character of a text surprises a model.", "score.score"),
    "inspect": Entry("Look inside a model that reads a text: units, gates, gradients.", "inspect.inspect"),
    "transduce": Entry("Apply a model of pairs to strings: a line in, a line out.", "transduce.transduce"),
    "info": Entry("Show what a checkpoint holds and how its run went.", "info.info"),
    "compare": Entry("Show runs side by side: settings, losses, speed, curves, samples.", "compare.compare"),
    "plot": Entry("Draw the losses of runs, in nats per character.", "plot.plot"),
    "report": Entry(
        "Write a page about a run: curves, samples, held-out text, units, memory, settings.", "report.report"
    ),
    "gradcheck": Entry("Check every gradient against finite differences.", "gradcheck.gradcheck"),
    "bench": Entry("Measure the speed of training and sampling on this machine.", "bench.bench"),
    "doctor": Entry("Show versions, BLAS and its threads, cores and extras.", "doctor.doctor"),
    "corpus": Entry(
        "List, make and measure corpora.",
        commands={
            "list": Entry("List the built-in corpora and tasks of pairs.", "corpus.list_corpora"),
            "make": Entry("Write a built-in corpus or task of pairs to a file or stdout.", "corpus.make"),
            "stats": Entry("Count what is in a text, and how well a model can do at best.", "corpus.stats"),
        },
    ),
}
"""In the order of the help."""
