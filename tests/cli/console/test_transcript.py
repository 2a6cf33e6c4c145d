from __future__ import annotations

import pytest

from charlm.cli.console.transcript import rows_taken


@pytest.mark.parametrize(
    ("line", "width", "rows"),
    [("", 80, 1), ("x" * 77, 80, 1), ("x" * 78, 80, 2), ("語" * 39, 80, 2), ("語" * 38, 80, 1), ("\tx", 8, 2)],
)
def test_rows_that_a_line_takes(line: str, width: int, rows: int) -> None:
    assert rows_taken("> " + line, width) == rows
