"""The gradient check: an analytic gradient compared with finite differences, in two ways.

Central differences of single entries show which entry is wrong. Along one random direction v, a single pair of
losses checks every entry at once: ``(L(w + εv) - L(w - εv)) / 2ε = g · v``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray

__all__ = ["CheckedEntry", "GradientCheck", "check_gradients"]

EPSILON = 1e-5
TOLERANCE = 1e-6
FLOOR = 1e-4  # for smaller entries the error is absolute


@dataclass(frozen=True, slots=True)
class CheckedEntry:
    """One entry of a gradient, analytic and by central differences."""

    tensor: str
    index: tuple[int, ...]
    analytic: float
    numeric: float

    @property
    def error(self) -> float:
        """Relative error, |a - n| / max(|a|, |n|, 1e-4)."""
        return _relative_error(self.analytic, self.numeric)

    def __str__(self) -> str:
        index = ", ".join(map(str, self.index))
        return f"{self.tensor}[{index}] is {self.analytic:.6g}, by differences {self.numeric:.6g}"


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """The result of a check.

    Attributes
    ----------
    elementwise : dict of str to float
        Largest relative error of each tensor, among the entries checked.
    directional : float
        Relative error along the direction.
    worst : CheckedEntry, optional
        The entry with the largest error; None if none was checked.
    """

    elementwise: dict[str, float]
    directional: float
    worst: CheckedEntry | None = None

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
    direction: Mapping[str, FloatArray] | None = None,
) -> GradientCheck:
    """Compare gradients with central differences of a loss.

    Parameters
    ----------
    loss : callable
        ``() -> float``, computed from the current `tensors`.
    tensors : mapping of str to ndarray of float64
        The arrays that the loss depends on; changed in place and restored.
    gradients : mapping of str to ndarray
        dL/d of each tensor, of its shape.
    rng : numpy.random.Generator
        Draws the entries and the direction.
    entries : int
        Entries of each tensor to check; all if it has fewer.
    epsilon : float
        ε, the step to either side.
    direction : mapping of str to ndarray, optional
        v, of the tensors' shapes and of any norm but 0; by default random.

    Returns
    -------
    GradientCheck

    Raises
    ------
    UsageError
        If a tensor is not float64: rounding would drown the differences.

    Examples
    --------
    >>> w, rng = {"w": np.array([1.0, 2.0])}, np.random.default_rng(0)
    >>> found = check_gradients(lambda: float(np.sum(w["w"] ** 2)), w, {"w": 3 * w["w"]}, rng=rng)
    >>> found.passed
    False
    >>> print(found.worst)
    w[0] is 3, by differences 2
    """
    wrong = [name for name, tensor in tensors.items() if tensor.dtype != np.float64]
    if wrong:
        raise UsageError(f"{wrong[0]} is {tensors[wrong[0]].dtype}; gradients are checked in float64")
    analytic = {name: gradients[name].astype(np.float64) for name in tensors}

    checked = []
    for name, tensor in tensors.items():
        chosen = rng.choice(tensor.size, size=min(entries, tensor.size), replace=False)
        for at in (np.unravel_index(k, tensor.shape) for k in sorted(chosen)):
            index = tuple(int(i) for i in at)
            checked.append(
                CheckedEntry(name, index, float(analytic[name][index]), _difference(loss, tensor, index, epsilon))
            )
    # NaN counts as the largest error
    errors = {name: [e.error for e in checked if e.tensor == name] for name in tensors}
    elementwise = {name: float(np.max(found, initial=0.0)) for name, found in errors.items()}
    worst = max(checked, key=lambda e: math.inf if math.isnan(e.error) else e.error, default=None)

    if direction is None:
        direction = {name: rng.standard_normal(tensor.shape) for name, tensor in tensors.items()}
    length = np.sqrt(sum(float(np.sum(v * v)) for v in direction.values()))
    unit = {name: direction[name] / length for name in tensors}
    numeric = _slope(loss, tensors, unit, epsilon)
    along = sum(float(np.sum(analytic[name] * v)) for name, v in unit.items())
    return GradientCheck(elementwise, _relative_error(along, numeric), worst)


def _difference(loss: Callable[[], float], tensor: FloatArray, at: tuple[int, ...], epsilon: float) -> float:
    """Return the derivative by one entry, by central differences; restore the tensor."""
    value = tensor[at]
    tensor[at] = value + epsilon
    above = loss()
    tensor[at] = value - epsilon
    below = loss()
    tensor[at] = value
    return (above - below) / (2 * epsilon)


def _slope(
    loss: Callable[[], float],
    tensors: Mapping[str, FloatArray],
    direction: Mapping[str, NDArray[np.float64]],
    epsilon: float,
) -> float:
    """Return the directional derivative, by central differences; restore the tensors."""
    start = {name: tensor.copy() for name, tensor in tensors.items()}
    losses = []
    for sign in (1, -1):
        for name, tensor in tensors.items():
            tensor[...] = start[name] + sign * epsilon * direction[name]
        losses.append(loss())
    for name, tensor in tensors.items():
        tensor[...] = start[name]
    return (losses[0] - losses[1]) / (2 * epsilon)
