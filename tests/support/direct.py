"""Transposed convolution and its gradients, straight from the definition, in any dtype and order.

Shares nothing with the reference: every product is added one at a time, rounded to ``dtype`` after each
operation, in the order that ``order`` gives.  It imports NumPy alone, so that fake workers start quickly.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np

Array = Any


def output_size(case: dict[str, Any]) -> list[int]:
    """The documented formula."""
    if case["output_size"] is not None:
        return list(case["output_size"])
    return [
        (i - 1) * s - sum(p) + d * (k - 1) + 1 + op
        for i, s, p, d, k, op in zip(
            case["input_size"],
            case["stride"],
            case["padding"],
            case["dilation"],
            case["kernel_size"],
            case["output_padding"],
            strict=True,
        )
    ]


def connections(case: dict[str, Any], order: int | None = None) -> list[tuple[Any, Any, Any]]:
    """The (input position, tap, output position) triples; ``order`` shuffles them."""
    sizes, found = output_size(case), []
    for i in itertools.product(*map(range, case["input_size"])):
        for k in itertools.product(*map(range, case["kernel_size"])):
            o = tuple(
                a * s - p[0] + b * d
                for a, s, p, b, d in zip(i, case["stride"], case["padding"], k, case["dilation"], strict=True)
            )
            if all(0 <= at < size for at, size in zip(o, sizes, strict=True)):
                found.append((i, k, o))
    if order is not None:
        random.Random(order).shuffle(found)
    return found


def forward(case: dict[str, Any], arrays: dict[str, Array], dtype: Any, order: int | None = None) -> Array:
    """``values``, accumulated in ``dtype``."""
    x, w, b = (None if arrays.get(n) is None else arrays[n].astype(dtype) for n in "xwb")
    x = x if case["batch"] is not None else x[None]
    groups, per_in, per_out = case["groups"], x.shape[1] // case["groups"], w.shape[1]
    y = np.zeros((x.shape[0], groups * per_out, *output_size(case)), dtype)
    for i, k, o in connections(case, order):
        for g, ci in itertools.product(range(groups), range(per_in)):
            channel = g * per_in + ci
            wide = slice(g * per_out, (g + 1) * per_out)
            product = (x[(slice(None), channel, *i)][:, None] * w[(channel, slice(None), *k)]).astype(dtype)
            y[(slice(None), wide, *o)] = (y[(slice(None), wide, *o)] + product).astype(dtype)
    if b is not None:
        y = (y + b.reshape(-1, *[1] * len(case["input_size"]))).astype(dtype)
    return y if case["batch"] is not None else y[0]


def backward(
    case: dict[str, Any], arrays: dict[str, Array], dtype: Any, order: int | None = None
) -> dict[str, Array]:
    """``grad_input``, ``grad_weight`` and, with a bias, ``grad_bias``."""
    x, w, gy = (arrays[n].astype(dtype) for n in "xwg")
    if case["batch"] is None:
        x, gy = x[None], gy[None]
    groups, per_in, per_out = case["groups"], x.shape[1] // case["groups"], w.shape[1]
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    for i, k, o in connections(case, order):
        for g, ci, co in itertools.product(range(groups), range(per_in), range(per_out)):
            channel = g * per_in + ci
            reached = gy[(slice(None), g * per_out + co, *o)]
            at = (slice(None), channel, *i)
            gx[at] = (gx[at] + (reached * w[(channel, co, *k)]).astype(dtype)).astype(dtype)
            for n in range(x.shape[0]):
                gw[(channel, co, *k)] += dtype(x[(n, channel, *i)] * reached[n])
    out = {"grad_input": gx if case["batch"] is not None else gx[0], "grad_weight": gw}
    if arrays.get("b") is not None:
        total = np.zeros(gy.shape[1], dtype)
        for n, *o in itertools.product(range(gy.shape[0]), *map(range, gy.shape[2:])):
            total = (total + gy[(n, slice(None), *o)]).astype(dtype)
        out["grad_bias"] = total
    return out
