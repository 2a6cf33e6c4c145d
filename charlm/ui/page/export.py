"""Renderables as SVG and HTML that load nothing from elsewhere.

Their text is sanitised already (`charlm.ui.sanitize`); only characters that are not in XML are replaced here.
"""

from __future__ import annotations

import io

from rich.console import Console, RenderableType

__all__ = ["to_html", "to_svg"]

# rich's default format links a web font
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
    }}
    .{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">{matrix}</g>
    </g>
</svg>
"""
# the remaining code points that are not in XML 1.0
_NOT_XML = {0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}


def to_svg(renderable: RenderableType, *, title: str) -> str:
    """Return a renderable as SVG, 80 columns wide.

    Parameters
    ----------
    renderable : rich renderable
    title : str
        One line, sanitised.
    """
    svg = _record(renderable).export_svg(title=title, code_format=_SVG)
    return svg.translate(_NOT_XML)


def to_html(renderable: RenderableType) -> str:
    """Return a renderable as a page of HTML, 80 columns wide."""
    return _record(renderable).export_html().translate(_NOT_XML)


def _record(renderable: RenderableType) -> Console:
    console = Console(
        record=True,
        force_jupyter=False,
        file=io.StringIO(),
        width=80,
        force_terminal=True,
        color_system="truecolor",
        no_color=False,
    )
    console.print(renderable)
    return console
