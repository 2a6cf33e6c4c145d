"""The speed of training and sampling on this machine."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from charlm.blas import available_cores, one_blas_thread
from charlm.config import ModelConfig, TrainConfig
from charlm.errors import UsageError
from charlm.generation import Sampler
from charlm.models.language_model import CharModel
from charlm.nn.kernels.workspace import Workspace
from charlm.text.batches import Batch, text_batch, text_shapes
from charlm.text.vocabulary import Vocabulary
from charlm.training.parallel.team import Team
from charlm.training.plan import median_s, with_workers

__all__ = ["Speed", "measure_speed", "training_pace"]

SYMBOLS = 65  # as in tinyshakespeare
PRODUCT_SIZE = 2048
PACE_STREAMS, PACE_LENGTH, PACE_S = 8, 64, 0.1


@dataclasses.dataclass(frozen=True, slots=True)
class Speed:
    """A measurement; its values are medians.

    Attributes
    ----------
    train_chars_per_s, sample_chars_per_s : float
        Characters a second, of training and of one sampled stream.
    gflops, peak_gflops : float
        Of the matrix products in a training step, and of one product of 2048³ a worker.
    """

    model: ModelConfig
    train: TrainConfig
    train_chars_per_s: float
    sample_chars_per_s: float
    gflops: float
    peak_gflops: float

    @property
    def share(self) -> float:
        """Share of the machine's matrix-product speed that training reaches."""
        return self.gflops / self.peak_gflops

    def to_json(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return dataclasses.asdict(self) | {"share": self.share}


def measure_speed(model_config: ModelConfig, config: TrainConfig, *, seconds: float) -> Speed:
    """Measure training and sampling of a model on random symbols.

    Parameters
    ----------
    model_config : ModelConfig
    config : TrainConfig
    seconds : float
        For each figure.

    Raises
    ------
    UsageError
        If `seconds` is not above 0.
    """
    if not seconds > 0:
        raise UsageError(f"`seconds` is {seconds}; it must be above 0")
    N, T = config.batch_size, config.seq_length
    vocabulary, batch = _random_text(T, N)
    model = CharModel(model_config, vocabulary)
    config = with_workers(config)
    with one_blas_thread():
        peak = _peak_gflops(config.workers or 1, model)
        with Team(model, config, text_shapes(T, N)) as team:
            step_s = median_s(lambda: team.update(batch, lr=1e-3), seconds)
        sampler = Sampler(
            CharModel(model_config, vocabulary), rng=np.random.default_rng(0), cores=available_cores()
        )

        def draw_some() -> None:
            for _ in range(100):
                sampler.draw()

        sample_s = median_s(draw_some, seconds) / 100
    return Speed(model_config, config, N * T / step_s, 1 / sample_s, N * T * _flops(model) / step_s / 1e9, peak)


def training_pace() -> float:
    """Estimate the characters a second that an LSTM of 512 units learns, by a tenth of a second on one core."""
    vocabulary, batch = _random_text(PACE_LENGTH, PACE_STREAMS)
    model, workspace = CharModel(ModelConfig(hidden_size=512), vocabulary), Workspace()

    def learn() -> None:
        _, _, backprop = model.loss(batch, workspace=workspace)
        backprop()

    with one_blas_thread():
        return available_cores() * PACE_STREAMS * PACE_LENGTH / median_s(learn, PACE_S)


def _random_text(T: int, N: int) -> tuple[Vocabulary, Batch]:
    """Return a vocabulary and a window of its symbols."""
    ids = np.random.default_rng(0).integers(0, SYMBOLS, (T + 1, N))
    return Vocabulary.from_text("".join(map(chr, range(32, 32 + SYMBOLS)))), text_batch(ids[:-1], ids[1:])


def _flops(model: CharModel) -> float:
    """Count the floating-point operations of the necessary products of training on one character."""
    tensors = model.tensors()
    first = "layers.0.W_x"  # ids pick its columns: no product
    weights = sum(w.size for name, w in tensors.items() if w.ndim == 2 and name not in (first, "embedding.W"))
    return 6.0 * weights  # a multiplication and an addition: forward, backward to the input, and for the weights


def _peak_gflops(workers: int, model: CharModel) -> float:
    """Measure a large product on one core, times the workers."""
    a = np.ones((PRODUCT_SIZE, PRODUCT_SIZE), model.params.dtype)
    out = np.empty_like(a)
    return workers * 2 * PRODUCT_SIZE**3 / median_s(lambda: np.dot(a, a, out=out), 0.5) / 1e9
