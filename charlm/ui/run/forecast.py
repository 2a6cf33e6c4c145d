"""The forecast of a run as lines: steps, time, memory."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from charlm.runs.forecast import Forecast
from charlm.ui.flags import as_flags
from charlm.ui.wording import engine_line, model_line

__all__ = ["forecast_lines"]


def forecast_lines(found: Forecast) -> Iterator[Text]:
    """Yield the lines of a forecast."""
    yield Text(model_line(found.facts))
    yield Text(engine_line(found.facts))
    yield Text(f"{found.steps:,} steps of {found.window:,.10g} characters ({found.passes:.1f} passes)")
    yield Text(
        f"about {_span(found.duration_s)} at {found.chars_per_s:,.0f} characters/s, "
        f"and {found.memory_bytes / 2**20:.0f} MB for arrays"
    )
    if found.note:
        yield Text(as_flags(found.note))


def _span(seconds: float) -> str:
    """Format a duration in words.

    Examples
    --------
    >>> _span(0.31), _span(40), _span(150), _span(30_000)
    ('0.3 s', '40 s', '2.5 minutes', '8.3 hours')
    """
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
