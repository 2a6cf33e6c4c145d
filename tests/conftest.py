"""Settings of all tests."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from charlm.errors import CharlmError
from tests.figures import figure

ROOT = Path(__file__).parents[1]

for profile, examples in (("quick", 100), ("full", 1000)):
    settings.register_profile(profile, deadline=None, max_examples=examples)  # a busy machine is no failure
settings.load_profile(figure("quick", "full"))


os.environ["CHARLM_HISTORY"] = "off"  # what tests type is nobody's history


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "promise(number): holds a promise of CONTRIBUTING; CHARLM_TESTS=full reaches its full figure"
    )


def pytest_collection_finish() -> None:
    gc.freeze()  # thousands of tests stay to the end, and looking at them was a quarter of the time


@pytest.fixture
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk, where nothing is about it."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def nothing_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no model have come with charlm."""
    monkeypatch.setattr("charlm.checkpoint.locate.SHIPPED_FOLDERS", ())


@pytest.fixture(autouse=True, scope="session")
def note_errors() -> Iterator[None]:
    """Note where each of charlm's errors is made, if CHARLM_TESTS_ERRORS names a file for it."""
    record = os.environ.get("CHARLM_TESTS_ERRORS")
    if record is None:
        yield
        return
    seen: set[str] = set()

    def noted(_self: Exception, *_args: object) -> None:
        frame = sys._getframe(1)
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT):
            seen.add(f"{path.relative_to(ROOT).as_posix()}:{frame.f_lineno}\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CharlmError, "__init__", noted)
        yield
    Path(record).write_text("".join(sorted(seen)), "utf-8")
