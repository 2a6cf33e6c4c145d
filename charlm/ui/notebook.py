"""Values as HTML for a notebook: a score as a heat map, an evaluation as a table, a history as curves, a sample."""

from __future__ import annotations

import io
from collections.abc import Mapping

from rich.console import Console, RenderableType

from charlm.analysis.evaluation import Evaluation
from charlm.analysis.scoring import Score
from charlm.generation.batch_sampler import Sample
from charlm.runs.history import History
from charlm.ui.evaluation import evaluation_values
from charlm.ui.heat import Heat, surprisal_line
from charlm.ui.plot.curves import curves_of
from charlm.ui.plot.picture import draw_picture
from charlm.ui.plot.svg import to_picture
from charlm.ui.sanitize import markup_text
from charlm.ui.wording import number

__all__ = ["as_html", "renderable_html"]

_FONT = "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"
_PRE = f'<pre style="line-height:1.4;font-family:{_FONT}">{{code}}</pre>'
_LONGEST = 20_000  # pieces of a score that are shown


def as_html(value: object) -> str:
    """Return a value as HTML that loads nothing.

    Raises
    ------
    TypeError
        For a value of another type.
    """
    match value:
        case Score():
            bits = value.bits.tolist()
            heat = Heat(value.pieces[:_LONGEST], bits[:_LONGEST], summary=surprisal_line(bits))
            return renderable_html(heat, width=96)
        case Evaluation():
            numbers = evaluation_values(value, "char")
            rows = {name: number(numbers[name]) for name in ("nats", "bits_per_char", "perplexity")}
            return _table({**rows, "characters": f"{value.characters:,}"})
        case History():
            if not value.train and not value.evaluations:
                return "<p>no losses yet</p>"
            return to_picture(draw_picture([curves_of("run", value)], axis="steps"))
        case Sample():
            lines = "\n".join(map(markup_text, "".join(value.stream()).split("\n")))
            return f'<pre style="white-space:pre-wrap">{lines}</pre>'
    raise TypeError(f"{type(value).__name__} has no form for notebooks; show its text")


def renderable_html(renderable: RenderableType, *, width: int = 80) -> str:
    """Return a renderable in HTML, with its styles inline."""
    console = Console(
        record=True,
        force_jupyter=False,
        file=io.StringIO(),
        width=width,
        height=25,
        force_terminal=True,
        color_system="truecolor",
    )
    console.print(renderable)
    return console.export_html(inline_styles=True, code_format=_PRE)


def _table(rows: Mapping[str, str]) -> str:
    cells = (f"<tr><th>{name.replace('_', ' ')}</th><td>{value}</td></tr>" for name, value in rows.items())
    return f"<table>{''.join(cells)}</table>"
