"""Small geometries and the data that goes with them, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from conv_transpose_conformance.reference_impl import Geometry


@dataclass(frozen=True)
class Problem:
    geometry: Geometry
    x: np.ndarray
    w: np.ndarray
    bias: np.ndarray | None
    grad: np.ndarray


def draw_geometry(rng: np.random.Generator, ndim: int | None = None) -> Geometry:
    """A small geometry; about a tenth have something empty, a fifth reach beyond the kernel."""
    ndim = int(rng.integers(1, 3)) if ndim is None else ndim
    largest = {1: 9, 2: 5, 3: 3}[ndim]
    size = rng.integers(1, largest, ndim)
    if rng.random() < 0.05:
        size[int(rng.integers(ndim))] = 0
    taps = rng.integers(1, 5 if ndim < 3 else 3, ndim)
    stride, dilation = rng.integers(1, 5, ndim), rng.integers(1, 4, ndim)
    crop = rng.integers(-2, 5, ndim)
    reach = (size - 1) * stride + dilation * (taps - 1) + 1
    out = np.maximum(0, reach - crop - rng.integers(-2, 5, ndim))
    return Geometry(
        tuple(size.tolist()), tuple(taps.tolist()), tuple(stride.tolist()), tuple(dilation.tolist()),
        tuple(crop.tolist()), tuple(out.tolist()), int(rng.choice([1, 1, 2, 3])),
    )  # fmt: skip


def shapes_for(rng: np.random.Generator, geometry: Geometry) -> tuple[tuple[int, ...], ...]:
    batch, deep, wide = int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    if rng.random() < 0.03:
        batch = 0
    g = geometry.groups
    return (
        (batch, deep * g, *geometry.input_size),
        (deep * g, wide, *geometry.kernel_size),
        (wide * g,),
        (batch, wide * g, *geometry.output_size),
    )


def integers(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(-9, 10, shape).astype(np.float64)


def ordinary(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape)


def wide(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape) * 2.0 ** rng.integers(-250, 250, shape)


def extreme(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Down to where products vanish below the smallest number and up to where they overflow."""
    return rng.standard_normal(shape) * 2.0 ** rng.integers(-1060, 1000, shape).astype(float)


def cancelling(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A few magnitudes of both signs, so that sums cancel to nothing or to the last digits."""
    values = np.array([1.0, 1 + 2.0**-52, 2.0**60, 2.0**-60, 1 / 3, 0.1])
    return values[rng.integers(0, len(values), shape)] * rng.choice([-1.0, 1.0], shape)


def single(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float32)


FILLS = {
    "ordinary": ordinary,
    "wide": wide,
    "extreme": extreme,
    "cancelling": cancelling,
    "float32": single,
}


def draw_problem(seed: int, ndim: int | None = None, fill=integers) -> Problem:
    rng = np.random.default_rng(seed)
    geometry = draw_geometry(rng, ndim)
    x, w, bias, grad = (fill(rng, shape) for shape in shapes_for(rng, geometry))
    return Problem(geometry, x, w, bias if rng.random() < 0.7 else None, grad)


def problems(ndim: int | None = None, fill=integers) -> st.SearchStrategy[Problem]:
    return st.integers(0, 2**32 - 1).map(lambda seed: draw_problem(seed, ndim, fill))
