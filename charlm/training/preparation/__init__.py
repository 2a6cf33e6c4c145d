"""Run preparation: the arguments of `charlm.train` from the names of texts and settings.

``text_run``, ``pairs_run``
    A new run on a text, or on pairs of strings.
``fine_tuning``
    The weights or the vocabulary of another model, for a new run on a text.
``new_run``
    What both give: model, data, configuration and origin.
``forecasting``
    Steps, time and memory of a new run, without training.
``resumable``, ``resuming``
    The run to resume, with its checkpoint and data.
``run_data``, ``learnt``
    The text or pairs of a stored run: the parts that were trained on and held out.

Nothing here prints: phases are passed to a callback, remarks are returned.

>>> import charlm, pathlib, tempfile
>>> from charlm.training import preparation
>>> settings = {"preset": "quick", "model": {"hidden_size": 8}, "train": {"steps": 2}}
>>> with tempfile.TemporaryDirectory() as place:
...     folder = pathlib.Path(place, "sums")
...     new = preparation.new_text_run(["builtin:sums"], **settings)
...     charlm.train(new.model, new.task(), new.config, run=new.options(folder)).run().step
...     old = preparation.resumed_run(folder, steps=3)
...     charlm.train(old.model, old.task(), old.config, run=old.options).run().step
2
3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.training.preparation.forecasting import forecast
    from charlm.training.preparation.learnt import LearntText, held_out_pairs, held_out_text, learnt_text
    from charlm.training.preparation.new_run import NewRun
    from charlm.training.preparation.pairs_run import new_pairs_run
    from charlm.training.preparation.resumable import named_run, newest_unfinished, own_runs
    from charlm.training.preparation.resuming import ResumedRun, resumed_run
    from charlm.training.preparation.text_run import new_text_run

__all__ = [
    "LearntText",
    "NewRun",
    "ResumedRun",
    "forecast",
    "held_out_pairs",
    "held_out_text",
    "learnt_text",
    "named_run",
    "new_pairs_run",
    "new_text_run",
    "newest_unfinished",
    "own_runs",
    "resumed_run",
]

__getattr__ = loader(
    globals(),
    {
        "forecasting": "forecast",
        "learnt": "LearntText held_out_pairs held_out_text learnt_text",
        "new_run": "NewRun",
        "pairs_run": "new_pairs_run",
        "resumable": "named_run newest_unfinished own_runs",
        "resuming": "ResumedRun resumed_run",
        "text_run": "new_text_run",
    },
)
