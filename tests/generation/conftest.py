from __future__ import annotations

from collections.abc import Callable

import pytest

from charlm.config import DTypeName, ModelConfig, Unit
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary

TEXTS: dict[Unit, str] = {
    "char": "abcde \n",
    "byte": "abé日 \n",
    "grapheme": "abe\u0301👍🏽 \n",
}


@pytest.fixture(scope="session")
def make_model() -> Callable[..., CharModel]:
    """Build a small model whose predictions are far from uniform."""

    def build(
        text: str | None = None,
        *,
        unit: Unit = "char",
        stop: bool = False,
        min_count: int = 1,
        seed: int = 0,
        dtype: DTypeName = "float32",
    ) -> CharModel:
        vocabulary = Vocabulary.from_text(text or TEXTS[unit], unit=unit, stop=stop, min_count=min_count)
        model = CharModel(ModelConfig(hidden_size=7, layers=2, dtype=dtype), vocabulary, seed=seed)
        model.params.value *= 5
        return model

    return build


@pytest.fixture(scope="session")
def model(make_model: Callable[..., CharModel]) -> CharModel:
    return make_model()
