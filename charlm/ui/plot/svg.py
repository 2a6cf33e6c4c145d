"""Pictures as SVG, and loss curves as a page of HTML; both are self-contained."""

from __future__ import annotations

from collections.abc import Sequence

from charlm.ui.page.frame import framed
from charlm.ui.plot.curves import Curves
from charlm.ui.plot.picture import TEXT_SIZE, Dot, Line, Picture, Shape
from charlm.ui.sanitize import markup_text

__all__ = ["to_page", "to_picture"]

_FONT = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>{title}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<g font-family="{font}" font-size="{size}" stroke-linejoin="round">
{shapes}
</g>
</svg>
"""

_STYLE = (
    f"body {{ margin: 2em auto; max-width: 56em; padding: 0 1em; font-family: {_FONT}; "
    "color: #1b1f24; background: #fff; }\n"
    "svg { width: 100%; height: auto; }\n"
    "td, th { padding: 0.2em 1.5em 0.2em 0; text-align: left; vertical-align: top; }"
)

_BODY = """\
<h1>{title}</h1>
{svg}
<table>
<tr><th>run</th><th>loss</th></tr>
{rows}
</table>"""


def to_picture(picture: Picture) -> str:
    """Paint a picture as SVG."""
    return _SVG.format(
        width=picture.width,
        height=picture.height,
        font=_FONT,
        size=TEXT_SIZE,
        title=markup_text(picture.title),
        shapes="\n".join(map(_element, picture.shapes)),
    )


def to_page(picture: Picture, runs: Sequence[Curves]) -> str:
    """Return a page of HTML, also well-formed XML: the picture, and the results as a table."""
    cells = ((markup_text(run.name), markup_text(run.figures)) for run in runs)
    rows = "\n".join(f"<tr><td>{name}</td><td>{figures}</td></tr>" for name, figures in cells)
    title = markup_text(picture.title)
    body = _BODY.format(title=title, svg=to_picture(picture), rows=rows)
    return framed(body, title=title, style=_STYLE, lang="en")


def _element(shape: Shape) -> str:
    match shape:
        case Line():
            points = " ".join(f"{x:g},{y:g}" for x, y in shape.points)
            dashes = ' stroke-dasharray="2 4"' if shape.dashed else ""
            return (
                f'<polyline points="{points}" fill="none" stroke="{shape.colour}" stroke-width="{shape.width:g}"'
                f"{dashes}/>"
            )
        case Dot():
            x, y = shape.at
            hint = markup_text(shape.hint)
            return (
                f'<circle cx="{x:g}" cy="{y:g}" r="{shape.radius:g}" fill="{shape.colour}">'
                f"<title>{hint}</title></circle>"
            )
    x, y = shape.at
    weight = ' font-weight="bold"' if shape.bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{shape.colour}" text-anchor="{shape.anchor}"{weight}>'
        f"{markup_text(shape.text)}</text>"
    )
