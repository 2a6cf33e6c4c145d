"""Two ways to hold an analytic gradient against finite differences.

Element by element, central differences show which entry is wrong. Along one random direction v, a single pair of
losses checks every entry at once: ``(L(w + εv) - L(w - εv)) / 2ε = g · v``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm.errors import UsageError
from charlm.nn.parameters import FloatArray

__all__ = ["GradientCheck", "check_gradients"]

EPSILON = 1e-5
TOLERANCE = 1e-6
FLOOR = 1e-4  # below this size an error counts absolutely


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """What a check found.

    Attributes
    ----------
    elementwise : dict of str to float
        Largest relative error among the entries tried, of each tensor.
    directional : float
        Relative error along the random direction.
    """

    elementwise: dict[str, float]
    directional: float

    @property
    def passed(self) -> bool:
        """Whether every error is below 1e-6."""
        return self.directional < TOLERANCE and all(e < TOLERANCE for e in self.elementwise.values())


def _relative_error(a: float, n: float) -> float:
    return abs(a - n) / max(abs(a), abs(n), FLOOR)


def check_gradients(
    loss: Callable[[], float],
    tensors: Mapping[str, FloatArray],
    gradients: Mapping[str, FloatArray],
    *,
    rng: np.random.Generator,
    entries: int = 20,
    epsilon: float = EPSILON,
) -> GradientCheck:
    """Compare gradients with central differences of a loss.

    Parameters
    ----------
    loss : callable
        ``() -> float``, computed afresh from `tensors` as they are at the call.
    tensors : mapping of str to ndarray of float64
        What the loss depends on; moved in place, and put back.
    gradients : mapping of str to ndarray
        dL/d of each tensor, of its shape.
    rng : numpy.random.Generator
        Draws the entries to try and the direction.
    entries : int
        How many entries of each tensor to try; all where there are fewer.
    epsilon : float
        ε, the step to either side.

    Returns
    -------
    GradientCheck

    Raises
    ------
    UsageError
        If a tensor is not float64: rounding would drown the differences.
    """
    wrong = [name for name, tensor in tensors.items() if tensor.dtype != np.float64]
    if wrong:
        raise UsageError(f"{wrong[0]} is {tensors[wrong[0]].dtype}; gradients are checked in float64")
    analytic = {name: gradients[name].astype(np.float64).copy() for name in tensors}

    elementwise = {}
    for name, tensor in tensors.items():
        chosen = rng.choice(tensor.size, size=min(entries, tensor.size), replace=False)
        places = [np.unravel_index(k, tensor.shape) for k in chosen]
        errors = [_entry_error(loss, tensor, at, float(analytic[name][at]), epsilon) for at in places]
        elementwise[name] = float(np.max(errors, initial=0.0))  # NaN stays NaN

    direction = {name: rng.standard_normal(tensor.shape) for name, tensor in tensors.items()}
    length = np.sqrt(sum(float(np.sum(v * v)) for v in direction.values()))
    direction = {name: v / length for name, v in direction.items()}
    numeric = _slope(loss, tensors, direction, epsilon)
    along = sum(float(np.sum(analytic[name] * v)) for name, v in direction.items())
    return GradientCheck(elementwise, _relative_error(along, numeric))


def _entry_error(
    loss: Callable[[], float], tensor: FloatArray, at: tuple[np.intp, ...], analytic: float, epsilon: float
) -> float:
    value = tensor[at]
    tensor[at] = value + epsilon
    above = loss()
    tensor[at] = value - epsilon
    below = loss()
    tensor[at] = value
    return _relative_error(analytic, (above - below) / (2 * epsilon))


def _slope(
    loss: Callable[[], float],
    tensors: Mapping[str, FloatArray],
    direction: Mapping[str, NDArray[np.float64]],
    epsilon: float,
) -> float:
    """Return the directional derivative by central differences; the tensors end as they began."""
    start = {name: tensor.copy() for name, tensor in tensors.items()}
    losses = []
    for sign in (1, -1):
        for name, tensor in tensors.items():
            tensor[...] = start[name] + sign * epsilon * direction[name]
        losses.append(loss())
    for name, tensor in tensors.items():
        tensor[...] = start[name]
    return (losses[0] - losses[1]) / (2 * epsilon)
