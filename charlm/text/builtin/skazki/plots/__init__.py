"""The plots, one a file. To add one, write a `Plot` and enter it below."""

from __future__ import annotations

from charlm.text.builtin.skazki.plots.chores import CHORES
from charlm.text.builtin.skazki.plots.contest import CONTEST
from charlm.text.builtin.skazki.plots.house import HOUSE
from charlm.text.builtin.skazki.plots.riddles import RIDDLES
from charlm.text.builtin.skazki.plots.star import STAR
from charlm.text.builtin.skazki.plots.theft import THEFT
from charlm.text.builtin.skazki.plots.wishes import WISHES
from charlm.text.builtin.tales.plot import Plot

__all__ = ["PLOTS"]

PLOTS: tuple[Plot, ...] = (CHORES, CONTEST, HOUSE, RIDDLES, STAR, THEFT, WISHES)
