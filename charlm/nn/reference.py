"""RNN, LSTM and GRU as a textbook writes them: one step, a whole sequence, back-propagation through time.

Read this module first. The layers of `charlm.nn` compute the same with the same parameters, and faster; each is
tested against these functions. Letters: T time, N streams, D input features, H hidden units. An input x is (N, D),
a state (N, H), `p` a layer's parameters by name: ``W_x`` (G·H, D), ``W_h`` (G·H, H), ``b`` (G·H,), gate below gate.

A step forward returns the new state and its backward pass. The backward pass takes dL/dstate, adds into the
gradients `g`, and returns dL/dx and dL/dstate before the step. The first array of a state is h, the output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from charlm.nn.arrays import FloatArray

__all__ = ["gru_after", "gru_before", "lstm", "rnn", "sequence"]

Arrays: TypeAlias = Mapping[str, FloatArray]
State: TypeAlias = tuple[FloatArray, ...]
Backward: TypeAlias = Callable[[State, Arrays], tuple[FloatArray, State]]
Step: TypeAlias = Callable[[FloatArray, State, Arrays], tuple[State, Backward]]


def sigmoid(z: FloatArray) -> FloatArray:
    """σ(z) = 1 / (1 + exp(-z)), by tanh, which does not overflow."""
    return (1 + np.tanh(z / 2)) / 2


def affine_backward(
    dz: FloatArray, x: FloatArray, h: FloatArray, p: Arrays, g: Arrays
) -> tuple[FloatArray, FloatArray]:
    """Backward pass of z = x W_xᵀ + h W_hᵀ + b; returns dx and dh."""
    g["W_x"][...] += dz.T @ x
    g["W_h"][...] += dz.T @ h
    g["b"][...] += dz.sum(axis=0)
    return dz @ p["W_x"], dz @ p["W_h"]


def rnn(x: FloatArray, state: State, p: Arrays) -> tuple[State, Backward]:
    """H = tanh(W_x x + W_h h₋ + b)."""
    (h_before,) = state
    h = np.tanh(x @ p["W_x"].T + h_before @ p["W_h"].T + p["b"])

    def backward(dstate: State, g: Arrays) -> tuple[FloatArray, State]:
        (dh,) = dstate
        dx, dh_before = affine_backward(dh * (1 - h**2), x, h_before, p, g)
        return dx, (dh_before,)

    return (h,), backward


def lstm(x: FloatArray, state: State, p: Arrays, *, squash: bool = True) -> tuple[State, Backward]:
    """i, f, o = σ(·), g = tanh(·); c = f ⊙ c₋ + i ⊙ g; h = o ⊙ tanh(c), or with `squash` off o ⊙ c."""
    h_before, c_before = state
    z_i, z_f, z_g, z_o = np.split(x @ p["W_x"].T + h_before @ p["W_h"].T + p["b"], 4, axis=1)
    i, f, g, o = sigmoid(z_i), sigmoid(z_f), np.tanh(z_g), sigmoid(z_o)
    c = f * c_before + i * g
    s = np.tanh(c) if squash else c
    h = o * s

    def backward(dstate: State, grads: Arrays) -> tuple[FloatArray, State]:
        dh, dc = dstate
        do = dh * s
        dc = dc + dh * o * (1 - s**2 if squash else 1)
        di, df, dg = dc * g, dc * c_before, dc * i
        dz = np.hstack([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)])
        dx, dh_before = affine_backward(dz, x, h_before, p, grads)
        return dx, (dh_before, dc * f)

    return (h, c), backward


def gru_after(x: FloatArray, state: State, p: Arrays) -> tuple[State, Backward]:
    """r, z = σ(·); n = tanh(W_xn x + b_n + r ⊙ (W_hn h₋ + b_hn)); h = (1 - z) ⊙ n + z ⊙ h₋."""
    (h_before,) = state
    x_r, x_z, x_n = np.split(x @ p["W_x"].T + p["b"], 3, axis=1)
    h_r, h_z, h_n = np.split(h_before @ p["W_h"].T, 3, axis=1)
    r, z, a = sigmoid(x_r + h_r), sigmoid(x_z + h_z), h_n + p["b_hn"]
    n = np.tanh(x_n + r * a)
    h = (1 - z) * n + z * h_before

    def backward(dstate: State, g: Arrays) -> tuple[FloatArray, State]:
        (dh,) = dstate
        dn, dz = dh * (1 - z), dh * (h_before - n)
        ds_n = dn * (1 - n**2)
        da, dr = ds_n * r, ds_n * a
        ds_r, ds_z = dr * r * (1 - r), dz * z * (1 - z)
        of_x, of_h = np.hstack([ds_r, ds_z, ds_n]), np.hstack([ds_r, ds_z, da])
        g["W_x"][...] += of_x.T @ x
        g["W_h"][...] += of_h.T @ h_before
        g["b"][...] += of_x.sum(axis=0)
        g["b_hn"][...] += da.sum(axis=0)
        return of_x @ p["W_x"], (of_h @ p["W_h"] + dh * z,)

    return (h,), backward


def gru_before(x: FloatArray, state: State, p: Arrays) -> tuple[State, Backward]:
    """r, z = σ(·); n = tanh(W_xn x + b_n + W_hn (r ⊙ h₋)); h = (1 - z) ⊙ n + z ⊙ h₋."""
    (h_before,) = state
    H = h_before.shape[1]
    W_h_rz, W_h_n = p["W_h"][: 2 * H], p["W_h"][2 * H :]
    x_r, x_z, x_n = np.split(x @ p["W_x"].T + p["b"], 3, axis=1)
    h_r, h_z = np.split(h_before @ W_h_rz.T, 2, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    a = r * h_before
    n = np.tanh(x_n + a @ W_h_n.T)
    h = (1 - z) * n + z * h_before

    def backward(dstate: State, g: Arrays) -> tuple[FloatArray, State]:
        (dh,) = dstate
        dn, dz = dh * (1 - z), dh * (h_before - n)
        ds_n = dn * (1 - n**2)
        da = ds_n @ W_h_n
        dr = da * h_before
        ds_r, ds_z = dr * r * (1 - r), dz * z * (1 - z)
        of_x, of_h = np.hstack([ds_r, ds_z, ds_n]), np.hstack([ds_r, ds_z])
        g["W_x"][...] += of_x.T @ x
        g["W_h"][: 2 * H] += of_h.T @ h_before
        g["W_h"][2 * H :] += ds_n.T @ a
        g["b"][...] += of_x.sum(axis=0)
        return of_x @ p["W_x"], (of_h @ W_h_rz + da * r + dh * z,)

    return (h,), backward


def sequence(
    step: Step, xs: FloatArray, state: State, p: Arrays
) -> tuple[FloatArray, State, Callable[[FloatArray, State, Arrays], tuple[FloatArray, State]]]:
    """Run a cell over a sequence (T, N, D); returns h (T, N, H), the last state and back-propagation through time.

    The backward pass takes dL/dh (T, N, H), dL/dstate of the last state and the gradients to add to; it returns
    dL/dx (T, N, D) and dL/dstate of the first.

    Examples
    --------
    >>> from charlm.nn import LSTM
    >>> layer = LSTM(3, 5, dtype=np.float64)
    >>> x = np.random.default_rng(0).normal(size=(7, 2, 3))
    >>> h, end, backward = sequence(lstm, x, layer.zero_state(2), layer.params)
    >>> np.allclose(h, layer.forward(x)[0])
    True
    """
    hs: list[FloatArray] = []
    backwards: list[Backward] = []
    for x in xs:
        state, backward = step(x, state, p)
        hs.append(state[0])
        backwards.append(backward)

    def backward_through_time(dhs: FloatArray, dstate: State, g: Arrays) -> tuple[FloatArray, State]:
        dxs: list[FloatArray] = []
        for dh, backward in zip(dhs[::-1], reversed(backwards), strict=True):
            dx, dstate = backward((dh + dstate[0], *dstate[1:]), g)
            dxs.append(dx)
        return np.array(dxs[::-1]), dstate

    return np.array(hs), state, backward_through_time
