"""The arrays of a window of T steps and N streams, allocated once and reused by every window of that size.

The arrays of a time step are small, and making a view takes as long as an operation on it. So the views of all
steps are made once, with the window: `forward` and `backward` hold a record of them for each step. This makes a
step of an LSTM with 128 units and 16 streams a fifth faster.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.arrays import FloatArray
from charlm.nn.kernels.memory import empty

__all__ = ["BackwardT", "ForwardT", "Window", "gate_by_gate", "matrix"]

ForwardT = TypeVar("ForwardT")
BackwardT = TypeVar("BackwardT")


class Window(Generic[ForwardT, BackwardT]):
    """Arrays of a window; each cell adds its own, and the views of each step.

    Parameters
    ----------
    G, parts : int
        Gates; arrays of the state.
    T, N, H : int
    dtype : dtype-like
    resets : bool
        Whether a step may begin from zero state inside the window.
    groups : int
        Groups of `dz`; 0 if it shares the memory of `z`.

    Attributes
    ----------
    states : list of ndarray, each (T+1, N, H)
        ``h``, and ``c`` of an LSTM; slot 0 is the start.
    before : list of ndarray, each (T, N, H)
        The state that each step reads: the slot before it, or with `resets` a copy of it with some rows zero.
    z : ndarray, shape (G, T, N, H)
        Pre-activations, then activations, of the gates in kernel order (`charlm.nn.kernels.gates`).
    dz : ndarray, shape (G, T, N, H)
        Gradient of the pre-activations, in the memory of `z` if `groups` is 0.
    carry : tuple of ndarray, each (N, H)
        dL/dstate, which the backward loop carries from step to step.
    chunk : int
        Steps whose factors are computed at once: as many as fit into a core's cache, but at least eight.
    forward, backward : sequence
        Each step's views.
    single : bool
        Whether there is a single stream; its weights are used as stored (`charlm.nn.kernels.single_stream`).
    unbuffered : callable
        The context manager of a time loop: `unbuffered`, or none for a single stream.

    Notes
    -----
    Memory, in numbers of the working precision, with c for `chunk`::

        rnn    (2 T + 2) N H
        lstm   (7 T + 4 c + 5) N H
        gru    (9 T + 2) N H + H

    and with resets T N H more for each part of the state. The packed weights (`charlm.nn.kernels.weights`) take
    G (2 H² + (D + 1) H), and 2 G N H for their products; N H more for a GRU, and 2 G H² more with dropped weights.
    For one-hot input from a large vocabulary, D is the number of symbols that occur. Each array takes a cache line
    more (`charlm.nn.kernels.memory`).
    """

    CHUNK_BYTES, FEWEST_STEPS = 2**18, 8

    carry: tuple[FloatArray, ...]
    forward: Sequence[ForwardT]
    backward: Sequence[BackwardT]
    unbuffered: Callable[[], contextlib.AbstractContextManager[None]]

    def __init__(
        self, G: int, parts: int, T: int, N: int, H: int, dtype: DTypeLike, *, resets: bool, groups: int = 0
    ) -> None:
        self.states = [empty((T + 1, N, H), dtype) for _ in range(parts)]
        self.before = [empty((T, N, H), dtype) if resets else slots[:T] for slots in self.states]
        self.z = _grouped(G, T, N, H, dtype)
        self.dz = _grouped(groups, T, N, H, dtype) if groups else self.z
        self.single = N == 1
        self.unbuffered = contextlib.nullcontext if self.single else unbuffered
        self.chunk = min(T, max(self.FEWEST_STEPS, self.CHUNK_BYTES // self.dz[:, 0].nbytes))

    def load_(self, params: Mapping[str, FloatArray]) -> None:
        """Copy the parameters that the steps read, in place; none by default."""

    def chunks(self) -> list[slice]:
        """Split the steps into slices of `chunk` steps, the last first."""
        T = len(self.forward)
        return [slice(t, min(t + self.chunk, T)) for t in reversed(range(0, T, self.chunk))]


def _grouped(G: int, T: int, N: int, H: int, dtype: DTypeLike) -> FloatArray:
    """Return a new array (G, T, N, H); with a single stream, the groups of a step are adjacent."""
    return empty((T, G, N, H), dtype).transpose(1, 0, 2, 3) if N == 1 else empty((G, T, N, H), dtype)


@contextlib.contextmanager
def unbuffered() -> Iterator[None]:
    """Keep NumPy from copying the gates of a step, which are not contiguous, through its buffer.

    NumPy copies arrays smaller than the buffer, which takes as long as another operation.
    """
    size = np.setbufsize(16)
    try:
        yield
    finally:
        np.setbufsize(size)


def gate_by_gate(z: FloatArray) -> FloatArray:
    """Return gates (G, S, N, H) with each one contiguous: z itself, or a copy with a single stream."""
    return np.ascontiguousarray(z) if z.shape[2] == 1 else z


def matrix(x: FloatArray) -> FloatArray:
    """View (…, T, N, H) as rows (…, T·N, H), without a copy."""
    return x.reshape(*x.shape[:-3], -1, x.shape[-1])
