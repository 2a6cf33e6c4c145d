"""`SeriesModel`: a model of a series of numbers under squared error; it predicts the next and generates.

::

    h_t = stack(x_t, h_{t-1}),  ŷ_t = W h_t + b        x_t and ŷ_t have D features
    L = mean over t, n, d of (ŷ_t - x_{t+1})²          the next value is the target
    free-running: x_{t+1} = ŷ_t                        each output is the next input
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from charlm.config import SeriesConfig, from_mapping
from charlm.errors import UsageError
from charlm.models.learner import State
from charlm.models.symbol_stack import layer_shapes
from charlm.nn.arrays import FloatArray, Resets, Shape
from charlm.nn.backprop import once
from charlm.nn.dropout import Dropout
from charlm.nn.gru import GRU
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.linear import Linear
from charlm.nn.losses import squared_error
from charlm.nn.lstm import LSTM
from charlm.nn.parameters import ParameterStore
from charlm.nn.rnn import RNN
from charlm.nn.stack import RecurrentLayer, Stack
from charlm.text.batches.base import Batch

__all__ = ["SeriesModel"]


class SeriesModel:
    """A stack of recurrent layers and a linear head over a series of numbers, (T, N, D).

    Scale the numbers to mean 0 and standard deviation 1, from which it learns best.

    Parameters
    ----------
    config : SeriesConfig
    seed : int
        Seed of the initial weights.
    params : ParameterStore, optional
        A store that holds the weights, whatever the seed; by default a new one.

    Attributes
    ----------
    params : ParameterStore
        All weights by their names in checkpoints.

    Examples
    --------
    >>> import charlm
    >>> series = np.sin(np.arange(400) / 4)
    >>> model = SeriesModel(SeriesConfig(cell="gru"))
    >>> charlm.train(model, series, charlm.TrainConfig(steps=200)).run().details["best_loss"] < 0.01
    True
    >>> model.generate(series[:50], 3).shape
    (3,)
    """

    kind: ClassVar[str] = "series model"

    def __init__(self, config: SeriesConfig, *, seed: int = 0, params: ParameterStore | None = None) -> None:
        D, H = config.features, config.hidden_size
        store = ParameterStore(_shapes(config), config.dtype) if params is None else params
        self.config, self.params = config, store
        layers: list[RecurrentLayer] = [
            _layer(config, H if k else D, store.under(f"layers.{k}")) for k in range(config.layers)
        ]
        self.stack = Stack(layers, dropout=config.dropout)
        self.dropout = Dropout(config.dropout)
        self.head = Linear(H, D, params=store.under("head"))
        if params is None:
            rng = np.random.default_rng(seed)
            for layer in layers:
                layer.initialize_(rng)
            self.head.initialize_(rng)

    def __repr__(self) -> str:
        c = self.config
        size = f"{c.layers}x{c.hidden_size}" if c.layers > 1 else f"{c.hidden_size}"
        features = f"{c.features} feature{'s' * (c.features != 1)}"
        return f"SeriesModel({c.cell} {size}, {features}, {self.params.value.size:,} parameters)"

    @property
    def drops(self) -> bool:
        """Whether `loss` draws masks."""
        return self.config.dropout > 0

    def describe(self) -> dict[str, Any]:
        """Return everything but the weights that `build` needs, for JSON."""
        return {"model": dataclasses.asdict(self.config)}

    @staticmethod
    def tensor_shapes(description: Mapping[str, Any]) -> dict[str, Shape]:
        """Return the shapes of the weights of a description; nothing is allocated.

        Raises
        ------
        UsageError
            If the description is invalid.
        """
        return _shapes(_described(description))

    @classmethod
    def build(cls, description: Mapping[str, Any], params: ParameterStore | None = None) -> SeriesModel:
        """Build a model from its description, with the weights in `params` or zeros.

        Raises
        ------
        UsageError
            If the description is invalid.
        """
        config = _described(description)
        return cls(config, params=ParameterStore(_shapes(config), config.dtype) if params is None else params)

    def zero_state(self, streams: int) -> State:
        """Return the state of N streams that have read nothing."""
        return self.stack.zero_state(streams)

    def loss(
        self,
        batch: Batch,
        state: State | None = None,
        *,
        rng: np.random.Generator | None = None,
        weight_rng: np.random.Generator | None = None,  # noqa: ARG002
        scale: float | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[float, State, Callable[[], State]]:
        """Compute the squared error of the outputs of a batch of numbers.

        Parameters
        ----------
        batch : Batch
            ``inputs`` and ``targets`` (T, N, D), ``resets`` (T, N), and optionally ``mask`` of the targets that
            count, (T, N) or (T, N, D).
        state : State, optional
            State after the window before, or a given one; by default zero.
        rng : numpy.random.Generator, optional
            Draws the dropout masks; without it no activation is dropped.
        weight_rng : numpy.random.Generator, optional
            Unused: no weights are dropped.
        scale : float, optional
            Factor of the sum over all entries that count; by default it gives their mean.
        workspace : Workspace, optional
            Arrays that every window reuses.

        Returns
        -------
        loss : float
            Scaled.
        state : State
        backprop : callable
            ``() -> dstate``; adds into ``params.grad``; once only.
        """
        ws = Workspace() if workspace is None else workspace
        x, y = (batch[name].astype(self.params.dtype, copy=False) for name in ("inputs", "targets"))
        h, end, backprop_stack = self.stack.forward(x, state, resets=batch.get("resets"), rng=rng, workspace=ws)
        if rng is not None:
            h, backprop_dropout = self.dropout.forward(h, rng, workspace=ws)
        outputs, backprop_head = self.head.forward(h, workspace=ws)
        loss, backprop_loss = squared_error(outputs, y, mask=batch.get("mask"), reduction="mean", scale=scale)

        @once
        def backprop() -> State:
            dh = backprop_head(backprop_loss())
            _, dstart = backprop_stack(dh if rng is None else backprop_dropout(dh))
            return dstart

        return loss, end, backprop

    def hidden(
        self, x: FloatArray, state: State | None = None, *, resets: Resets | None = None
    ) -> tuple[FloatArray, State]:
        """Read numbers (T, N, D); return the top layer's hidden states (T, N, H), and the state."""
        h, end, _ = self.stack.forward(x.astype(self.params.dtype, copy=False), state, resets=resets)
        return h, end

    def squared_errors(self, h: FloatArray, targets: FloatArray) -> NDArray[np.float64]:
        """Return the mean squared error (T, N) of each prediction after hidden states (T, N, H), in float64."""
        outputs, _ = self.head.forward(h)
        errors: NDArray[np.float64] = np.square(outputs - targets, dtype=np.float64).mean(axis=-1)
        return errors

    def generate(self, start: ArrayLike, steps: int, *, state: State | None = None) -> FloatArray:
        """Continue a series (free-running): each output is the next input.

        Parameters
        ----------
        start : array-like, shape (S, N, D), or (S, D) or (S,) for one stream
            Read first, at least one step: a whole series, or one start vector.
        steps : int
            Steps to generate.
        state : State, optional
            Initial state, which can condition the series on features; by default zero.

        Returns
        -------
        ndarray, shape (steps, N, D), or without the axes that the start lacks
            The steps after the start.

        Raises
        ------
        UsageError
            If the start has another shape, or `steps` is negative.
        """
        given, D = np.asarray(start, self.params.dtype), self.config.features
        fits = given.shape[-1] == D if given.ndim in (2, 3) else given.ndim == D == 1
        if not fits or not given.size:
            raise UsageError(
                f"the start has shape {given.shape}; give (S, N, {D}) or (S, {D}), at least one number"
            )
        if steps < 0:
            raise UsageError(f"{steps} steps cannot be made; give at least 0")
        x = given.reshape(len(given), -1, D)
        made, step = np.empty((steps, *x.shape[1:]), x.dtype), self.stack.stepper(x.shape[1])
        h, now = self.hidden(x, state)
        last = h[-1]
        for t in range(steps):
            made[t], _ = self.head.forward(last)
            last, now = step(made[t], now)
        return made.reshape(steps, *given.shape[1:])


def _described(description: Mapping[str, Any]) -> SeriesConfig:
    """Read a description by `SeriesModel.describe`, which is untrusted input."""
    model = description.get("model")
    if not isinstance(model, dict):
        raise UsageError("there is no model configuration; the description is damaged")
    return from_mapping(SeriesConfig, model)


def _shapes(config: SeriesConfig) -> dict[str, Shape]:
    D, H = config.features, config.hidden_size
    parts = {f"layers.{k}": layer_shapes(config, H if k else D) for k in range(config.layers)}
    parts["head"] = Linear.shapes(H, D)
    return {f"{part}.{name}": shape for part, shapes in parts.items() for name, shape in shapes.items()}


def _layer(config: SeriesConfig, input_size: int, params: ParameterStore) -> RecurrentLayer:
    H = config.hidden_size
    match config.cell:
        case "gru":
            return GRU(input_size, H, params=params, reset=config.gru_reset)
        case "lstm":
            return LSTM(input_size, H, params=params, output_activation=config.output_activation)
        case "rnn":
            return RNN(input_size, H, params=params)
