"""The definition, written as loops over every pair, in exact arithmetic. Slow and beyond doubt."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from conv_transpose_conformance.reference_impl import Geometry

Terms = dict[tuple[int, ...], list[tuple[Any, Any]]]


def pairs(geometry: Geometry) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """Every (input position, tap, output position) that exists."""
    for i in np.ndindex(*geometry.input_size):
        for k in np.ndindex(*geometry.kernel_size):
            o = tuple(
                at * s - c + tap * d
                for at, s, c, tap, d in zip(
                    i, geometry.stride, geometry.crop_before, k, geometry.dilation, strict=True
                )
            )
            if all(0 <= at < size for at, size in zip(o, geometry.output_size, strict=True)):
                yield i, k, o


def terms(x, w, bias, grad, geometry: Geometry) -> dict[str, Terms]:
    """For y and each gradient: the factors of every product of every element. Batched, channels first."""
    groups = geometry.groups
    deep, wide = x.shape[1] // groups, w.shape[1]
    found: dict[str, Terms] = {"y": {}, "x": {}, "w": {}, "bias": {}}
    for at in np.ndindex(x.shape[0], groups * wide, *geometry.output_size):
        found["y"][at] = [] if bias is None else [(bias[at[1]], 1)]
        found["bias"].setdefault((at[1],), []).append((grad[at], 1))
    for at in np.ndindex(*x.shape):
        found["x"][at] = []
    for at in np.ndindex(*w.shape):
        found["w"][at] = []
    for i, k, o in pairs(geometry):
        for n, g, ci, co in product(range(x.shape[0]), range(groups), range(deep), range(wide)):
            a, b, c = (n, g * deep + ci, *i), (g * deep + ci, co, *k), (n, g * wide + co, *o)
            found["y"][c].append((x[a], w[b]))
            found["x"][a].append((w[b], grad[c]))
            found["w"][b].append((x[a], grad[c]))
    for co in range(groups * wide):
        found["bias"].setdefault((co,), [])
    return found


def exact(value: Any) -> Fraction:
    return Fraction(int(value)) if isinstance(value, int | np.integer) else Fraction(float(value))


def summed(parts: list[tuple[Any, Any]]) -> Fraction:
    return sum((exact(a) * exact(b) for a, b in parts), Fraction(0))


def shapes(x, w, geometry: Geometry) -> dict[str, tuple[int, ...]]:
    channels = w.shape[1] * geometry.groups
    return {
        "y": (x.shape[0], channels, *geometry.output_size),
        "x": x.shape,
        "w": w.shape,
        "bias": (channels,),
    }


def evaluate(x, w, bias, grad, geometry: Geometry) -> dict[str, np.ndarray]:
    """The results as object arrays of Fractions."""
    found = terms(x, w, bias, grad, geometry)
    results = {}
    for name, shape in shapes(x, w, geometry).items():
        results[name] = np.empty(shape, object)
        for at in np.ndindex(*shape):
            results[name][at] = summed(found[name][at])
    return results


def nearest(value: Fraction) -> float:
    """The float64 nearest to an exact value; infinite beyond the largest."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
