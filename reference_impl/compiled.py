"""The compiled path: chooses kernels, units of work and threads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.reference_impl import _kernels
from conv_transpose_conformance.reference_impl.arguments import Array
from conv_transpose_conformance.reference_impl.geometry import Geometry
from conv_transpose_conformance.reference_impl.threads import WORTH_A_THREAD, processors, share

__all__ = ["fits", "gradient_bias", "gradient_w", "gradient_x", "output"]

# up to this product of a group's input and output channels, packing for the tiled product does not pay
DIRECT = 3
# below this number of positions a tile is too narrow to pay for packing the weights
WIDE_ENOUGH = 240


def fits(geometry: Geometry) -> bool:
    """Returns whether the kernels support this geometry: one or two spatial dimensions."""
    return geometry.ndim <= 2


def plan(geometry: Geometry) -> NDArray[np.intp]:
    """Returns the geometry for the kernels, in two dimensions; one dimension becomes a single row."""
    found: NDArray[np.intp] | None = geometry._memory.get("plan")
    if found is None:
        one = geometry.ndim == 1
        numbers: list[int] = []
        for name, alone in (
            ("input_size", 1),
            ("kernel_size", 1),
            ("stride", 1),
            ("dilation", 1),
            ("crop_before", 0),
            ("output_size", 1),
        ):
            values = getattr(geometry, name)
            numbers += [alone, *values] if one else values
        numbers.append(geometry.groups)
        ranges = [geometry.tap_ranges(at) for at in range(geometry.ndim)]
        for pairs in [((0, 1),), *ranges] if one else ranges:
            numbers += [number for pair in pairs for number in pair]
        found = np.array(numbers, np.intp)
        geometry._memory["plan"] = found
    return found


def _parts(independent: int, most: int, work: int, threads: int | None) -> int:
    """Returns the number of parts per independent piece of work that gives every thread two parts."""
    if work < WORTH_A_THREAD and threads is None:
        return 1
    wanted = 2 * (threads or processors())
    return max(1, min(most, -(-wanted // max(1, independent))))


def _work(x: Array, w: Array) -> int:
    return int(x.size * w.size // w.shape[0])


def _apart(array: Array, work: int) -> bool:
    """Returns whether channels are adjacent and there is enough work to pay for bringing positions together.

    By measurement, in place is faster up to some hundred thousand multiply-adds; beyond, copying is faster by
    up to a third.
    """
    return work >= WORTH_A_THREAD and array.strides[1] == 8 and array.strides[-1] != 8


def _together(array: Array, work: int) -> Array:
    return np.ascontiguousarray(array) if _apart(array, work) else array


def output(
    x: Array, w: Array, bias: Array | None, geometry: Geometry, threads: int | None, out: Array
) -> None:
    """Fills ``out`` (N, C_out, *output_size); x (N, C_in, *input_size) and out may be strided."""
    if not x.size or not w.size or not out.size:
        out[...] = 0 if bias is None else bias.reshape(-1, *(1,) * geometry.ndim)
        return
    groups, numbers, work = geometry.groups, plan(geometry), _work(x, w)
    deep, wide = w.shape[0] // groups, w.shape[1]
    if _apart(out, work):
        made = np.empty(out.shape)
        output(x, w, bias, geometry, threads, made)
        out[...] = made
        return
    x = _together(x, work)
    weights = np.ascontiguousarray(w)
    shift = None if bias is None else np.ascontiguousarray(bias)
    direct = deep * wide <= DIRECT
    # padding adds zeros, which would change the sign of a negative zero where only the bias arrives
    finite = direct and _kernels.all_finite(weights)
    finite = finite and (shift is None or not np.any((shift == 0) & np.signbit(shift)))
    split = 1 if direct else _parts(x.shape[0] * groups, wide, work, threads)
    share(
        x.shape[0] * out.shape[1] if direct else x.shape[0] * groups * split,
        work,
        threads,
        lambda a, b: _kernels.forward(x, weights, shift, out, numbers, direct, finite, split, a, b),
    )


def _whole(geometry: Geometry) -> bool:
    """Returns whether every input position meets every tap, so that no zero is ever filled in."""
    return bool(
        geometry.remember(
            "whole",
            lambda: all(
                pair == (0, size)
                for at, size in enumerate(geometry.input_size)
                for pair in geometry.tap_ranges(at)
            ),
        )
    )


def _fill(run: Callable[[bool], None], factor: Array, result: Array, zeros: bool) -> None:
    """Fills a gradient without letting a filled-in zero meet an infinity, which would make NaN.

    Args:
        run: fills ``result``; visits existing pairs only, unless its argument says that all numbers are
            finite.
        factor: the array that filled-in zeros are multiplied by.
        result: the gradient, to which every number of ``factor`` contributes.
        zeros: whether any zeros are filled in.
    """
    if not zeros or factor.size <= result.size:
        run(not zeros or _kernels.all_finite(factor))
        return
    # the larger array need not be read: with an infinity or a NaN in it the result would not be finite
    run(True)
    if not _kernels.all_finite(result) and not _kernels.all_finite(factor):
        run(False)


def gradient_x(w: Array, grad: Array, geometry: Geometry, threads: int | None, grad_x: Array) -> None:
    """Fills ``grad_x`` (N, C_in, *input_size) from w and grad (N, C_out, *output_size)."""
    if not grad_x.size or not w.size or not grad.size:
        grad_x[...] = 0
        return
    groups, numbers, work = geometry.groups, plan(geometry), _work(grad_x, w)
    deep, wide, batch = w.shape[0] // groups, w.shape[1], grad_x.shape[0]
    if _apart(grad_x, work):
        made = np.empty(grad_x.shape)
        gradient_x(w, grad, geometry, threads, made)
        grad_x[...] = made
        return
    grad = _together(grad, work)
    weights = np.ascontiguousarray(w)
    few = deep * wide <= DIRECT
    split = _parts(batch * groups, max(1, grad_x[0, 0].size // WIDE_ENOUGH), work, threads)
    channel_split = _parts(batch * groups * split, max(1, deep // 32), work, threads)

    def run(finite: bool) -> None:
        direct = few or not finite
        share(
            batch * grad_x.shape[1] if direct else batch * groups * split * channel_split,
            work,
            threads,
            lambda a, b: _kernels.gradient_x(
                grad_x, weights, grad, numbers, direct, finite, split, channel_split, a, b
            ),
        )

    _fill(run, weights, grad_x, few or not _whole(geometry))


def gradient_w(x: Array, grad: Array, geometry: Geometry, threads: int | None, grad_w: Array) -> None:
    """Fills ``grad_w`` (C_in, C_out / groups, *kernel_size), contiguous; x and grad may be strided."""
    if not x.size or not grad_w.size or not grad.size:
        grad_w[...] = 0
        return
    groups, numbers, work = geometry.groups, plan(geometry), _work(x, grad_w)
    x, grad = _together(x, work), _together(grad, work)
    wide = grad_w.shape[1]
    few = x.shape[1] // groups * wide <= DIRECT
    split = _parts(groups, wide, work, threads)

    def run(finite: bool) -> None:
        direct = few or not finite
        share(
            x.shape[1] if direct else groups * split,
            work,
            threads,
            lambda a, b: _kernels.gradient_w(x, grad_w, grad, numbers, direct, finite, split, a, b),
        )

    _fill(run, x, grad_w, few or not _whole(geometry))


def gradient_bias(grad: Array, threads: int | None) -> Array:
    """Returns the gradient of bias (C_out,) from grad (N, C_out, *output_size)."""
    out = np.empty(grad.shape[1])
    grad = _together(grad, grad.size)
    share(grad.shape[1], grad.size, threads, lambda a, b: _kernels.sums(grad, out, a, b))
    return out
