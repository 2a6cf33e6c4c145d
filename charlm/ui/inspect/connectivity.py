"""The connectivity of a text: in a terminal for its last character, as a page for the selected character."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from charlm.analysis.inspection.connectivity import Connectivity
from charlm.ui.heat import Heat, Scale, with_base
from charlm.ui.sanitize import markup_text

__all__ = ["connectivity_heat", "connectivity_page", "connectivity_panels"]

_SHARE = Scale(
    "Share of the dependence, in per cent",
    (
        (0.0, ""),
        (1.0, "black on #deebf7"),
        (2.0, "black on #9ecae1"),
        (5.0, "black on #6baed6"),
        (10.0, "white on #2171b5"),
        (20.0, "bold white on #08306b"),
    ),
    lambda share: "·" if math.isnan(share) else "+" if share >= 9.5 else str(round(share)),
    "Under each character: its share in per cent; + is 10 and more, · none.",
)

STYLE = """\
.connectivity { display: grid; gap: 1.5em; grid-template-columns: repeat(auto-fit, minmax(min(22em, 100%), 1fr)); }
.connectivity pre { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.7; margin: 0; font-family:
ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
.connectivity span { border-radius: 2px; cursor: default; }
.connectivity span.at { outline: 2px solid var(--mark, #d55e00); }
"""

SCRIPT = """\
for (const map of document.querySelectorAll(".connectivity pre")) {
  const shares = JSON.parse(map.dataset.shares), spans = [...map.querySelectorAll("span")];
  map.show = (t) => spans.forEach((span, s) => {
    const share = s < t ? shares[t][s] / 100 : 0;
    span.style.background = share ? `rgb(33 113 181 / ${Math.min(1, Math.sqrt(share / 20)).toFixed(3)})` : "";
    span.title = s < t ? `${share}% of what the marked character hangs on` : "";
    span.className = s === t ? "at" : "";
  });
}
const maps = [...document.querySelectorAll(".connectivity pre")];
function point(event) {
  const span = event.target.closest(".connectivity span");
  if (!span) return;
  const t = [...span.parentNode.children].indexOf(span);
  maps.forEach((map) => map.show(Math.min(t, map.children.length - 1)));
}
addEventListener("mouseover", point);
addEventListener("click", point);
maps.forEach((map) => map.show(map.children.length - 1));
"""

_PAGE = """\
<!DOCTYPE html>
<html lang="und">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 2em auto; max-width: 72em; padding: 0 1em; font-family: system-ui, sans-serif; }}
h1 {{ font-size: 1.3em; }} h2 {{ font-size: 1em; margin: 0 0 0.5em; overflow-wrap: anywhere; }}
{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>Point at a character, or touch it: the earlier characters on which its prediction depends are coloured, each by
its share of the norms of the gradient of the logit.</p>
{panels}
<script>
{script}</script>
</body>
</html>
"""


def connectivity_heat(found: Connectivity, name: str) -> Heat:
    """Return a text, each piece coloured by its share in the prediction of the last."""
    shares = (100 * found.shares()[-1]).tolist()
    shares[-1] = math.nan
    summary = f"{name}: what the prediction of the last character, {with_base(found.pieces[-1])!r}, depends on"
    return Heat(found.pieces, shares, scale=_SHARE, summary=summary)


def connectivity_panels(found: Mapping[str, Connectivity]) -> str:
    """Return maps in columns as HTML, one for each model; they need `STYLE` and `SCRIPT`."""
    return f'<div class="connectivity">\n{"".join(_panel(name, one) for name, one in found.items())}</div>'


def connectivity_page(found: Mapping[str, Connectivity], *, title: str) -> str:
    """Return the maps of models as a self-contained page.

    Parameters
    ----------
    found : mapping of str to Connectivity
        By the name of each model.
    title : str
    """
    return _PAGE.format(title=markup_text(title), style=STYLE, script=SCRIPT, panels=connectivity_panels(found))


def _panel(name: str, found: Connectivity) -> str:
    shares = (10000 * found.shares()).round().astype(int).tolist()
    rows = [row[:t] for t, row in enumerate(shares)]  # hundredths of a per cent
    spans = "".join(f"<span>{_shown(piece)}</span>" for piece in found.pieces)
    data = json.dumps(rows, separators=(",", ":"))
    return f'<section><h2>{markup_text(name)}</h2>\n<pre data-shares="{data}">{spans}</pre></section>\n'


def _shown(piece: str) -> str:
    return "↵\n" if piece == "\n" else markup_text(with_base(piece))
