"""Inputs of a layer, and the refusal of wrong shapes."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn.arrays import Lookup, check_shape


def test_a_lookup_written_out() -> None:
    ids, table = np.array([[2, 0], [1, 1]]), np.array([[1.0, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(Lookup(ids, table).dense(), [[[3, 6], [1, 4]], [[2, 5], [2, 5]]])


@pytest.mark.parametrize(("shape", "wanted"), [((2, 3), (2, 4)), ((2,), (2, None)), ((2, 3, 4), (2, 3))])
def test_wrong_shapes_are_refused_by_name(shape, wanted):
    with pytest.raises(UsageError, match=r"the input has shape \(2.*\); it must be \(N, D\) = \(2, "):
        check_shape("the input", np.zeros(shape), wanted, "(N, D)")
    check_shape("the input", np.zeros((2, 3)), (2, None), "(N, D)")
