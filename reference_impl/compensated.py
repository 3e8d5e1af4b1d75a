"""Correctly rounded results: compensated sums with an error bound, else exact arithmetic.

Each compensated sum (about 106 bits) has a bound on its own error. If every value within that bound rounds to
the same float64, that is the result. The few other elements, with nearly complete cancellation, overflow or
underflow, are computed exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from conv_transpose_conformance.reference_impl import numpy_dot2
from conv_transpose_conformance.reference_impl.arguments import Array
from conv_transpose_conformance.reference_impl.geometry import Geometry
from conv_transpose_conformance.reference_impl.rounding import rounded_dot
from conv_transpose_conformance.reference_impl.threads import share

try:
    from conv_transpose_conformance.reference_impl import _compensated as kernels
except ImportError:  # built without a compiler
    kernels = None  # type: ignore[assignment]

__all__ = ["gradient_bias", "gradient_w", "gradient_x", "has_kernels", "output"]

WIDTH = 8


def has_kernels() -> bool:
    """Returns whether the compiled compensated sums exist."""
    return kernels is not None


def _padded(array: Array) -> Array:
    """Returns a contiguous copy whose last axis is padded with zeros to whole vectors."""
    width = array.shape[-1]
    filled = np.zeros((*array.shape[:-1], -(-width // WIDTH) * WIDTH))
    filled[..., :width] = array
    return filled


def _channels_last(array: Array, groups: int) -> Array:
    """Returns (N, C, *spatial) as (N, positions, groups, C / groups)."""
    batch, channels = array.shape[:2]
    split = array.reshape(batch, groups, channels // groups, int(np.prod(array.shape[2:], dtype=np.intp)))
    return np.ascontiguousarray(split.transpose(0, 3, 1, 2))


def _unseen(a: Array, b: Array, terms: int) -> float:
    """Returns a bound on what the two-products of one sum lose to underflow."""
    with np.errstate(all="ignore"):
        smallest = np.min(np.abs(a[a != 0]), initial=1.0) * np.min(np.abs(b[b != 0]), initial=1.0)
    return 0.0 if smallest >= 2.0**-900 else terms * 2.0**-1068


def _gather(
    a: Array, b: Array, start: Array, table: tuple[Array, Array], compiled: bool, threads: int | None
) -> Array:
    """Returns certified sums at every place of ``table``, (N, places, groups, channels); see gather_sums."""
    pairs, begins = table
    width, b, start = b.shape[-1], _padded(b), _padded(start)
    shape = (a.shape[0], len(begins) - 1, a.shape[2], b.shape[-1])
    values, certain = np.empty(shape), np.empty(shape, np.uint8)
    unseen = _unseen(a, b, int(np.diff(begins).max(initial=0)) * a.shape[3])
    if compiled:
        share(
            shape[0] * shape[1],
            len(pairs) * shape[0] * a.shape[3] * b.shape[-1] * shape[2],
            threads,
            lambda first, last: kernels.gather_sums(
                a, b, start, pairs, begins, unseen, values, certain, first, last
            ),
        )
    else:
        numpy_dot2.gather_sums(a, b, start, pairs, begins, unseen, values, certain)
    for n, o, g, v in np.argwhere(certain[..., :width] == 0).tolist():
        place, tap = pairs[begins[o] : begins[o + 1]].T
        values[n, o, g, v] = rounded_dot(a[n, place, g].ravel(), b[g, tap, :, v].ravel(), float(start[g, v]))
    return values[..., :width]


def _by_tap(a: Array, b: Array, table: tuple[Array, Array], compiled: bool, threads: int | None) -> Array:
    """Returns certified sums for every tap of ``table``, (groups, a's channels, taps, b's); see tap_sums."""
    pairs, begins = table
    width, b = b.shape[-1], _padded(b)
    shape = (a.shape[2], a.shape[3], len(begins) - 1, b.shape[-1])
    values, certain = np.empty(shape), np.empty(shape, np.uint8)
    unseen = _unseen(a, b, int(np.diff(begins).max(initial=0)) * a.shape[0])
    if compiled:
        share(
            shape[0] * shape[1],
            len(pairs) * a.shape[0] * shape[0] * shape[1] * shape[3],
            threads,
            lambda first, last: kernels.tap_sums(a, b, pairs, begins, unseen, values, certain, first, last),
        )
    else:
        numpy_dot2.tap_sums(a, b, pairs, begins, unseen, values, certain)
    for g, c, tap, v in np.argwhere(certain[..., :width] == 0).tolist():
        place, other = pairs[begins[tap] : begins[tap + 1]].T
        values[g, c, tap, v] = rounded_dot(a[:, place, g, c].ravel(), b[:, other, g, v].ravel())
    return values[..., :width]


def _weights(w: Array, groups: int, order: tuple[int, ...]) -> Array:
    """Returns w as (groups, C_in / groups, C_out / groups, taps) in another order."""
    split: Array = w.reshape(groups, w.shape[0] // groups, w.shape[1], int(np.prod(w.shape[2:])))
    return split.transpose(order)


def _spread(values: Array, spatial: tuple[int, ...]) -> Array:
    """Returns (N, positions, groups, channels) as (N, C, *spatial)."""
    return values.transpose(0, 2, 3, 1).reshape(values.shape[0], values.shape[2] * values.shape[3], *spatial)


def output(
    x: Array, w: Array, bias: Array | None, geometry: Geometry, compiled: bool, threads: int | None
) -> Array:
    """Returns the correctly rounded y (N, C_out, *output_size), all float64."""
    groups = geometry.groups
    start = np.zeros((groups, w.shape[1])) if bias is None else bias.reshape(groups, w.shape[1])
    b = _weights(w, groups, (0, 3, 1, 2))
    found = _gather(_channels_last(x, groups), b, start, geometry.pairs("output"), compiled, threads)
    return _spread(found, geometry.output_size)


def gradient_x(w: Array, grad: Array, geometry: Geometry, compiled: bool, threads: int | None) -> Array:
    """Returns the correctly rounded gradient of x (N, C_in, *input_size)."""
    groups = geometry.groups
    b = _weights(w, groups, (0, 3, 2, 1))
    start = np.zeros((groups, w.shape[0] // groups))
    found = _gather(_channels_last(grad, groups), b, start, geometry.pairs("input"), compiled, threads)
    return _spread(found, geometry.input_size)


def gradient_w(x: Array, grad: Array, geometry: Geometry, compiled: bool, threads: int | None) -> Array:
    """Returns the correctly rounded gradient of w (C_in, C_out / groups, *kernel_size)."""
    groups = geometry.groups
    a, b = _channels_last(x, groups), _channels_last(grad, groups)
    found = _by_tap(a, b, geometry.pairs("kernel"), compiled, threads).transpose(0, 1, 3, 2)
    return found.reshape(x.shape[1], b.shape[3], *geometry.kernel_size)


def gradient_bias(grad: Array, geometry: Geometry, compiled: bool, threads: int | None) -> Array:
    """Returns the correctly rounded gradient of bias (C_out,)."""
    b = _channels_last(grad, 1)
    places = b.shape[1]

    def table() -> tuple[Any, Any]:
        return np.stack([np.zeros(places, np.intp), np.arange(places)], axis=1), np.array(
            [0, places], np.intp
        )

    ones = np.ones((b.shape[0], 1, 1, 1))
    found = _by_tap(ones, b, geometry.remember("every output", table), compiled, threads)
    return found.reshape(grad.shape[1])
