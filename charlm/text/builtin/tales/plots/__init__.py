"""The plots, one a file. To add one, write a `Plot` and enter it below."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot
from charlm.text.builtin.tales.plots.contest import CONTEST
from charlm.text.builtin.tales.plots.donkey import DONKEY
from charlm.text.builtin.tales.plots.good_turn import GOOD_TURN
from charlm.text.builtin.tales.plots.lost_thing import LOST_THING
from charlm.text.builtin.tales.plots.quarrel import QUARREL
from charlm.text.builtin.tales.plots.riddle import RIDDLE
from charlm.text.builtin.tales.plots.storm import STORM
from charlm.text.builtin.tales.plots.stranger import STRANGER

__all__ = ["PLOTS"]

PLOTS: tuple[Plot, ...] = (CONTEST, DONKEY, GOOD_TURN, LOST_THING, QUARREL, RIDDLE, STORM, STRANGER)
