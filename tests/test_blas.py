from __future__ import annotations

import os

import numpy as np
import pytest

import charlm
import charlm.conversation.conversation
from charlm import blas
from charlm.blas import available_cores, blas_name, blas_threads, one_blas_thread, shared_dot
from charlm.errors import UsageError
from charlm.models.language_model import CharModel
from charlm.nn.kernels import gate_products

OTHER_BLAS = pytest.mark.skipif(blas_threads() is None, reason="NumPy has another BLAS here")


def test_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


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


@OTHER_BLAS
def test_the_library_of_this_machine() -> None:
    before = blas_threads()
    with one_blas_thread():
        assert blas_threads() == 1
    assert blas_threads() == before


LARGE = (2048, 2)  # columns of a matrix, and how many cores' caches it fills


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "available_cores", lambda: 4)


@pytest.mark.parametrize(
    ("width", "caches", "cores", "threads"),
    [
        (*LARGE, 2, 2),
        (*LARGE, 4, 2),  # more have nothing to gain
        (*LARGE, None, 2),  # the library has three
        (2048, 8, 8, 4),  # no more than there are
        (2064, 8, 4, 3),  # four would have uneven parts
        (*LARGE, 1, None),
        (2048, 1, 4, None),
        (2050, 8, 4, None),
    ],
)
def test_a_large_matrix_is_shared(
    width: int, caches: int, cores: int | None, threads: int | None, library: Library, four_cores: None
) -> None:
    dot = shared_dot(width, caches, cores)
    if threads is None:
        assert dot is None
        return
    assert dot is not None
    seen = []

    class Watched(np.ndarray):
        def __array_function__(self, *_):
            seen.append(library.threads)

    for _ in range(blas.TRIALS + 1):
        dot(np.zeros(1).view(Watched), np.zeros((1, 1)), np.zeros(1))
    assert seen == [3] * blas.TRIALS + [threads]
    assert library.threads == 3


def test_the_threads_are_put_back_after_an_error(
    library: Library, four_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blas, "TRIALS", 0)
    dot = shared_dot(*LARGE, 2)
    assert dot is not None
    with pytest.raises(ValueError, match="aligned"):
        dot(np.zeros(3), np.zeros((4, 4)), np.zeros(4))
    assert library.threads == 3


def test_one_core_goes_on_alone_where_the_others_are_busy(library: Library, four_cores: None) -> None:
    now_s, alone, shared = 0.0, 3, 2  # threads; of a product on one core the library's own number
    taken_s = {alone: 0.001, shared: 0.0005}
    seen: list[int] = []

    class Timed(np.ndarray):
        def __array_function__(self, *_):
            nonlocal now_s
            now_s += taken_s[library.threads]
            seen.append(library.threads)

    def multiply(times: int) -> list[int]:
        seen.clear()
        for _ in range(times):
            dot(np.zeros(1).view(Timed), np.zeros((1, 1)), np.zeros(1))
        return seen

    dot = shared_dot(*LARGE, 2, clock=lambda: now_s)
    assert dot is not None
    assert multiply(blas.TRIALS) == [alone] * blas.TRIALS  # to know how long it takes
    taken_s[alone] = 0.1  # the quickest counts
    assert multiply(3) == [shared] * 3
    taken_s[shared] = 0.0019  # no quicker than alone, but no wait
    assert multiply(3) == [shared] * 3
    taken_s[shared] = 0.0021
    assert multiply(blas.ALONE + 2) == [shared] + [alone] * blas.ALONE + [shared]


def test_nothing_is_shared_by_a_library_that_cannot_be_asked(
    monkeypatch: pytest.MonkeyPatch, four_cores: None
) -> None:
    monkeypatch.setattr(blas, "_openblas", lambda: None)
    assert shared_dot(*LARGE, 2) is None


@OTHER_BLAS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cores", [2, 3, 4])
@pytest.mark.parametrize("rows", [301, 768])
def test_a_shared_product_has_the_bits_of_one_core(rows: int, cores: int, dtype: type, four_cores: None) -> None:
    rng = np.random.default_rng(0)
    width = 48 * cores * 16
    x, matrix = rng.normal(size=rows).astype(dtype), rng.normal(size=(rows, width)).astype(dtype)
    alone, shared = np.empty((2, width), dtype)
    with one_blas_thread():
        np.dot(x, matrix, alone)
        dot = shared_dot(width, cores, cores)
        assert dot is not None
        dot(x, matrix, shared)
    np.testing.assert_array_equal(alone, shared)


@OTHER_BLAS
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_sampled_text_has_the_same_bits_on_any_cores(
    cell: str, four_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    vocabulary = charlm.Vocabulary.from_text("abcdefgh\n")
    model = charlm.CharModel(charlm.ModelConfig(cell=cell, hidden_size=800), vocabulary)
    ends = []
    monkeypatch.setattr(blas, "TRIALS", 3)
    with one_blas_thread():
        for cores in (None, 1, 2):
            sampler = charlm.generation.Sampler(model, rng=np.random.default_rng(0), cores=cores)
            text = [sampler.draw() for _ in range(20)]
            ends.append((text, sampler.position.state[0].h.tobytes()))
    assert ends[0] == ends[1] == ends[2]


@pytest.mark.parametrize(("cores", "used"), [(2, {2, 1}), (1, set()), (None, set())])
def test_a_sampler_shares_what_is_too_large_among_its_cores(
    cores: int | None, used: set[int], library: Library, four_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_products, "LARGEST_CACHED", 1)
    monkeypatch.setattr(blas, "TRIALS", 0)
    library.threads = 1
    put, seen = library.put, set()

    def watched(threads: int) -> None:
        seen.add(threads)
        put(threads)

    monkeypatch.setattr(library, "put", watched)
    model = CharModel(charlm.ModelConfig(hidden_size=16, layers=2), charlm.Vocabulary.from_text("abc\n"))
    charlm.generation.Sampler(model, rng=np.random.default_rng(0), cores=cores).draw()
    assert seen == used


def test_a_sampler_needs_a_core() -> None:
    model = CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("abc\n"))
    with pytest.raises(UsageError, match="cores is 0; it must be at least 1"):
        charlm.generation.Sampler(model, rng=np.random.default_rng(0), cores=0)


def test_the_console_samples_with_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setattr(gate_products, "LARGEST_CACHED", 1)
    monkeypatch.setattr(charlm.conversation.conversation, "available_cores", lambda: 7)
    monkeypatch.setattr(
        charlm.models.symbol_stack, "shared_dot", lambda _columns, _caches, *, cores: given.append(cores)
    )
    model = CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text("abc\n"))
    charlm.conversation.conversation.Conversation(model, charlm.SampleConfig(), seed=0)
    assert given == [7]
