"""The compiled path: which kernel, how many units, on which threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import count

import numpy as np
from numpy.typing import NDArray

from reference_impl import _kernels
from reference_impl.arguments import Array
from reference_impl.geometry import Geometry

__all__ = ["backward", "fits", "forward"]

# Multiply-adds below which a second thread costs more than it saves (measured: handing over takes about 30 us).
WORTH_A_THREAD = 1 << 20
# Input times output channels of a group up to which packing for the tiled product does not pay.
DIRECT = 3


def fits(geometry: Geometry) -> bool:
    """Whether the kernels know this geometry: one or two spatial dimensions."""
    return geometry.ndim <= 2


def plan(geometry: Geometry) -> NDArray[np.intp]:
    """The geometry as the kernels read it: two dimensions, one dimension being a single row."""
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


@lru_cache(maxsize=4)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="reference")


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shared(units: int, work: int, threads: int | None, run: Callable[[int, int], object]) -> None:
    """Run ``run(first, last)`` over all units, in a few ranges per thread."""
    if threads is None:
        threads = _processors() if work >= WORTH_A_THREAD else 1
    if threads == 1 or units < 2:
        run(0, units)
        return
    ranges = min(units, 2 * threads)
    turns = count()

    def take_turns() -> None:
        for turn in turns:
            if turn >= ranges:
                return
            run(units * turn // ranges, units * (turn + 1) // ranges)

    pool = _pool(threads, os.getpid())
    others = [pool.submit(take_turns) for _ in range(min(threads, ranges) - 1)]
    take_turns()
    for other in others:
        other.result()


def _parts(independent: int, most: int, work: int, threads: int | None) -> int:
    """In how many parts to cut each of ``independent`` pieces of work so that every thread gets two."""
    if work < WORTH_A_THREAD and threads is None:
        return 1
    wanted = 2 * (threads or _processors())
    return max(1, min(most, -(-wanted // max(1, independent))))


def _work(x: Array, w: Array) -> int:
    return int(x.size * w.size // w.shape[0])


def _flat(array: Array) -> Array:
    return np.ascontiguousarray(array).reshape(-1)


def forward(
    x: Array, w: Array, bias: Array | None, geometry: Geometry, threads: int | None, out: Array
) -> None:
    """Fill ``out`` (N, C_out, *output_size); x (N, C_in, *input_size) and out may be strided."""
    if not x.size or not w.size or not out.size:
        out[...] = 0 if bias is None else bias.reshape(-1, *(1,) * geometry.ndim)
        return
    groups, numbers, work = geometry.groups, plan(geometry), _work(x, w)
    deep, wide = w.shape[0] // groups, w.shape[1]
    weights = _flat(w)
    shift = None if bias is None else _flat(bias)
    if deep * wide <= DIRECT:
        units = x.shape[0] * out.shape[1]
        _shared(
            units,
            work,
            threads,
            lambda a, b: _kernels.forward(x, weights, shift, out, numbers, True, 1, a, b),
        )
        return
    split = _parts(x.shape[0] * groups, wide, work, threads)
    units = x.shape[0] * groups * split
    _shared(
        units,
        work,
        threads,
        lambda a, b: _kernels.forward(x, weights, shift, out, numbers, False, split, a, b),
    )


def _whole(geometry: Geometry) -> bool:
    """Whether every input position meets every tap, so that nothing is ever filled in."""
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


def backward(
    x: Array, w: Array, grad: Array, geometry: Geometry, threads: int | None, grad_x: Array, grad_w: Array
) -> None:
    """Fill ``grad_x`` and ``grad_w``; every array but w and grad_w may be strided."""
    if not x.size or not w.size or not grad.size:
        grad_x[...] = 0
        grad_w[...] = 0
        return
    groups, numbers, work = geometry.groups, plan(geometry), _work(x, w)
    deep, wide, batch = w.shape[0] // groups, w.shape[1], x.shape[0]
    weights, sums = _flat(w), grad_w.reshape(-1)
    few = deep * wide <= DIRECT
    whole = few or _whole(geometry)
    # A filled-in zero must not meet an infinity: those go where only existing pairs are visited.
    if few or not (whole or np.isfinite(weights).all()):
        _shared(
            batch * x.shape[1],
            work,
            threads,
            lambda a, b: _kernels.gradient_x(grad_x, weights, grad, numbers, True, 1, a, b),
        )
    else:
        positions = x[0, 0].size
        split = _parts(batch * groups, max(1, positions // 48), work, threads)
        _shared(
            batch * groups * split,
            work,
            threads,
            lambda a, b: _kernels.gradient_x(grad_x, weights, grad, numbers, False, split, a, b),
        )
    if few or not (whole or _kernels.all_finite(x, numbers)):
        _shared(
            x.shape[1],
            work,
            threads,
            lambda a, b: _kernels.gradient_w(x, sums, grad, numbers, True, 1, a, b),
        )
    else:
        split = _parts(groups, wide, work, threads)
        _shared(
            groups * split,
            work,
            threads,
            lambda a, b: _kernels.gradient_w(x, sums, grad, numbers, False, split, a, b),
        )
