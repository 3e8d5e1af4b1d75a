"""The complete NumPy path: tiled GEMM with scatter (forward) and gather (both gradients).

A tile is a range of batch entries and of rows of the first spatial dimension. It is so small that its
columns, one value per (output channel, tap, input position), stay in cache. docs/reference.md has a picture.

If an input contains a NaN or an infinity, the tap-by-tap path runs instead. It visits only existing pairs, so
that no infinity meets a filled-in zero, and its loops skip nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from conv_transpose_conformance.reference_impl.arguments import Array
from conv_transpose_conformance.reference_impl.geometry import Geometry

__all__ = ["backward", "forward"]

# elements of one tile's columns: 2 MB of float64, about one core's share of cache
TILE = 1 << 18

Tap = tuple[tuple[int, ...], tuple[slice, ...], tuple[slice, ...]]


def _tap_slices(geometry: Geometry, rows: tuple[int, int] | None = None) -> list[Tap]:
    """Returns (tap, slices of the input, slices of the output) for taps that land in the output.

    With ``rows`` the first spatial dimension of the input is that range, counted from its start.
    """
    per_dimension: list[list[tuple[int, slice, slice]]] = []
    for at in range(geometry.ndim):
        step, spread, crop = geometry.stride[at], geometry.dilation[at], geometry.crop_before[at]
        found = []
        for k, (low, high) in enumerate(geometry.tap_ranges(at)):
            start = 0
            if rows is not None and at == 0:
                start = rows[0]
                low, high = max(low, rows[0]), min(high, rows[1])
            if low < high:
                first = low * step - crop + k * spread
                there = slice(first, first + (high - low - 1) * step + 1, step)
                found.append((k, slice(low - start, high - start), there))
        per_dimension.append(found)
    return [
        (tuple([p[0] for p in parts]), tuple([p[1] for p in parts]), tuple([p[2] for p in parts]))
        for parts in product(*per_dimension)
    ]


def _tiles(
    geometry: Geometry, batch: int, columns: int
) -> Iterator[tuple[slice, tuple[int, int], list[Tap]]]:
    """Yields batch range, row range and tap slices per tile; ``columns`` is the columns per batch entry."""
    rows = geometry.input_size[0]
    if batch == 0 or rows == 0 or columns == 0:
        return
    count = max(1, TILE // columns)
    if count > 1 or columns <= TILE:
        taps = geometry.remember("numpy taps", lambda: _tap_slices(geometry))
        for start in range(0, batch, count):
            yield slice(start, min(batch, start + count)), (0, rows), taps
        return
    height = max(1, TILE * rows // columns)
    for low in range(0, rows, height):
        high = min(rows, low + height)
        taps = _tap_slices(geometry, (low, high))
        for n in range(batch):
            yield slice(n, n + 1), (low, high), taps


def _grouped(x: Array, groups: int) -> Array:
    return x.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])


def _all_finite(*arrays: Array) -> bool:
    return all(a.dtype.kind == "i" or bool(np.isfinite(a).all()) for a in arrays)


def forward(x: Array, w: Array, bias: Array | None, geometry: Geometry, out: Array) -> None:
    """Fills ``out`` (N, C_out, *output_size) with the operator of x (N, C_in, *input_size) and w."""
    if bias is None:
        out[...] = 0
    else:
        out[...] = bias.reshape(-1, *(1,) * geometry.ndim)
    groups, depth = geometry.groups, x.shape[1] // geometry.groups
    if not x.size or not w.size or not out.size:
        return
    if not _all_finite(x, w):
        _forward_by_taps(x, w, geometry, out)
        return
    kernel, wide = geometry.kernel_size, w.shape[1] * geometry.taps
    matrix = w.reshape(groups, depth, wide).swapaxes(1, 2)  # (groups, C_out/g * taps, C_in/g)
    grouped, target = _grouped(x, groups), _split(out, groups)
    per_entry = groups * wide * x[0, 0].size
    for entries, (low, high), taps in _tiles(geometry, x.shape[0], per_entry):
        part = grouped[entries, :, :, low:high]
        spatial = part.shape[3:]
        flat = part.reshape(part.shape[0], groups, depth, -1)
        columns = matrix * flat if depth == 1 else matrix @ flat
        columns = columns.reshape(part.shape[0], groups, w.shape[1], *kernel, *spatial)
        for tap, here, there in taps:
            target[(entries, slice(None), slice(None), *there)] += columns[(slice(None),) * 3 + tap + here]


def _split(out: Array, groups: int) -> Array:
    """Returns a view with the channel dimension split in (groups, channels per group), never a copy."""
    parts = (out.shape[0], groups, out.shape[1] // groups, *out.shape[2:])
    strides = (out.strides[0], out.strides[1] * parts[2], *out.strides[1:])
    return np.lib.stride_tricks.as_strided(out, parts, strides)


def backward(x: Array, w: Array, grad: Array, geometry: Geometry, grad_x: Array, grad_w: Array) -> None:
    """Fills ``grad_x`` and ``grad_w`` (shapes of x and w) from ``grad`` (N, C_out, *output_size)."""
    grad_x[...] = 0
    grad_w[...] = 0
    groups, depth, channels = geometry.groups, x.shape[1] // geometry.groups, w.shape[1]
    if not x.size or not w.size or not grad.size:
        return
    if not _all_finite(x, w, grad):
        _backward_by_taps(x, w, grad, geometry, grad_x, grad_w)
        return
    kernel, wide = geometry.kernel_size, channels * geometry.taps
    matrix = w.reshape(groups, depth, wide)
    weights = np.zeros((groups, depth, wide), w.dtype)
    grouped, source, target = _grouped(x, groups), _grouped(grad, groups), _split(grad_x, groups)
    per_entry = groups * wide * x[0, 0].size
    everything = all(
        pair == (0, size) for at, size in enumerate(geometry.input_size) for pair in geometry.tap_ranges(at)
    )
    for entries, (low, high), taps in _tiles(geometry, x.shape[0], per_entry):
        part = grouped[entries, :, :, low:high]
        count, spatial = part.shape[0], part.shape[3:]
        make = np.empty if everything else np.zeros
        columns = make((count, groups, channels, *kernel, *spatial), grad.dtype)
        for tap, here, there in taps:
            columns[(slice(None),) * 3 + tap + here] = source[(entries, slice(None), slice(None), *there)]
        columns = columns.reshape(count, groups, wide, -1)
        flat = part.reshape(count, groups, depth, -1)
        target[entries, :, :, low:high] = (matrix @ columns).reshape(part.shape)
        weights += (flat @ columns.swapaxes(2, 3)).sum(axis=0)
    grad_w[...] = weights.reshape(grad_w.shape)


def _sum_products(expression: str, *operands: Array) -> Array:
    result: Any = np.einsum(expression, *operands, optimize=False)
    return np.asarray(result)


def _forward_by_taps(x: Array, w: Array, geometry: Geometry, out: Array) -> None:
    groups = geometry.groups
    grouped, target = _grouped(x, groups), _split(out, groups)
    weights = w.reshape(groups, -1, *w.shape[1:])
    with np.errstate(invalid="ignore", over="ignore"):
        for tap, here, there in _tap_slices(geometry):
            part = grouped[(slice(None),) * 3 + here]
            value = _sum_products("ngi...,gio->ngo...", part, weights[(slice(None),) * 3 + tap])
            target[(slice(None),) * 3 + there] += value


def _backward_by_taps(
    x: Array, w: Array, grad: Array, geometry: Geometry, grad_x: Array, grad_w: Array
) -> None:
    groups = geometry.groups
    grouped, source, target = _grouped(x, groups), _grouped(grad, groups), _split(grad_x, groups)
    weights = w.reshape(groups, -1, *w.shape[1:])
    sums = grad_w.reshape(weights.shape)
    with np.errstate(invalid="ignore", over="ignore"):
        for tap, here, there in _tap_slices(geometry):
            one = (slice(None),) * 3 + tap
            seen = source[(slice(None),) * 3 + there]
            target[(slice(None),) * 3 + here] += _sum_products("ngo...,gio->ngi...", seen, weights[one])
            part = grouped[(slice(None),) * 3 + here]
            n, g, i = part.shape[:3]
            sums[one] = _sum_products(
                "ngip,ngop->gio", part.reshape(n, g, i, -1), seen.reshape(n, g, seen.shape[2], -1)
            )
