"""Examples at the end of a command's ``--help``, each with its purpose."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["EXAMPLES"]

EXAMPLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("charlm train --minutes 1", "train on the built-in tales for a minute"),
        ("charlm sample", "let the newest run write"),
    ),
    "train": (
        ("charlm train poems.txt --minutes 5", "five minutes on a text; sizes and rates follow from both"),
        ("charlm train names.txt --documents --hidden-size 128", "each line is a text of its own"),
        ("charlm train letters.txt --init-from poems", "fine-tune a model on another text"),
        ("charlm train poems.txt --dry-run", "show steps, time and memory only"),
    ),
    "resume": (
        ("charlm resume", "continue the newest unfinished run"),
        ("charlm resume poems --minutes 10", "continue to a total of ten minutes"),
    ),
    "sample": (
        ('charlm sample --prompt "Once upon a time" --temp 0.7', "continue a text, rather safely"),
        ("charlm sample poems --count 3 --seed 7", "three texts, the same ones every time"),
        ("charlm sample --regex @sentence", "one sentence: a pattern that has a name"),
        ("charlm sample --count 1000 --output many.txt", "a file of a thousand texts"),
    ),
    "console": (
        ("charlm console", "write with the newest run"),
        ("charlm console poems --count 4", "four candidates at a time, to pick one of"),
    ),
    "eval": (
        ("charlm eval", "how well the newest run predicts what it held out"),
        ("charlm eval poems sonnets.txt --dynamic", "the model keeps learning from another text"),
        ("charlm eval poems sonnets.txt --details", "with a confidence interval and where the loss is"),
        ("charlm eval poems a.txt b.txt --each --against songs", "models and texts in one table"),
        ("charlm eval dates pairs.tsv", "a model of pairs: exact match, character error rate"),
    ),
    "score": (
        ("charlm score poems --text 'To be, or not to be'", "the surprisal of each character"),
        ("charlm score poems sonnets.txt --html heat.html", "a page of it"),
        ("charlm score poems sonnets.txt --totals", "where the surprise is: by class, line and place"),
        ("charlm score poems sonnets.txt --against songs", "where another model is better"),
    ),
    "inspect": (
        ("charlm inspect poems sonnets.txt", "the units that track quotes, columns or case"),
        ("charlm inspect poems sonnets.txt --cell 17", "the text coloured by one unit"),
        ("charlm inspect poems --text 'To be' --connectivity --html memory.html", "what predictions depend on"),
    ),
    "transduce": (
        ('charlm transduce dates "3rd of May 1998"', "what a model of pairs makes of a string"),
        ("charlm transduce dates < lines.txt > dates.txt", "of each line of a file"),
        ('charlm transduce dates "3rd of May 1998" --attention', "where it looks while it writes"),
    ),
    "info": (
        ("charlm info", "list the runs"),
        ("charlm info poems", "one of them in full"),
    ),
    "compare": (
        ("charlm compare poems poems-2", "two runs side by side"),
        ("charlm compare poems poems-2 --svg curves.svg --length 0", "their curves as a picture, without samples"),
    ),
    "report": (
        ("charlm report poems", "a page about a run, report.html"),
        ("charlm report --output last.html --force", "about the newest run, in place of an older page"),
    ),
    "plot": (
        ("charlm plot", "losses of the newest run"),
        ("charlm plot poems poems-2 --x minutes --svg losses.svg", "two runs, and a picture"),
    ),
    "corpus": (("charlm corpus list", "which corpora are built in"),),
    "corpus list": (("charlm corpus list --json", "the same as JSON, for a program"),),
    "corpus make": (
        ("charlm corpus make dates --size 100000 --output dates.txt", "a file of dates"),
        ("charlm corpus make dates --pairs --output dates.tsv", "dates as people write them, and as ISO 8601 does"),
    ),
    "corpus stats": (
        ("charlm corpus stats poems.txt --baseline", "how far an n-gram model gets"),
        ("charlm corpus stats poems.txt --details", "a closer look, and what training on it takes"),
    ),
    "gradcheck": (("charlm gradcheck", "is every gradient right?"),),
    "bench": (("charlm bench --model gru --hidden-size 256", "the speed of a shape on this machine"),),
    "doctor": (("charlm doctor --json", "what is in force, for a report of a fault"),),
}
"""By the command's words after ``charlm``."""
