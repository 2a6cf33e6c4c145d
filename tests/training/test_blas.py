from __future__ import annotations

import pytest

from charlm.training import blas
from charlm.training.blas import blas_name, blas_threads, one_blas_thread
from charlm.training.environment import environment


def test_the_library_has_a_name() -> None:
    assert blas_name()


class Library:
    threads = 3

    def get(self) -> int:
        return self.threads

    def put(self, threads: int) -> None:
        self.threads = threads


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    monkeypatch.setattr(blas, "_openblas", lambda: (library.get, library.put))
    return library


def test_one_thread_inside_and_the_old_number_after(library: Library) -> None:
    with one_blas_thread() as threads:
        assert threads == library.threads == blas_threads() == 1
    assert library.threads == blas_threads() == 3


def test_the_old_number_after_an_error_too(library: Library) -> None:
    with pytest.raises(KeyError), one_blas_thread():
        raise KeyError
    assert library.threads == 3


def test_a_library_that_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "_openblas", lambda: None)
    assert blas_threads() is None
    with one_blas_thread() as threads:
        assert threads is None


@pytest.mark.skipif(blas_threads() is None, reason="NumPy has another BLAS here")
def test_the_library_of_this_machine() -> None:
    before = blas_threads()
    with one_blas_thread():
        assert blas_threads() == 1
    assert blas_threads() == before


def test_what_is_in_force() -> None:
    facts = environment()
    assert facts["blas"] == blas_name()
    assert facts["cores"] >= 1
    assert facts["numpy"].split(".")[0].isdigit()
    assert {"charlm", "python", "system", "regex", "rich", "typer", "blas_threads", "extra_parity"} <= set(facts)
    with one_blas_thread() as threads:
        assert environment()["blas_threads"] == threads
