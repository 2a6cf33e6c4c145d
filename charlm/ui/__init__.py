"""Text and rich renderables of values; nothing here trains or opens a file.

The names that the commands use are loaded at first use, so that their ``--help`` needs neither NumPy nor rich.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.ui.attention import AttentionMap
    from charlm.ui.bench import bench_lines
    from charlm.ui.corpora import CorpusTable, TaskTable, stats_table
    from charlm.ui.environment import environment_table
    from charlm.ui.evaluation import (
        breakdown_lines,
        evaluation_lines,
        evaluation_table,
        evaluation_values,
        stored_baseline,
    )
    from charlm.ui.gradients import gradient_table
    from charlm.ui.heat import Heat, surprisal_line
    from charlm.ui.info import model_view, run_facts, run_table
    from charlm.ui.novelty import QUOTED, novelty_line
    from charlm.ui.page.attention import Attended, attention_to_page, attention_to_picture
    from charlm.ui.page.export import to_html, to_svg
    from charlm.ui.page.report import report_page
    from charlm.ui.pair_measures import measure_lines, measure_values
    from charlm.ui.plot.curves import curves_of
    from charlm.ui.plot.picture import draw_picture
    from charlm.ui.plot.png import check_png, to_png
    from charlm.ui.plot.svg import to_page, to_picture
    from charlm.ui.plot.terminal import CurvePlot
    from charlm.ui.run.comparison import comparison_view
    from charlm.ui.run.dashboard import open_display
    from charlm.ui.run.forecast import forecast_lines
    from charlm.ui.run.plain import Silence
    from charlm.ui.run.resuming import already_finished, nothing_to_resume, progress_of
    from charlm.ui.score import LikeliestHeat, difference_heat, totals_view

__all__ = [
    "QUOTED",
    "Attended",
    "AttentionMap",
    "CorpusTable",
    "CurvePlot",
    "Heat",
    "LikeliestHeat",
    "Silence",
    "TaskTable",
    "already_finished",
    "attention_to_page",
    "attention_to_picture",
    "bench_lines",
    "breakdown_lines",
    "check_png",
    "comparison_view",
    "curves_of",
    "difference_heat",
    "draw_picture",
    "environment_table",
    "evaluation_lines",
    "evaluation_table",
    "evaluation_values",
    "forecast_lines",
    "gradient_table",
    "measure_lines",
    "measure_values",
    "model_view",
    "nothing_to_resume",
    "novelty_line",
    "open_display",
    "progress_of",
    "report_page",
    "run_facts",
    "run_table",
    "stats_table",
    "stored_baseline",
    "surprisal_line",
    "to_html",
    "to_page",
    "to_picture",
    "to_png",
    "to_svg",
    "totals_view",
]

__getattr__ = loader(
    globals(),
    {
        "attention": "AttentionMap",
        "bench": "bench_lines",
        "corpora": "CorpusTable TaskTable stats_table",
        "environment": "environment_table",
        "evaluation": "breakdown_lines evaluation_lines evaluation_table evaluation_values stored_baseline",
        "gradients": "gradient_table",
        "heat": "Heat surprisal_line",
        "info": "model_view run_facts run_table",
        "novelty": "QUOTED novelty_line",
        "page.attention": "Attended attention_to_page attention_to_picture",
        "page.export": "to_html to_svg",
        "page.report": "report_page",
        "pair_measures": "measure_lines measure_values",
        "plot.curves": "curves_of",
        "plot.picture": "draw_picture",
        "plot.png": "check_png to_png",
        "plot.svg": "to_page to_picture",
        "plot.terminal": "CurvePlot",
        "run.comparison": "comparison_view",
        "run.dashboard": "open_display",
        "run.forecast": "forecast_lines",
        "run.plain": "Silence",
        "run.resuming": "already_finished nothing_to_resume progress_of",
        "score": "LikeliestHeat difference_heat totals_view",
    },
)
