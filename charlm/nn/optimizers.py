"""Optimisers on the flat parameter vector.

::

    SGD       v = μ v + g;  w -= η v           Nesterov: w -= η (g + μ v)
    Adagrad   m += g²;  w -= η g / √(m + ε)                        Duchi, Hazan & Singer 2011
    RMSprop   m = ρ m + (1-ρ) g²;  w -= η g / (√m + ε)             Tieleman & Hinton 2012
    Adam      m, v = averages of g, g²; m̂, v̂ bias-corrected;  w -= η m̂ / (√v̂ + ε)    Kingma & Ba 2015
    AdamW     Adam, with decoupled weight decay w -= η λ w         Loshchilov & Hutter 2019

Weight decay λ adds λ w to the gradient, except in AdamW. A step works in blocks that stay in a core's cache for
all operations, so that the vectors are read from memory once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray, IdArray
from charlm.nn.kernels.memory import empty
from charlm.nn.parameters import ParameterStore

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]

BLOCK = 40960


class Optimizer(ABC):
    """Base class of the optimisers.

    Parameters
    ----------
    params : ParameterStore
        Weights to update from ``params.grad``.
    lr : float
        Step size η; may be set between steps.
    weight_decay : float
        λ.

    Attributes
    ----------
    slots : dict of str to ndarray, shape (P,)
        The optimiser's state by name; stored in checkpoints.
    steps : int
        Finished updates.
    """

    slot_names: ClassVar[tuple[str, ...]] = ()
    decoupled_decay: ClassVar[bool] = False

    def __init__(self, params: ParameterStore, *, lr: float, weight_decay: float = 0.0) -> None:
        self.params, self.lr, self.weight_decay = params, lr, weight_decay
        self.slots = {name: np.zeros_like(params.value) for name in self.slot_names}
        self.steps = 0

    @property
    def keeps_at_zero(self) -> bool:
        """Whether a gradient of zero changes neither a weight nor a slot."""
        return False

    def step(self) -> None:
        """Update all weights, in place; the gradient does not change."""
        self.update(slice(None))
        self.steps += 1

    def update(self, part: slice) -> None:
        """Update a slice of the flat vectors, in place; each worker takes one.

        The caller counts `steps`, which Adam reads.
        """
        start, stop, _ = part.indices(self.params.value.size)
        scratch = empty((2, min(BLOCK, max(1, stop - start))), self.params.dtype)
        for begin in range(start, stop, BLOCK):
            block = slice(begin, min(begin + BLOCK, stop))
            w, g = self.params.value[block], self.params.grad[block]
            a, b = scratch[:, : w.size]
            if self.weight_decay and self.decoupled_decay:
                w *= 1 - self.lr * self.weight_decay
            elif self.weight_decay:
                np.multiply(w, self.weight_decay, out=b)
                g = np.add(g, b, out=b)
            self.update_(w, g, [slot[block] for slot in self.slots.values()], a)

    def update_rows(self, part: slice, rows: IdArray, gradient: FloatArray) -> None:
        """Update some rows of a slice of the flat vectors, in place; the others would keep their values.

        Parameters
        ----------
        part : slice
            A matrix (…, D), row after row.
        rows : ndarray of int, shape (S,)
        gradient : ndarray, shape (S, D)
            Of these rows, in place of ``params.grad``.
        """
        D = gradient.shape[1]
        matrices = [flat[part].reshape(-1, D) for flat in (self.params.value, *self.slots.values())]
        at_once = max(1, BLOCK // D)
        scratch = empty((min(at_once, max(1, len(rows))) * D,), self.params.dtype)
        for begin in range(0, len(rows), at_once):
            at, g = rows[begin : begin + at_once], gradient[begin : begin + at_once].reshape(-1)
            w, *slots = copies = [matrix[at].reshape(-1) for matrix in matrices]
            self.update_(w, g, slots, scratch[: w.size])
            for matrix, copy in zip(matrices, copies, strict=True):
                matrix[at] = copy.reshape(-1, D)

    @abstractmethod
    def update_(self, w: FloatArray, g: FloatArray, slots: list[FloatArray], a: FloatArray) -> None:
        """Update a block of weights and slots, in place; `a` is scratch, `g` is only read."""


class SGD(Optimizer):
    """Gradient descent, with momentum and Nesterov's variant, as in PyTorch."""

    slot_names = ("v",)

    def __init__(
        self,
        params: ParameterStore,
        *,
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        if nesterov and not momentum:
            raise UsageError("nesterov needs momentum; give one, for example 0.9")
        super().__init__(params, lr=lr, weight_decay=weight_decay)
        self.momentum, self.nesterov = momentum, nesterov

    def update_(self, w: FloatArray, g: FloatArray, slots: list[FloatArray], a: FloatArray) -> None:
        """Apply ``v = μ v + g;  w -= η v``."""
        (v,) = slots
        v *= self.momentum
        v += g
        if self.nesterov:
            np.multiply(v, self.momentum, out=a)
            a += g
            a *= self.lr
        else:
            np.multiply(v, self.lr, out=a)
        w -= a


class Adagrad(Optimizer):
    """Adagrad, with ε inside the root as in min-char-rnn."""

    slot_names = ("m",)

    def __init__(
        self, params: ParameterStore, *, lr: float = 0.1, eps: float = 1e-8, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay)
        self.eps = eps

    @property
    def keeps_at_zero(self) -> bool:
        """Whether a gradient of zero changes neither a weight nor a slot: without weight decay."""
        return not self.weight_decay

    def update_(self, w: FloatArray, g: FloatArray, slots: list[FloatArray], a: FloatArray) -> None:
        """Apply ``m += g²;  w -= η g / √(m + ε)``."""
        (m,) = slots
        np.multiply(g, g, out=a)
        m += a
        np.add(m, self.eps, out=a)
        np.sqrt(a, out=a)
        np.divide(g, a, out=a)
        a *= self.lr
        w -= a


class RMSprop(Optimizer):
    """RMSprop, as in PyTorch."""

    slot_names = ("m",)

    def __init__(
        self,
        params: ParameterStore,
        *,
        lr: float = 0.01,
        rho: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay)
        self.rho, self.eps = rho, eps

    def update_(self, w: FloatArray, g: FloatArray, slots: list[FloatArray], a: FloatArray) -> None:
        """Apply ``m = ρ m + (1-ρ) g²;  w -= η g / (√m + ε)``."""
        (m,) = slots
        np.multiply(g, g, out=a)
        a *= 1 - self.rho
        m *= self.rho
        m += a
        np.sqrt(m, out=a)
        a += self.eps
        np.divide(g, a, out=a)
        a *= self.lr
        w -= a


class Adam(Optimizer):
    """Adam with bias correction, as in PyTorch."""

    slot_names = ("m", "v")

    def __init__(
        self,
        params: ParameterStore,
        *,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay)
        self.betas, self.eps = betas, eps

    def update_(self, w: FloatArray, g: FloatArray, slots: list[FloatArray], a: FloatArray) -> None:
        """Apply ``w -= η m̂ / (√v̂ + ε)``."""
        m, v = slots
        beta1, beta2 = self.betas
        t = self.steps + 1
        m *= beta1
        np.multiply(g, 1 - beta1, out=a)
        m += a
        v *= beta2
        np.multiply(g, g, out=a)
        a *= 1 - beta2
        v += a
        np.sqrt(v, out=a)
        a *= (1 - beta2**t) ** -0.5
        a += self.eps
        np.divide(m, a, out=a)
        a *= self.lr / (1 - beta1**t)
        w -= a


class AdamW(Adam):
    """Adam with decoupled weight decay."""

    decoupled_decay = True

    def __init__(
        self,
        params: ParameterStore,
        *,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
