from __future__ import annotations

import charlm
from charlm.training import speed


def test_operations_are_counted_by_hand():
    model = charlm.CharModel(
        charlm.ModelConfig(hidden_size=8, layers=2), charlm.Vocabulary.from_text("abcdefghijk")
    )
    products = 32 * 8 + 32 * 8 + 32 * 8 + 11 * 8  # W_h of both layers, W_x of the upper, the head
    assert speed._flops(model) == 6 * products
