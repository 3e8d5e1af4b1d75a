"""Convolutions by transforms, in float32: Winograd's F(2, 3) and F(4, 3), and a Fourier transform.

They are honest, and promise less than direct sums: a transformed weight is rounded once for all outputs, and
so are the constants of the transform.  F(4, 3) of few channels keeps not even the normwise promise.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from scipy import fft

from conv_transpose_conformance.judging.expected import Expected

Array = Any
NAMES: Final = ("F(2, 3)", "Fourier")
_INPUT: Final = {
    2: [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    4: [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
}
_WEIGHT: Final = {
    2: [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    4: [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
}
_OUTPUT: Final = {
    2: [[1, 1, 1, 0], [0, 1, -1, -1]],
    4: [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
}


def winograd(x: Array, w: Array, tile: int) -> Array:
    """The correlation of ``x (C_in, H, H)`` with ``w (C_out, C_in, 3, 3)``, by tiles of ``tile`` outputs."""
    before, weight, after = (np.array(m[tile], np.float32) for m in (_INPUT, _WEIGHT, _OUTPUT))
    count, reach = (x.shape[-1] - 2) // tile, tile + 2
    windows = np.lib.stride_tricks.sliding_window_view(x, (reach, reach), (1, 2))[:, ::tile, ::tile]
    tiles, kernels = before @ windows @ before.T, weight @ w @ weight.T
    total = np.zeros((len(w), count, count, reach, reach), np.float32)
    for channel, one in enumerate(tiles):
        total += kernels[:, channel, None, None] * one
    found = after @ total @ after.T
    return found.transpose(0, 1, 3, 2, 4).reshape(len(w), count * tile, count * tile)


def fourier(x: Array, w: Array) -> Array:
    """The same correlation, by a Fourier transform."""
    size = (x.shape[-1], x.shape[-1])
    one, other = fft.rfft2(x, size), fft.rfft2(w[..., ::-1, ::-1], size)
    total = np.zeros((len(w), *one.shape[1:]), np.complex64)
    for channel, spectrum in enumerate(one):
        total += other[:, channel] * spectrum
    return fft.irfft2(total, size)[:, 2:, 2:]


def direct(x: Array, w: Array) -> tuple[Array, Array]:
    """The same correlation in float64, and that of the absolute values."""
    size = x.shape[-1] - 2
    values, scale = np.zeros((len(w), size, size)), np.zeros((len(w), size, size))
    for i, j, channel in np.ndindex(3, 3, len(x)):
        product = w[:, channel, i, j, None, None].astype(np.float64) * x[channel, i : i + size, j : j + size]
        values += product
        scale += np.abs(product)
    return values, scale


def honest(rng: np.random.Generator, size: int, name: str) -> list[tuple[Array, Expected]]:
    """An output of about ``size`` elements, with or without a bias, by the transform of a name."""
    channels, deep = (int(2 ** rng.uniform(0, 4)) for _ in range(2))
    side = max(4 * round((size / channels) ** 0.5 / 4), 4)
    x = (2 * rng.random((deep, side + 2, side + 2)) - 1).astype(np.float32)
    w = (2 * rng.random((channels, deep, 3, 3)) - 1).astype(np.float32)
    found = fourier(x, w) if name == "Fourier" else winograd(x, w, int(name[2]))
    values, scale = direct(x, w)
    bias = None
    if rng.integers(2):
        bias = (2 * rng.random((channels, 1, 1)) - 1).astype(np.float32)
        found, bias = found + bias, bias.astype(np.float64)
        values, scale = values + bias, scale + np.abs(bias)
    wanted = Expected(values, scale, np.array(9 * deep), bias, transformable=True)
    return [(found, wanted)]
