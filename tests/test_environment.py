from __future__ import annotations

from charlm.blas import blas_name, one_blas_thread
from charlm.environment import environment


def test_what_is_in_force() -> None:
    facts = environment()
    assert facts["blas"] == blas_name()
    assert facts["cores"] >= 1
    assert facts["numpy"].split(".")[0].isdigit()
    assert {"charlm", "python", "system", "regex", "rich", "typer", "blas_threads", "extra_parity"} <= set(facts)
    with one_blas_thread() as threads:
        assert environment()["blas_threads"] == threads
