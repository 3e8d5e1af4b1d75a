"""Exact int64 results.

If every partial sum stays below 2**53, the float64 kernels are exact and fast. Beyond, NumPy's 64-bit
integers do the work; a call whose result could overflow raises an error instead of wrapping around.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from conv_transpose_conformance.reference_impl.arguments import FLOAT, Array, Tensors
from conv_transpose_conformance.reference_impl.geometry import Geometry

__all__ = ["as_float", "exact_in_float", "magnitudes", "refuse_overflow"]


def magnitude(array: Array | None) -> int:
    """Returns the largest absolute value as a Python integer."""
    if array is None or not array.size:
        return 0
    return max(int(array.max()), -int(array.min()))


def as_float(t: Tensors) -> Tensors:
    """Returns the arguments in float64."""
    parts: list[Any] = [a if a is None else a.astype(np.float64) for a in (t.x, t.w, t.bias, t.grad)]
    return replace(t, x=parts[0], w=parts[1], bias=parts[2], grad=parts[3], dtype=FLOAT)


def magnitudes(t: Tensors) -> Tensors:
    """Returns the absolute values in float64, where the most negative integer has one."""
    real = as_float(t)
    parts: list[Any] = [a if a is None else np.abs(a) for a in (real.x, real.w, real.bias, real.grad)]
    return replace(t, x=parts[0], w=parts[1], bias=parts[2], grad=parts[3], dtype=FLOAT)


def _largest(counts: Array) -> int:
    return int(counts.max()) if counts.size else 0


def bounds(t: Tensors, geometry: Geometry) -> dict[str, int]:
    """Returns for every result an integer that no partial sum exceeds."""
    x, w = magnitude(t.x), magnitude(t.w)
    if t.grad is None:
        deep = t.x.shape[1] // geometry.groups
        return {"y": magnitude(t.bias) + x * w * deep * _largest(geometry.output_terms())}
    grad, batch = magnitude(t.grad), t.x.shape[0]
    return {
        "the gradient of x": w * grad * t.w.shape[1] * _largest(geometry.input_terms()),
        "the gradient of w": x * grad * batch * _largest(geometry.kernel_terms()),
        "the gradient of bias": grad * batch * prod(geometry.output_size),
    }


def exact_in_float(t: Tensors, geometry: Geometry) -> bool:
    """Returns whether float64 arithmetic is exact, including the inputs."""
    inputs = (t.x, t.w, t.bias, t.grad)
    return max(*bounds(t, geometry).values(), *map(magnitude, inputs)) <= 2**53


def refuse_overflow(t: Tensors, geometry: Geometry, scales: Callable[[], dict[str, Array]]) -> None:
    """Checks that no result can overflow 64 bits.

    Args:
        t: the arguments.
        geometry: their geometry.
        scales: returns per result the sums of absolute values in float64; called only if the quick bound does
            not suffice.

    Raises:
        ValueError: if a sum of absolute values reaches 2**63.
    """
    if max(bounds(t, geometry).values()) < 2**63:
        return
    for name, scale in scales().items():
        largest = float(np.max(scale, initial=0.0)) * (1 + 1e-6)
        if largest >= 2.0**63:
            raise ValueError(
                f"{name} sums int64 products to as much as {largest:.3g} in absolute values, at least "
                "2**63: it could overflow; scale the integers down"
            )
