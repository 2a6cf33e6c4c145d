from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.runs import make_text


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> Path:
    """Run in a folder with a text of 200 words."""
    monkeypatch.chdir(tmp_path)
    Path("t.txt").write_text(make_text(200), "utf-8")
    return tmp_path


@pytest.fixture(autouse=True)
def nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Fail where the library prints."""
    yield
    assert capfd.readouterr() == ("", "")
